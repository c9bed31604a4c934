//! MCP servers of the organisation's own.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{New, create_once};
use crate::access::{Actor, Overseer};
use crate::api::kit::{
    Created, Creation, Description, IfMatch, Input, McpServerName, McpServerUrl, Page, Paging,
    Params, Receipt, Taken, mistakes, persistently, present, taken, versioned,
};
use crate::db::{Connection, Database, Pinned};
use crate::fleet::Fleet;
use crate::gate::{Reader, Writer};
use crate::profile::servers::draft::Draft;
use crate::profile::servers::queries::{self, ChangeError, Server};
use crate::web::form::Field;
use crate::web::{Answer, Error, Now};

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/mcp-servers")
                .route(web::get().to(index))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/mcp-servers/{id}")
                .route(web::get().to(show))
                .route(web::patch().to(edit))
                .route(web::delete().to(delete)),
        );
}

/// An MCP server that profiles show how to connect to.
#[derive(Serialize, ToSchema)]
pub struct McpServer {
    id: Uuid,
    name: String,
    url: String,
    description: String,
    created_at: DateTime<Utc>,
    /// Counts the changes; also in the header `ETag`.
    version: i32,
    /// Where a change is in effect; only in the answer to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    receipt: Option<Receipt>,
}

impl From<Server> for McpServer {
    fn from(server: Server) -> Self {
        Self {
            id: server.id.uuid(),
            name: server.name,
            url: server.url,
            description: server.description,
            created_at: server.created_at,
            version: server.version,
            receipt: None,
        }
    }
}

/// An MCP server to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMcpServer {
    /// As clients' configurations name it; kept in lower case.
    #[schema(value_type = McpServerName)]
    name: String,
    #[schema(value_type = McpServerUrl)]
    url: String,
    #[serde(default)]
    #[schema(value_type = Description)]
    description: String,
}

impl From<NewMcpServer> for Draft {
    fn from(new: NewMcpServer) -> Self {
        Self {
            name: Field::new(new.name),
            url: Field::new(new.url),
            description: Field::new(new.description),
            ..Self::default()
        }
    }
}

/// What is to be other than it is.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct McpServerEdit {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<McpServerName>, nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<McpServerUrl>, nullable = false)]
    url: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Description>, nullable = false)]
    description: Option<String>,
}

/// List MCP servers
///
/// By name: there are at most 20.
#[utoipa::path(get, path = "/api/v1/mcp-servers", operation_id = "listMcpServers",
    tag = "MCP servers", params(Paging),
    responses((status = 200, description = "A page", body = Page<McpServer>)))]
pub async fn index(
    reader: Reader,
    database: Data<Database>,
    Params(paging): Params<Paging>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let servers = queries::list(connection, reader.overseen()).await?;
    let page = paging.of("MCP servers by name", servers, |server| {
        (server.name.clone(), server.id.uuid())
    })?;
    Ok(HttpResponse::Ok().json(page.map(McpServer::from)))
}

/// Add an MCP server
///
/// The tools that are called where it is are looked up in the catalogue then. The answer comes when
/// that is in effect on every instance.
#[utoipa::path(post, path = "/api/v1/mcp-servers", operation_id = "addMcpServer",
    tag = "MCP servers", request_body = NewMcpServer,
    responses((status = 201, description = "The server", body = McpServer)))]
pub async fn create(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    creation: Creation<NewMcpServer>,
) -> Answer {
    let created = create_once(creation, writer, now, &database).await?;
    created.with_receipt(&Receipt::wait(&fleet).await)
}

impl New for NewMcpServer {
    async fn create(
        self,
        connection: &mut Connection,
        writer: &Writer,
        now: Now,
    ) -> Result<Created, Error> {
        let draft = Draft::from(self);
        let new = draft.clone().parse().map_err(|it| mistakes(&it.fields()))?;
        let created = queries::create(connection, &writer.actor(), &new, now.0).await;
        let id = created.map_err(|error| refused(error, draft))?;
        let server = queries::server(connection, writer, id).await?;
        let (location, version) = (format!("/api/v1/mcp-servers/{id}"), server.version);
        Created::new(location, Some(version), &McpServer::from(server))
    }
}

/// Why a server is not added or changed, where that has to do with a field.
fn refused(error: ChangeError, draft: Draft) -> Error {
    match error {
        ChangeError::NameTaken => taken("name", &draft.name_taken().name),
        error => error.into(),
    }
}

/// Show an MCP server
#[utoipa::path(get, path = "/api/v1/mcp-servers/{id}", operation_id = "showMcpServer",
    tag = "MCP servers", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The server", body = McpServer)))]
pub async fn show(reader: Reader, database: Data<Database>, id: Path<Uuid>) -> Answer {
    let connection = &mut *database.get().await?;
    Ok(told(
        queries::server(connection, &reader, id.into_inner().into()).await?,
        None,
    ))
}

fn told(server: Server, receipt: Option<Receipt>) -> HttpResponse {
    let version = server.version;
    let server = McpServer {
        receipt,
        ..server.into()
    };
    versioned(version, server)
}

/// Edit an MCP server
///
/// The answer comes when the change is in effect on every instance.
#[utoipa::path(patch, path = "/api/v1/mcp-servers/{id}", operation_id = "editMcpServer",
    tag = "MCP servers", params(("id" = Uuid, Path), IfMatch), request_body = McpServerEdit,
    responses((status = 200, description = "The server as it is now", body = McpServer)))]
pub async fn edit(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
    Input(edit): Input<McpServerEdit>,
) -> Answer {
    let mut connection = database.get().await?;
    let (id, actor) = (id.into_inner().into(), writer.actor());
    persistently(async || {
        let current = queries::server(&mut connection, &writer, id).await?;
        expected.check(current.version)?;
        try_edit(
            &mut connection,
            &actor,
            edit.clone(),
            &current,
            &expected,
            now,
        )
        .await
    })
    .await?;
    let server = queries::server(&mut connection, &writer, id).await?;
    drop(connection);
    let receipt = Receipt::wait(&fleet).await;
    Ok(told(server, Some(receipt)))
}

async fn try_edit(
    connection: &mut Connection,
    actor: &Actor,
    edit: McpServerEdit,
    current: &Server,
    expected: &IfMatch,
    now: Now,
) -> Result<(), Error> {
    let mut draft = Draft::from(current);
    for (field, value) in [
        (&mut draft.name, edit.name),
        (&mut draft.url, edit.url),
        (&mut draft.description, edit.description),
    ] {
        if let Some(value) = value {
            *field = Field::new(value);
        }
    }
    let new = draft.clone().parse().map_err(|it| mistakes(&it.fields()))?;
    let read = Pinned::read(current.id, current.version);
    let edited = queries::update(connection, actor, read, &new, now.0).await;
    edited.map_err(|error| match error {
        ChangeError::Outdated(_) => expected.overtaken(),
        error => refused(error, draft),
    })
}

/// Remove an MCP server
#[utoipa::path(delete, path = "/api/v1/mcp-servers/{id}", operation_id = "removeMcpServer",
    tag = "MCP servers", params(("id" = Uuid, Path), IfMatch),
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
    let current = queries::server(&mut connection, &writer, id.into_inner().into()).await?;
    let pinned = expected.pin(current.id, current.version)?;
    let removed = queries::remove(&mut connection, &writer.actor(), pinned, now.0).await;
    removed.map_err(|error| match error {
        ChangeError::Outdated(_) => expected.overtaken(),
        error => error.into(),
    })?;
    drop(connection);
    Taken::answer(&fleet).await
}
