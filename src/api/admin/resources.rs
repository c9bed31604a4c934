//! Resources: protected APIs, and which scope each operation needs.

mod catalogue;
pub mod shapes;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use uuid::Uuid;

pub use self::catalogue::*;
use self::shapes::{NewResource, Resource, ResourceEdit, mistakes};
use super::{New, create_once};
use crate::access::Actor;
use crate::api::kit::{
    Created, Creation, IfMatch, Input, Page, Paging, Params, Receipt, Taken, persistently,
    versioned,
};
use crate::catalogue::resources::draft::Draft;
use crate::catalogue::resources::queries::{self, ChangeError, Stored};
use crate::catalogue::resources::{ResourceId, Target};
use crate::db::{Connection, Database, Pinned};
use crate::fleet::Fleet;
use crate::gate::{Reader, Writer};
use crate::web::{Answer, Error, Now};

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/resources")
                .route(web::get().to(index))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/resources/catalogue")
                .app_data(web::PayloadConfig::new(LARGEST_CATALOGUE))
                .route(web::get().to(export))
                .route(web::put().to(import)),
        )
        .service(web::resource("/resources/reset").route(web::post().to(reset)))
        .service(
            web::resource("/resources/{id}")
                .route(web::get().to(show))
                .route(web::patch().to(edit))
                .route(web::delete().to(delete)),
        );
}

/// List resources
///
/// By path: there are at most 250. The `ETag` is that of the catalogue.
#[utoipa::path(get, path = "/api/v1/resources", operation_id = "listResources",
    tag = "Resources", params(Paging),
    responses((status = 200, description = "A page", body = Page<Resource>)))]
pub async fn index(
    reader: Reader,
    database: Data<Database>,
    Params(paging): Params<Paging>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let catalogue = queries::list(connection, &reader).await?;
    let page = paging.of("resources by path", catalogue.resources, place)?;
    Ok(versioned(catalogue.revision, page.map(Resource::from)))
}

/// By path and name; those of tools come last.
fn place(stored: &Stored) -> (String, Uuid) {
    let path = match &stored.resource.target {
        Target::Path(pattern) => pattern.to_string(),
        Target::Tools => char::MAX.to_string(),
    };
    let place = format!("{path} {}", stored.resource.name);
    (place, stored.id.uuid())
}

/// Create a resource
///
/// Of two resources that a path fits, the more specific one counts: so a new one can take access
/// away. The answer comes when it is in effect on every instance.
#[utoipa::path(post, path = "/api/v1/resources", operation_id = "createResource",
    tag = "Resources", request_body = NewResource,
    responses((status = 201, description = "The resource", body = Resource)))]
pub async fn create(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    creation: Creation<NewResource>,
) -> Answer {
    let created = create_once(creation, writer, now, &database).await?;
    created.with_receipt(&Receipt::wait(&fleet).await)
}

impl New for NewResource {
    async fn create(
        self,
        connection: &mut Connection,
        writer: &Writer,
        now: Now,
    ) -> Result<Created, Error> {
        let draft = Draft::from(self);
        let new = draft.clone().parse().map_err(|it| mistakes(&it))?;
        let created = queries::create(connection, &writer.actor(), &new, now.0).await;
        let id = created.map_err(|error| refused(error, draft))?;
        let stored = queries::resource(connection, writer, id).await?;
        let (location, version) = (format!("/api/v1/resources/{id}"), stored.version);
        Created::new(location, Some(version), &Resource::from(stored))
    }
}

/// Why a resource is not made or changed, where that has to do with fields.
fn refused(error: ChangeError, draft: Draft) -> Error {
    match error {
        ChangeError::Clash(conflicts) => mistakes(&draft.clashing(&conflicts)),
        error => error.into(),
    }
}

/// Show a resource
#[utoipa::path(get, path = "/api/v1/resources/{id}", operation_id = "showResource",
    tag = "Resources", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The resource", body = Resource)))]
pub async fn show(reader: Reader, database: Data<Database>, id: Path<Uuid>) -> Answer {
    let connection = &mut *database.get().await?;
    let stored = queries::resource(connection, &reader, id.into_inner().into()).await?;
    Ok(told(stored, None))
}

fn told(stored: Stored, receipt: Option<Receipt>) -> HttpResponse {
    let version = stored.version;
    let mut resource = Resource::from(stored);
    resource.receipt = receipt;
    versioned(version, resource)
}

/// Edit a resource
///
/// What is left out stays as it is; operations are replaced as a whole. The answer comes when the
/// change is in effect on every instance.
#[utoipa::path(patch, path = "/api/v1/resources/{id}", operation_id = "editResource",
    tag = "Resources", params(("id" = Uuid, Path), IfMatch), request_body = ResourceEdit,
    responses((status = 200, description = "The resource as it is now", body = Resource)))]
pub async fn edit(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
    Input(edit): Input<ResourceEdit>,
) -> Answer {
    let mut connection = database.get().await?;
    let id = ResourceId::from(id.into_inner());
    let actor = writer.actor();
    persistently(async || {
        let current = queries::resource(&mut connection, &writer, id).await?;
        expected.check(current.version)?;
        let draft = edit.clone().of(&current);
        try_edit(&mut connection, &actor, draft, &current, &expected, now).await
    })
    .await?;
    let stored = queries::resource(&mut connection, &writer, id).await?;
    drop(connection);
    let receipt = Receipt::wait(&fleet).await;
    Ok(told(stored, Some(receipt)))
}

async fn try_edit(
    connection: &mut Connection,
    actor: &Actor,
    draft: Draft,
    current: &Stored,
    expected: &IfMatch,
    now: Now,
) -> Result<(), Error> {
    let new = draft.clone().parse().map_err(|it| mistakes(&it))?;
    let (id, version) = (current.id, current.version);
    let edited = queries::edit(connection, actor, Pinned::read(id, version), &new, now.0).await;
    edited.map_err(|error| match error {
        ChangeError::Outdated(_) => expected.overtaken(),
        error => refused(error, draft),
    })
}

/// Delete a resource
///
/// Requests to it are then unknown to the gate.
#[utoipa::path(delete, path = "/api/v1/resources/{id}", operation_id = "deleteResource",
    tag = "Resources", params(("id" = Uuid, Path), IfMatch),
    responses((status = 200, description = "It is gone", body = Taken)))]
pub async fn delete(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let mut connection = database.get().await?;
    let (id, actor) = (id.into_inner().into(), writer.actor());
    let current = queries::resource(&mut connection, &writer, id).await?;
    let pinned = expected.pin(id, current.version)?;
    let deleted = queries::delete(&mut connection, &actor, pinned, now.0).await;
    deleted.map_err(|error| match error {
        ChangeError::Outdated(_) => expected.overtaken(),
        error => error.into(),
    })?;
    drop(connection);
    Taken::answer(&fleet).await
}
