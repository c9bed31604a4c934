//! API tokens.

mod changes;
mod handlers;
mod revocations;
pub mod shapes;

use actix_web::web;

pub use changes::*;
pub use handlers::*;
pub use revocations::*;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/tokens")
                .route(web::get().to(index))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/tokens/revocations")
                .app_data(web::PayloadConfig::new(LARGEST_LEAK))
                .route(web::post().to(revoke_all)),
        )
        .service(
            web::resource("/tokens/{id}")
                .route(web::get().to(show))
                .route(web::patch().to(edit))
                .route(web::delete().to(delete)),
        )
        .service(web::resource("/tokens/{id}/usage").route(web::get().to(usage)))
        .service(web::resource("/tokens/{id}/rotation").route(web::post().to(rotate)))
        .service(web::resource("/tokens/{id}/overlap-end").route(web::post().to(end_overlap)))
        .service(web::resource("/tokens/{id}/disabling").route(web::post().to(disable)))
        .service(web::resource("/tokens/{id}/enabling").route(web::post().to(enable)))
        .service(web::resource("/tokens/{id}/revocation").route(web::post().to(revoke)));
}
