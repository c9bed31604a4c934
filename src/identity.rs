//! Organisations and people: the first set-up, signing in and out, invitations, and which
//! organisation a user looks at.

mod drafts;
mod handlers;
mod pages;
pub mod password;
pub mod queries;
pub mod setup_code;
pub mod sign_in;
mod throttle;

use actix_web::web;

pub use drafts::{Email, PersonName};
pub use handlers::sign_in::browser;
pub use throttle::sweep;

pub fn routes(config: &mut web::ServiceConfig) {
    use handlers::*;
    config
        .service(web::resource("/").route(web::get().to(home)))
        .service(
            web::resource("/setup")
                .route(web::get().to(setup::new))
                .route(web::post().to(setup::create)),
        )
        .service(
            web::resource("/sign-in")
                .route(web::get().to(sign_in::new))
                .route(web::post().to(sign_in::create)),
        )
        .service(web::resource("/sign-out").route(web::post().to(sign_in::delete)))
        .service(
            web::resource("/invitations/{code}")
                .route(web::get().to(invitation::show))
                .route(web::post().to(invitation::accept)),
        )
        .service(web::resource("/organization").route(web::post().to(switch_organization)));
}
