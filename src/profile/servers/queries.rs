//! MCP servers in the database.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::draft::{NAME_TAKEN, NewServer};
use super::{MOST, ServerId};
use crate::access::{Actor, OrganizationId, Overseer, authorize};
use crate::db::schema::{mcp_servers, organizations};
use crate::db::{Connection, Pinned, violates};
use crate::journal::{self, Action, Change};
use crate::web::Error;

/// An MCP server.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = mcp_servers)]
pub struct Server {
    pub id: ServerId,
    /// As clients' configurations name it: of a-z, 0-9 and hyphens.
    pub name: String,
    pub url: String,
    pub description: String,
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

/// Why nothing was changed.
#[derive(Debug)]
pub enum ChangeError {
    NameTaken,
    /// There are as many as there may be.
    Full,
    /// It is of another version by now: this one.
    Outdated(Box<Server>),
    Query(QueryError),
}

impl From<QueryError> for ChangeError {
    fn from(error: QueryError) -> Self {
        if violates(&error, "mcp_servers_organization_id_name_key") {
            Self::NameTaken
        } else {
            Self::Query(error)
        }
    }
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NameTaken => Self::Conflict(NAME_TAKEN),
            ChangeError::Full => {
                Self::Conflict("There are as many servers as there may be. Remove one first.")
            }
            ChangeError::Outdated(_) => {
                Self::Conflict("Someone else changed this server meanwhile. Nothing was changed.")
            }
            ChangeError::Query(error) => error.into(),
        }
    }
}

/// The organisation's servers, by name.
pub async fn list(
    connection: &mut Connection,
    organization: OrganizationId,
) -> QueryResult<Vec<Server>> {
    mcp_servers::table
        .filter(mcp_servers::organization_id.eq(organization))
        .order(mcp_servers::name)
        .select(Server::as_select())
        .load(connection)
        .await
}

pub async fn server(
    connection: &mut Connection,
    overseer: &impl Overseer,
    id: ServerId,
) -> QueryResult<Server> {
    mcp_servers::table
        .filter(mcp_servers::organization_id.eq(overseer.overseen()))
        .filter(mcp_servers::id.eq(id))
        .select(Server::as_select())
        .get_result(connection)
        .await
}

/// The lock keeps two from adding the last one.
pub async fn create(
    connection: &mut Connection,
    actor: &Actor,
    new: &NewServer,
    now: DateTime<Utc>,
) -> Result<ServerId, ChangeError> {
    connection
        .transaction(async |connection| {
            authorize(connection, actor, None).await?;
            organizations::table
                .find(actor.organization())
                .select(organizations::id)
                .for_no_key_update()
                .get_result::<OrganizationId>(connection)
                .await?;
            if list(connection, actor.organization()).await?.len() >= MOST {
                return Err(ChangeError::Full);
            }
            let id = ServerId::new(now);
            diesel::insert_into(mcp_servers::table)
                .values((
                    mcp_servers::id.eq(id),
                    mcp_servers::organization_id.eq(actor.organization()),
                    mcp_servers::name.eq(&new.name),
                    mcp_servers::url.eq(&new.url),
                    mcp_servers::description.eq(&new.description),
                    mcp_servers::created_at.eq(now),
                ))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::McpServerAdded,
                subject: (id.uuid(), &new.name),
                changes: vec![Change::set("url", &new.url)],
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(id)
        })
        .await
}

/// The organisation's server, which nobody else can change until the transaction ends.
async fn lock(connection: &mut Connection, actor: &Actor, id: ServerId) -> QueryResult<Server> {
    authorize(connection, actor, None).await?;
    mcp_servers::table
        .filter(mcp_servers::organization_id.eq(actor.organization()))
        .filter(mcp_servers::id.eq(id))
        .select(Server::as_select())
        .for_update()
        .get_result(connection)
        .await
}

/// Only if it still is of its version.
pub async fn update(
    connection: &mut Connection,
    actor: &Actor,
    server: impl Into<Pinned<ServerId>>,
    new: &NewServer,
    now: DateTime<Utc>,
) -> Result<(), ChangeError> {
    let pinned = server.into();
    let id = pinned.id;
    connection
        .transaction(async |connection| {
            let old = lock(connection, actor, id).await?;
            if !pinned.admits(old.version) {
                return Err(ChangeError::Outdated(Box::new(old)));
            }
            let between = |field, from: String, to: &String| {
                Change::between(field, Some(from), Some(to.clone()))
            };
            let changes: Vec<Change> = [
                between("name", old.name, &new.name),
                between("url", old.url, &new.url),
                between("description", old.description, &new.description),
            ]
            .into_iter()
            .flatten()
            .collect();
            if changes.is_empty() {
                return Ok(());
            }
            diesel::update(mcp_servers::table.find(id))
                .set((
                    mcp_servers::name.eq(&new.name),
                    mcp_servers::url.eq(&new.url),
                    mcp_servers::description.eq(&new.description),
                    mcp_servers::version.eq(mcp_servers::version + 1),
                ))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::McpServerEdited,
                subject: (id.uuid(), &new.name),
                changes,
            };
            Ok(journal::record(connection, actor, entry, now).await?)
        })
        .await
}

/// Only if it still is of its version. Returns the server as it was.
pub async fn remove(
    connection: &mut Connection,
    actor: &Actor,
    server: impl Into<Pinned<ServerId>>,
    now: DateTime<Utc>,
) -> Result<Server, ChangeError> {
    let pinned = server.into();
    let id = pinned.id;
    connection
        .transaction(async |connection| {
            let server = lock(connection, actor, id).await?;
            if !pinned.admits(server.version) {
                return Err(ChangeError::Outdated(Box::new(server)));
            }
            diesel::delete(mcp_servers::table.find(id))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::McpServerRemoved,
                subject: (id.uuid(), &server.name),
                changes: Vec::new(),
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(server)
        })
        .await
}
