//! What clients look for when they have no token: a description of the server, and nowhere to
//! get a token by OAuth.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::config::Config;

/// RFC 9728: the server's path follows the well-known one.
pub const METADATA: &str = "/.well-known/oauth-protected-resource/mcp";

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource(METADATA).route(web::get().to(resource)))
        .service(
            web::resource("/.well-known/oauth-protected-resource").route(web::get().to(resource)),
        )
        .service(web::resource("/register").route(web::post().to(register)));
}

/// There is no authorization server to name.
async fn resource(config: web::Data<Config>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "resource": config.public_url.join("/mcp"),
        "resource_name": "Tokendesk",
        "resource_documentation": config.public_url.join("/profile"),
        "bearer_methods_supported": ["header"],
    }))
}

/// Where clients end up that insist on OAuth: they show the description.
async fn register(config: web::Data<Config>) -> HttpResponse {
    let profile = config.public_url.join("/profile");
    HttpResponse::BadRequest().json(json!({
        "error": "invalid_client_metadata",
        "error_description": format!(
            "Clients are not registered here. Generate a token at {profile} and have your client \
             send it as “Authorization: Bearer wb_…”."
        ),
    }))
}
