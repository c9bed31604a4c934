//! SCIM 2.0 at `/scim/v2` (RFC 7643, RFC 7644): identity providers say who is in the organisation
//! and in which groups. Every member is a user there, whoever invited them.
//!
//! What a client sends becomes a [`document`], by the [`schema`]; a [`filter`] gets its meaning
//! there too, as a [`criterion`], of which `queries` make SQL.

mod call;
pub mod criterion;
mod document;
pub mod filter;
mod group;
mod handlers;
mod patch;
pub mod path;
mod problem;
mod projection;
mod queries;
mod recall;
pub mod schema;
mod search;
mod strict;
mod turns;
mod user;
mod version;

use std::future::ready;

use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, Route, web};

use crate::gate::admit_scim;
use crate::web::{Answer, Error, headers};

pub use recall::Recall;
pub use turns::Turns;

/// Bytes: a group of ten thousand members.
const LARGEST: usize = 2 * 1024 * 1024;

pub fn routes(config: &mut web::ServiceConfig) {
    use handlers::{discovery, everything, groups, users};
    let scope = web::scope("/scim/v2")
        .app_data(web::PayloadConfig::new(LARGEST))
        .wrap(from_fn(admit_scim))
        .service(
            web::resource(["/Users", "/Users/"])
                .route(web::get().to(users::index))
                .route(web::post().to(users::create))
                .default_service(others("GET, POST")),
        )
        .service(
            web::resource("/Users/.search")
                .route(web::post().to(users::search))
                .default_service(others("POST")),
        )
        .service(
            web::resource("/Users/{id}")
                .route(web::get().to(users::show))
                .route(web::put().to(users::replace))
                .route(web::patch().to(users::patch))
                .route(web::delete().to(users::delete))
                .default_service(others("GET, PUT, PATCH, DELETE")),
        )
        .service(
            web::resource(["/Groups", "/Groups/"])
                .route(web::get().to(groups::index))
                .route(web::post().to(groups::create))
                .default_service(others("GET, POST")),
        )
        .service(
            web::resource("/Groups/.search")
                .route(web::post().to(groups::search))
                .default_service(others("POST")),
        )
        .service(
            web::resource("/Groups/{id}")
                .route(web::get().to(groups::show))
                .route(web::put().to(groups::replace))
                .route(web::patch().to(groups::patch))
                .route(web::delete().to(groups::delete))
                .default_service(others("GET, PUT, PATCH, DELETE")),
        )
        .service(
            web::resource("/ServiceProviderConfig")
                .route(web::get().to(discovery::configuration))
                .default_service(others("GET")),
        )
        .service(
            web::resource("/ResourceTypes")
                .route(web::get().to(discovery::types))
                .default_service(others("GET")),
        )
        .service(
            web::resource("/ResourceTypes/{id}")
                .route(web::get().to(discovery::one_type))
                .default_service(others("GET")),
        )
        .service(
            web::resource("/Schemas")
                .route(web::get().to(discovery::all_schemas))
                .default_service(others("GET")),
        )
        .service(
            web::resource("/Schemas/{id}")
                .route(web::get().to(discovery::one_schema))
                .default_service(others("GET")),
        )
        .service(web::resource("/Me").to(discovery::unsupported))
        .service(web::resource("/Bulk").to(discovery::unsupported))
        .service(
            web::resource("/.search")
                .route(web::post().to(everything::search))
                .default_service(others("POST")),
        );
    config.service(scope);
}

/// What other methods than these are answered (RFC 9110, section 15.5.6).
fn others(allowed: &'static str) -> Route {
    web::to(move |request: HttpRequest| {
        headers::tell(&request, header::ALLOW, HeaderValue::from_static(allowed));
        ready(Answer::Err(Error::MethodNotAllowed))
    })
}
