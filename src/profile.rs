//! The profile: who one is, one's sessions, and the MCP tokens that connect AI assistants to
//! one's account. Also what administrators see of everybody's MCP tokens, and the organisation's
//! MCP servers, for which snippets are shown too. What tokens are and how they change is
//! `tokens`' to say.

pub mod draft;
mod handlers;
mod pages;
pub mod servers;
pub mod snippets;

use actix_web::web;

use crate::access::Viewer;
use crate::tokens::handlers::{overlap_end, rotation, transition};

pub fn routes(config: &mut web::ServiceConfig) {
    use handlers::*;
    config
        .service(web::resource("/profile").route(web::get().to(show)))
        .service(
            web::resource("/profile/password")
                .route(web::get().to(password::new))
                .route(web::post().to(password::create)),
        )
        .service(web::resource("/profile/other-sessions").route(web::post().to(end_other_sessions)))
        .service(web::resource("/profile/mcp-tokens").route(web::post().to(tokens::create)))
        .service(web::resource("/profile/mcp-tokens/{id}").route(web::get().to(tokens::show)))
        .service(
            web::resource("/profile/mcp-tokens/{id}/connection")
                .route(web::get().to(tokens::connection)),
        )
        .service(
            web::resource("/profile/mcp-tokens/{id}/name")
                .route(web::get().to(name::edit))
                .route(web::post().to(name::update)),
        )
        .service(
            web::resource("/profile/mcp-tokens/{id}/rotation")
                .route(web::get().to(rotation::new::<Viewer>))
                .route(web::post().to(rotation::create::<Viewer>)),
        )
        .service(
            web::resource("/profile/mcp-tokens/{id}/overlap-end")
                .route(web::get().to(overlap_end::new::<Viewer>))
                .route(web::post().to(overlap_end::create::<Viewer>)),
        )
        .service(
            web::resource("/profile/mcp-tokens/{id}/{transition}")
                .route(web::get().to(transition::new::<Viewer>))
                .route(web::post().to(transition::create::<Viewer>)),
        )
        .service(web::resource("/settings/mcp-tokens").route(web::get().to(all::index)))
        .service(
            web::resource("/settings/mcp-tokens/{id}/revocation")
                .route(web::get().to(all::new_revocation))
                .route(web::post().to(all::revoke)),
        )
        .configure(servers::routes);
}
