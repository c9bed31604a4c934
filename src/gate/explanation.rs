//! *Explain*: what the gate would answer to a request with a token, check by check. It is the
//! answer that a service would get, which is not counted.

mod draft;
mod handlers;
mod pages;
mod steps;

use actix_web::web;

/// To be mounted before the routes of tokens, whose last one takes every address of this form.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/settings/api-access/{id}/explanation")
                .route(web::get().to(handlers::show)),
        )
        .service(
            web::resource("/settings/mcp-tokens/{id}/explanation")
                .route(web::get().to(handlers::show)),
        );
}
