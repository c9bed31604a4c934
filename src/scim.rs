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
pub mod schema;
mod search;
mod user;
mod version;

use actix_web::middleware::from_fn;
use actix_web::web;

use crate::gate::admit_scim;

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
                .route(web::post().to(users::create)),
        )
        .service(web::resource("/Users/.search").route(web::post().to(users::search)))
        .service(
            web::resource("/Users/{id}")
                .route(web::get().to(users::show))
                .route(web::put().to(users::replace))
                .route(web::patch().to(users::patch))
                .route(web::delete().to(users::delete)),
        )
        .service(
            web::resource(["/Groups", "/Groups/"])
                .route(web::get().to(groups::index))
                .route(web::post().to(groups::create)),
        )
        .service(web::resource("/Groups/.search").route(web::post().to(groups::search)))
        .service(
            web::resource("/Groups/{id}")
                .route(web::get().to(groups::show))
                .route(web::put().to(groups::replace))
                .route(web::patch().to(groups::patch))
                .route(web::delete().to(groups::delete)),
        )
        .service(
            web::resource("/ServiceProviderConfig").route(web::get().to(discovery::configuration)),
        )
        .service(web::resource("/ResourceTypes").route(web::get().to(discovery::types)))
        .service(web::resource("/ResourceTypes/{id}").route(web::get().to(discovery::one_type)))
        .service(web::resource("/Schemas").route(web::get().to(discovery::all_schemas)))
        .service(web::resource("/Schemas/{id}").route(web::get().to(discovery::one_schema)))
        .service(web::resource("/Me").to(discovery::unsupported))
        .service(web::resource("/Bulk").to(discovery::unsupported))
        .service(web::resource("/.search").route(web::post().to(everything::search)));
    config.service(scope);
}
