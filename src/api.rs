//! What programs call: the gate's own three ways to be asked, what a token tells of itself,
//! the Admin API and the User API.

mod admin;
mod docs;
mod document;
pub mod forward;
mod health;
mod introspect;
mod kit;
mod problem;
mod token;
mod user;
mod verify;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};

use crate::catalogue::Scope;
use crate::gate::Endpoint;
use crate::web::body;
use crate::web::request_id::Counted;

pub use document::json as document;
pub use health::Troubles;
pub use kit::sweep;

/// Things of the organisation's in JSON, for others who tell of them as the Admin API does.
pub mod shapes {
    pub use super::admin::audit::AuditEvent;
    pub use super::admin::groups::Group;
    pub use super::admin::invitations::Invitation;
    pub use super::admin::mcp_tokens::MembersMcpToken;
    pub use super::admin::members::{Departed, Member};
    pub use super::admin::products::Product;
    pub use super::admin::resources::shapes::Resource;
    pub use super::admin::responsible::{HandedOver, ResponsiblePerson};
    pub use super::admin::servers::McpServer;
    pub use super::admin::tokens::described;
    pub use super::admin::tokens::shapes::Token;
    pub use super::kit::Receipt;
}

/// The gate's own.
pub fn gate_routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/api/v1/token")
                .app_data(Counted)
                .app_data(Data::new(Endpoint {
                    name: "GET /api/v1/token",
                    scope: None,
                }))
                .route(web::get().to(token::show))
                .default_service(web::to(document::not_allowed)),
        )
        .service(
            web::resource("/api/v1/verify")
                .wrap(from_fn(body::uncompressed))
                .app_data(Counted)
                .app_data(asks_about_others("POST /api/v1/verify"))
                .app_data(web::PayloadConfig::new(verify::LARGEST))
                .route(web::post().to(verify::verify))
                .default_service(web::to(document::not_allowed)),
        )
        .service(
            web::resource("/oauth/introspect")
                .wrap(from_fn(body::uncompressed))
                .app_data(Counted)
                .app_data(asks_about_others("POST /oauth/introspect"))
                .route(web::post().to(introspect::introspect))
                .default_service(web::to(document::not_allowed)),
        )
        .service(
            web::resource("/auth/forward")
                .app_data(Counted)
                .to(forward::by_headers),
        )
        .service(
            web::resource("/auth/forward-with/{options}/{path:.*}")
                .app_data(Counted)
                .to(forward::by_path_with),
        )
        .service(
            web::resource("/auth/forward/{path:.*}")
                .app_data(Counted)
                .to(forward::by_path),
        );
}

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(document::routes)
        .configure(docs::routes)
        .configure(user::routes)
        // Last: all else below /api/v1 is its.
        .configure(admin::routes);
}

/// For those who watch over the server.
pub fn watch_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/healthz").route(web::get().to(health::alive)))
        .service(web::resource("/readyz").route(web::get().to(health::ready)))
        .service(web::resource("/metrics").route(web::get().to(health::metrics)));
}

fn asks_about_others(name: &'static str) -> Data<Endpoint> {
    Data::new(Endpoint {
        name,
        scope: Some(Scope::TokensVerify),
    })
}
