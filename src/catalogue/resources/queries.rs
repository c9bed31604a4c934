//! The catalogue in the database. Each change holds the catalogue's row, looks whether the
//! whole still goes together, and writes what it does with its journal entry, in one
//! transaction.

mod change;

pub use change::{ChangeError, create, delete, edit, import, reset};

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, RunQueryDsl};
use url::Url;

use super::path::Path;
use super::pattern::Pattern;
use super::{Operation, Place, Resource, ResourceId, Resources, Target, default_catalogue};
use crate::access::{OrganizationId, Overseer};
use crate::catalogue::Scope;
use crate::db::Connection;
use crate::db::schema::{catalogues, mcp_servers, operations, organizations, resources};
use crate::web::Error;

/// An organisation's catalogue, as its pages show it.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// Counts its changes.
    pub revision: i32,
    /// By path.
    pub resources: Vec<Stored>,
}

/// A resource with what the database knows of it.
#[derive(Clone, Debug)]
pub struct Stored {
    pub id: ResourceId,
    pub resource: Resource,
    /// Counts its changes.
    pub version: i32,
}

/// For the gate: all that an organisation protects, ready to be asked and kept.
///
/// # Errors
/// When it cannot be read, or somebody wrote resources that conflict past the program.
pub async fn load(
    connection: &mut Connection,
    organization: OrganizationId,
) -> Result<Resources, Error> {
    let catalogue = catalogue(connection, organization).await?;
    let servers: Vec<String> = mcp_servers::table
        .filter(mcp_servers::organization_id.eq(organization))
        .select(mcp_servers::url)
        .load(connection)
        .await?;
    let servers: Vec<String> = servers.iter().filter_map(|url| path_of(url)).collect();
    Resources::with_servers(catalogue.all(), &servers).map_err(|conflicts| {
        let conflicts: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
        Error::internal(conflicts.join(" "))
    })
}

/// As requests name it, if they can do so without ambiguity.
fn path_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(Path::parse(url.path()).ok()?.as_str().to_owned())
}

/// For the pages.
pub async fn list(connection: &mut Connection, overseer: &impl Overseer) -> QueryResult<Catalogue> {
    catalogue(connection, overseer.overseen()).await
}

pub async fn resource(
    connection: &mut Connection,
    overseer: &impl Overseer,
    id: ResourceId,
) -> QueryResult<Stored> {
    list(connection, overseer).await?.find(id)
}

impl Catalogue {
    /// Without what the database knows of them.
    #[must_use]
    pub fn all(&self) -> Vec<Resource> {
        let resources = self.resources.iter();
        resources.map(|stored| stored.resource.clone()).collect()
    }

    fn find(self, id: ResourceId) -> QueryResult<Stored> {
        let mut resources = self.resources.into_iter();
        resources
            .find(|stored| stored.id == id)
            .ok_or(QueryError::NotFound)
    }
}

/// An organisation that never had a catalogue gets the default one now.
async fn catalogue(
    connection: &mut Connection,
    organization: OrganizationId,
) -> QueryResult<Catalogue> {
    if let Some(catalogue) = read(connection, organization).await? {
        return Ok(catalogue);
    }
    seed(connection, organization).await?;
    read(connection, organization)
        .await?
        .ok_or(QueryError::NotFound)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = resources)]
struct ResourceRow {
    id: ResourceId,
    name: String,
    path: Option<String>,
    preflight: bool,
    version: i32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = operations)]
struct OperationRow {
    name: String,
    methods: Vec<String>,
    place: Place,
    scope: Scope,
}

/// In one query, so that no change comes between. `None` where nothing was ever written.
async fn read(
    connection: &mut Connection,
    organization: OrganizationId,
) -> QueryResult<Option<Catalogue>> {
    let rows: Vec<(i32, Option<ResourceRow>, Option<OperationRow>)> = catalogues::table
        .left_join(resources::table.left_join(operations::table))
        .filter(catalogues::organization_id.eq(organization))
        .order((
            resources::path.asc().nulls_last(),
            resources::name,
            resources::id,
            operations::position,
        ))
        .select((
            catalogues::revision,
            Option::<ResourceRow>::as_select(),
            Option::<OperationRow>::as_select(),
        ))
        .load(connection)
        .await?;
    let Some((revision, ..)) = rows.as_slice().first() else {
        return Ok(None);
    };
    let mut catalogue = Catalogue {
        revision: *revision,
        resources: Vec::new(),
    };
    for (_, resource, operation) in rows {
        let Some(row) = resource else { continue };
        if catalogue
            .resources
            .last()
            .is_none_or(|last| last.id != row.id)
        {
            catalogue.resources.push(assemble(row)?);
        }
        let last = catalogue.resources.last_mut();
        if let (Some(last), Some(row)) = (last, operation) {
            last.resource.operations.push(Operation {
                name: row.name,
                methods: row.methods,
                place: row.place,
                scope: row.scope,
            });
        }
    }
    Ok(Some(catalogue))
}

fn assemble(row: ResourceRow) -> QueryResult<Stored> {
    let target = match row.path {
        None => Target::Tools,
        Some(path) => Pattern::parse(&path)
            .map(Target::Path)
            .map_err(|error| QueryError::DeserializationError(format!("{path}: {error}").into()))?,
    };
    Ok(Stored {
        id: row.id,
        version: row.version,
        resource: Resource {
            name: row.name,
            target,
            preflight: row.preflight,
            operations: Vec::new(),
        },
    })
}

/// Whoever comes first writes; whoever comes at the same time waits for that.
async fn seed(connection: &mut Connection, organization: OrganizationId) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            let founded: DateTime<Utc> = organizations::table
                .find(organization)
                .select(organizations::created_at)
                .get_result(connection)
                .await?;
            let is_first = diesel::insert_into(catalogues::table)
                .values(catalogues::organization_id.eq(organization))
                .on_conflict_do_nothing()
                .execute(connection)
                .await?;
            if is_first == 0 {
                return Ok(());
            }
            insert(connection, organization, &default_catalogue(), founded).await?;
            Ok(())
        })
        .await
}

/// Writes resources; returns their IDs.
async fn insert(
    connection: &mut Connection,
    organization: OrganizationId,
    new: &[Resource],
    now: DateTime<Utc>,
) -> QueryResult<Vec<ResourceId>> {
    let ids: Vec<ResourceId> = new.iter().map(|_| ResourceId::new(now)).collect();
    let rows: Vec<_> = new
        .iter()
        .zip(&ids)
        .map(|(resource, id)| {
            (
                resources::id.eq(*id),
                resources::organization_id.eq(organization),
                resources::name.eq(&resource.name),
                resources::path.eq(path(resource)),
                resources::preflight.eq(resource.preflight),
            )
        })
        .collect();
    diesel::insert_into(resources::table)
        .values(rows)
        .execute(connection)
        .await?;
    let steps = new
        .iter()
        .zip(&ids)
        .flat_map(|(resource, id)| steps(resource, *id));
    insert_operations(connection, steps.collect()).await?;
    Ok(ids)
}

/// An operation with its resource and its place among the others.
type Step<'a> = (ResourceId, i32, &'a Operation);

fn steps(resource: &Resource, id: ResourceId) -> impl Iterator<Item = Step<'_>> {
    let numbered = (0..).zip(&resource.operations);
    numbered.map(move |(position, operation)| (id, position, operation))
}

async fn insert_operations(
    connection: &mut Connection,
    steps: Vec<Step<'_>>,
) -> QueryResult<usize> {
    let rows: Vec<_> = steps
        .into_iter()
        .map(|(resource, position, operation)| {
            (
                operations::resource_id.eq(resource),
                operations::position.eq(position),
                operations::name.eq(&operation.name),
                operations::methods.eq(&operation.methods),
                operations::place.eq(operation.place),
                operations::scope.eq(operation.scope),
            )
        })
        .collect();
    let mut written = 0;
    // A statement has at most 65,535 parameters.
    for rows in rows.chunks(5_000) {
        let insert = diesel::insert_into(operations::table).values(rows);
        written += insert.execute(connection).await?;
    }
    Ok(written)
}

fn path(resource: &Resource) -> Option<&str> {
    match &resource.target {
        Target::Path(pattern) => Some(pattern.as_str()),
        Target::Tools => None,
    }
}

/// The resources of a catalogue by their names, as names are compared.
fn by_name(catalogue: Catalogue) -> HashMap<String, Stored> {
    let resources = catalogue.resources.into_iter();
    resources
        .map(|stored| (crate::web::text::fold(&stored.resource.name), stored))
        .collect()
}
