//! The Admin API: all that the console does, for programs with an API token. Reading needs
//! `admin:read`, the rest `admin:write`. The rules are those of the features; here is their JSON.

pub mod audit;
pub mod products;
pub mod resources;
pub mod servers;
pub mod tokens;

use actix_web::middleware::from_fn;
use actix_web::web;

use super::document;
use super::kit::Asker;
use crate::access::{OrganizationId, Overseer};
use crate::gate::{Writer, admit_admin};

pub fn routes(config: &mut web::ServiceConfig) {
    let admin = web::scope("/api/v1")
        .wrap(from_fn(document::allow))
        .wrap(from_fn(admit_admin))
        .configure(tokens::routes)
        .configure(products::routes)
        .configure(resources::routes)
        .configure(servers::routes)
        .configure(audit::routes);
    config.service(admin);
}

/// Whose idempotency key it is.
fn asker(writer: &Writer) -> Asker {
    let organization: OrganizationId = writer.overseen();
    Asker {
        organization,
        credential: writer.token().unwrap_or_default(),
    }
}
