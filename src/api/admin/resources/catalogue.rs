//! All resources at once: export, import, reset.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Overseer;
use crate::api::kit::{Catalogue, IfMatch, Receipt, TOML, Toml, etag};
use crate::catalogue::resources::file;
use crate::catalogue::resources::queries::{self, ChangeError};
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::gate::{Reader, Writer};
use crate::web::error::Mistake;
use crate::web::{Answer, Error, Now};

/// In bytes: 250 resources with all that they can have.
pub const LARGEST_CATALOGUE: usize = 1024 * 1024;

/// What became of the catalogue.
#[derive(Serialize, ToSchema)]
pub struct CatalogueChanged {
    /// How many resources were added, changed or removed.
    changed: usize,
    receipt: Receipt,
}

impl CatalogueChanged {
    /// Once it is in effect.
    async fn answer(changed: usize, fleet: &Fleet) -> Answer {
        let receipt = Receipt::wait(fleet).await;
        Ok(HttpResponse::Ok().json(Self { changed, receipt }))
    }
}

/// Export all resources
///
/// As TOML, which can be imported, here or elsewhere.
#[utoipa::path(get, path = "/api/v1/resources/catalogue", operation_id = "exportResources",
    tag = "Resources",
    responses((status = 200, description = "The catalogue", body = String,
        content_type = "application/toml")))]
pub async fn export(reader: Reader, database: Data<Database>) -> Answer {
    let connection = &mut *database.get().await?;
    let catalogue = queries::list(connection, &reader).await?;
    Ok(HttpResponse::Ok()
        .content_type(TOML)
        .insert_header(etag(catalogue.revision))
        .body(file::write(&catalogue.all())))
}

/// Import resources
///
/// They take the place of all that there are; a resource of the same name stays the same one. Of
/// two that conflict both are named, and nothing is changed. The answer comes when the change is in
/// effect on every instance.
#[utoipa::path(put, path = "/api/v1/resources/catalogue", operation_id = "importResources",
    tag = "Resources", params(IfMatch),
    request_body(content = Catalogue, content_type = "application/toml",
        description = "As it was exported"),
    responses((status = 200, description = "What came of it", body = CatalogueChanged)))]
pub async fn import(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    expected: IfMatch,
    Toml(text): Toml,
) -> Answer {
    let mut connection = database.get().await?;
    let revision = pin(&mut connection, &writer, &expected).await?;
    let new = read(&text)?;
    let imported = queries::import(&mut connection, &writer.actor(), revision, &new, now.0).await;
    let changed = imported.map_err(|error| refused(error, &expected))?;
    drop(connection);
    CatalogueChanged::answer(changed, &fleet).await
}

/// Reset all resources
///
/// To what a new organisation starts with. The answer comes when the change is in effect on every
/// instance.
#[utoipa::path(post, path = "/api/v1/resources/reset", operation_id = "resetResources",
    tag = "Resources", params(IfMatch),
    responses((status = 200, description = "What came of it", body = CatalogueChanged)))]
pub async fn reset(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    expected: IfMatch,
) -> Answer {
    let mut connection = database.get().await?;
    let revision = pin(&mut connection, &writer, &expected).await?;
    let reset = queries::reset(&mut connection, &writer.actor(), revision, now.0).await;
    let changed = reset.map_err(|error| refused(error, &expected))?;
    drop(connection);
    CatalogueChanged::answer(changed, &fleet).await
}

/// The revision that the change has to find, if one is asked for.
async fn pin(
    connection: &mut Connection,
    overseer: &impl Overseer,
    expected: &IfMatch,
) -> Result<Option<i32>, Error> {
    let catalogue = queries::list(connection, overseer).await?;
    Ok(expected.pin((), catalogue.revision)?.version)
}

fn read(text: &str) -> Result<Vec<crate::catalogue::resources::Resource>, Error> {
    if text.trim().is_empty() {
        return Err(Error::invalid(
            "body",
            "send a catalogue: export one to see what it is.",
        ));
    }
    let mistake = |detail| Mistake::new("body", detail);
    file::read(text).map_err(|errors| Error::Invalid(errors.into_iter().map(mistake).collect()))
}

fn refused(error: ChangeError, expected: &IfMatch) -> Error {
    match error {
        ChangeError::CatalogueOutdated => expected.overtaken(),
        error => error.into(),
    }
}
