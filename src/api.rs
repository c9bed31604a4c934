//! What programs call: the gate's own three ways to be asked, what a token tells of itself, and
//! the Admin API.

mod admin;
mod document;
mod forward;
mod health;
mod introspect;
mod kit;
mod token;
mod verify;

use actix_web::web::{self, Data};

use crate::catalogue::Scope;
use crate::gate::Operation;

pub use health::Troubles;
pub use kit::sweep;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(document::routes)
        .service(
            web::resource("/api/v1/token")
                .app_data(Data::new(Operation("GET /api/v1/token", None)))
                .route(web::get().to(token::show)),
        )
        .service(
            web::resource("/api/v1/verify")
                .app_data(asks_about_others("POST /api/v1/verify"))
                .route(web::post().to(verify::verify)),
        )
        .service(
            web::resource("/oauth/introspect")
                .app_data(asks_about_others("POST /oauth/introspect"))
                .route(web::post().to(introspect::introspect)),
        )
        .service(web::resource("/auth/forward").to(forward::by_headers))
        .service(web::resource("/auth/forward-with/{options}/{path:.*}").to(forward::by_path_with))
        .service(web::resource("/auth/forward/{path:.*}").to(forward::by_path))
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

fn asks_about_others(name: &'static str) -> Data<Operation> {
    Data::new(Operation(name, Some(Scope::TokensVerify)))
}
