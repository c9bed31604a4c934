//! The Admin API: all that the console does, for programs with an API token. Reading needs
//! `admin:read`, the rest `admin:write`. The rules are those of the features; here is their JSON.

pub mod audit;
pub mod explanations;
pub mod groups;
pub mod invitations;
pub mod mcp_tokens;
pub mod members;
pub mod products;
pub mod resources;
pub mod responsible;
pub mod servers;
pub mod tokens;

use actix_web::middleware::from_fn;
use actix_web::web;
use futures_util::FutureExt;

use super::document;
use super::kit::{Asker, Created, Creation};
use crate::access::Overseer;
use crate::db::{Connection, Database};
use crate::gate::{Writer, admit_admin};
use crate::web::{Answer, Error, Now};

pub fn routes(config: &mut web::ServiceConfig) {
    let admin = web::scope("/api/v1")
        .wrap(from_fn(document::allow))
        .wrap(from_fn(admit_admin))
        .configure(tokens::routes)
        .configure(explanations::routes)
        .configure(products::routes)
        .configure(resources::routes)
        .configure(servers::routes)
        .configure(mcp_tokens::routes)
        .configure(members::routes)
        .configure(responsible::routes)
        .configure(groups::routes)
        .configure(invitations::routes)
        .configure(audit::routes);
    config.service(admin);
}

/// Whose idempotency key it is.
fn asker(writer: &Writer) -> Asker {
    Asker {
        organization: writer.overseen(),
        credential: writer.token().unwrap_or_default(),
    }
}

/// What a program can ask to be created.
trait New: Send + 'static {
    /// To be called in the transaction that claims the idempotency key.
    fn create(
        self,
        connection: &mut Connection,
        writer: &Writer,
        now: Now,
    ) -> impl Future<Output = Result<Created, Error>> + Send;
}

/// Creates it, once, and answers with it.
async fn created(
    creation: Creation<impl New>,
    writer: Writer,
    now: Now,
    database: &Database,
) -> Answer {
    let created = create_once(creation, writer, now, database).await?;
    Ok(created.answer())
}

async fn create_once(
    creation: Creation<impl New>,
    writer: Writer,
    now: Now,
    database: &Database,
) -> Result<Created, Error> {
    let connection = &mut *database.get().await?;
    let asker = asker(&writer);
    let created = creation.once(connection, asker, now.0, |connection, new| {
        async move { new.create(connection, &writer, now).await }.boxed()
    });
    created.await
}
