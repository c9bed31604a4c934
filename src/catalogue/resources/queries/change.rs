//! Changing the catalogue.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::{Catalogue, Stored, by_name, catalogue, insert, insert_operations, path, steps};
use crate::access::{Actor, authorize};
use crate::catalogue::resources::changes::{differences, summary};
use crate::catalogue::resources::{
    Conflict, MOST_RESOURCES, Resource, ResourceId, Resources, default_catalogue,
};
use crate::db::schema::{catalogues, operations, resources};
use crate::db::{Connection, Pinned};
use crate::journal::{self, Action};
use crate::web::Error;
use crate::web::text::fold;

/// Why nothing was changed.
#[derive(Debug)]
pub enum ChangeError {
    /// It does not go with other resources.
    Clash(Vec<Conflict>),
    /// The resource is not any more what the form was made for.
    Outdated(Box<Stored>),
    /// Nor is the catalogue.
    CatalogueOutdated,
    Full,
    Query(QueryError),
}

impl From<QueryError> for ChangeError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Clash(_) => {
                Self::Conflict("It does not go with another resource. Nothing was changed.")
            }
            ChangeError::Outdated(_) | ChangeError::CatalogueOutdated => {
                Self::Conflict("Someone else changed the resources meanwhile. Nothing was changed.")
            }
            ChangeError::Full => Self::Stale(format!(
                "There are {MOST_RESOURCES} resources, and more are not possible. Delete some, or \
                 let wider patterns cover several."
            )),
            ChangeError::Query(error) => error.into(),
        }
    }
}

pub async fn create(
    connection: &mut Connection,
    actor: &Actor,
    new: &Resource,
    now: DateTime<Utc>,
) -> Result<ResourceId, ChangeError> {
    connection
        .transaction(async |connection| {
            let catalogue = lock(connection, actor).await?;
            if catalogue.resources.len() >= MOST_RESOURCES {
                return Err(ChangeError::Full);
            }
            check(&catalogue, None, new)?;
            let new = std::slice::from_ref(new);
            let ids = insert(connection, actor.organization(), new, now).await?;
            let entry = journal::Draft {
                action: Action::ResourceCreated,
                subject: (ids[0].uuid(), &new[0].name),
                changes: differences(None, Some(&new[0])),
            };
            finish(connection, actor, entry, now).await?;
            Ok(ids[0])
        })
        .await
}

/// Writes the resource anew, if it still is of its version.
pub async fn edit(
    connection: &mut Connection,
    actor: &Actor,
    resource: impl Into<Pinned<ResourceId>>,
    new: &Resource,
    now: DateTime<Utc>,
) -> Result<(), ChangeError> {
    let pinned = resource.into();
    let id = pinned.id;
    connection
        .transaction(async |connection| {
            let catalogue = lock(connection, actor).await?;
            let old = catalogue.clone().find(id)?;
            if !pinned.admits(old.version) {
                return Err(ChangeError::Outdated(Box::new(old)));
            }
            check(&catalogue, Some(id), new)?;
            if old.resource == *new {
                return Ok(());
            }
            update(connection, id, new).await?;
            let entry = journal::Draft {
                action: Action::ResourceEdited,
                subject: (id.uuid(), &new.name),
                changes: differences(Some(&old.resource), Some(new)),
            };
            Ok(finish(connection, actor, entry, now).await?)
        })
        .await
}

/// Deletes the resource, if it still is of its version. Returns it as it was.
pub async fn delete(
    connection: &mut Connection,
    actor: &Actor,
    resource: impl Into<Pinned<ResourceId>>,
    now: DateTime<Utc>,
) -> Result<Stored, ChangeError> {
    let pinned = resource.into();
    let id = pinned.id;
    connection
        .transaction(async |connection| {
            let old = lock(connection, actor).await?.find(id)?;
            if !pinned.admits(old.version) {
                return Err(ChangeError::Outdated(Box::new(old)));
            }
            diesel::delete(resources::table.find(id))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::ResourceDeleted,
                subject: (id.uuid(), &old.resource.name),
                changes: differences(Some(&old.resource), None),
            };
            finish(connection, actor, entry, now).await?;
            Ok(old)
        })
        .await
}

/// Puts these in place of all, if the catalogue still is of `revision`; `None`: whichever it has.
/// Returns how many were added, changed or removed.
pub async fn import(
    connection: &mut Connection,
    actor: &Actor,
    revision: impl Into<Option<i32>>,
    new: &[Resource],
    now: DateTime<Utc>,
) -> Result<usize, ChangeError> {
    replace(
        connection,
        actor,
        revision.into(),
        new,
        Action::ResourcesImported,
        now,
    )
    .await
}

/// The same with what a new organisation starts with.
pub async fn reset(
    connection: &mut Connection,
    actor: &Actor,
    revision: impl Into<Option<i32>>,
    now: DateTime<Utc>,
) -> Result<usize, ChangeError> {
    let new = default_catalogue();
    replace(
        connection,
        actor,
        revision.into(),
        &new,
        Action::ResourcesReset,
        now,
    )
    .await
}

/// A resource of the same name stays the same one.
async fn replace(
    connection: &mut Connection,
    actor: &Actor,
    revision: Option<i32>,
    new: &[Resource],
    action: Action,
    now: DateTime<Utc>,
) -> Result<usize, ChangeError> {
    Resources::new(new.to_vec()).map_err(ChangeError::Clash)?;
    connection
        .transaction(async |connection| {
            let catalogue = lock(connection, actor).await?;
            if revision.is_some_and(|revision| revision != catalogue.revision) {
                return Err(ChangeError::CatalogueOutdated);
            }
            let mut old = by_name(catalogue);
            let (mut added, mut edited, mut changes) = (Vec::new(), Vec::new(), Vec::new());
            for resource in new {
                let known = old.remove(&fold(&resource.name));
                if known
                    .as_ref()
                    .is_some_and(|known| known.resource == *resource)
                {
                    continue;
                }
                changes.push(summary(
                    known.as_ref().map(|it| &it.resource),
                    Some(resource),
                ));
                match known {
                    Some(known) => edited.push((known.id, resource)),
                    None => added.push(resource.clone()),
                }
            }
            let mut removed: Vec<Stored> = old.into_values().collect();
            removed.sort_by(|one, other| one.resource.name.cmp(&other.resource.name));
            changes.extend(removed.iter().map(|it| summary(Some(&it.resource), None)));
            if changes.is_empty() {
                return Ok(0);
            }
            write(connection, actor, &removed, &edited, &added, now).await?;
            let count = changes.len();
            let entry = journal::Draft {
                action,
                subject: (actor.organization().uuid(), "resources"),
                changes,
            };
            finish(connection, actor, entry, now).await?;
            Ok(count)
        })
        .await
}

/// Names and paths may go from one to another: so they are all free before any is taken.
async fn write(
    connection: &mut Connection,
    actor: &Actor,
    removed: &[Stored],
    edited: &[(ResourceId, &Resource)],
    added: &[Resource],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let removed: Vec<ResourceId> = removed.iter().map(|stored| stored.id).collect();
    diesel::delete(resources::table)
        .filter(resources::id.eq_any(&removed))
        .execute(connection)
        .await?;
    let changing: Vec<ResourceId> = edited.iter().map(|(id, _)| *id).collect();
    diesel::update(resources::table)
        .filter(resources::id.eq_any(&changing))
        .set((
            resources::path.eq(None::<String>),
            resources::preflight.eq(false),
        ))
        .execute(connection)
        .await?;
    for (id, resource) in edited {
        update(connection, *id, resource).await?;
    }
    if !added.is_empty() {
        insert(connection, actor.organization(), added, now).await?;
    }
    Ok(())
}

async fn update(connection: &mut Connection, id: ResourceId, new: &Resource) -> QueryResult<()> {
    diesel::update(resources::table.find(id))
        .set((
            resources::name.eq(&new.name),
            resources::path.eq(path(new)),
            resources::preflight.eq(new.preflight),
            resources::version.eq(resources::version + 1),
        ))
        .execute(connection)
        .await?;
    diesel::delete(operations::table)
        .filter(operations::resource_id.eq(id))
        .execute(connection)
        .await?;
    insert_operations(connection, steps(new, id).collect()).await?;
    Ok(())
}

/// The catalogue, which nobody else can change until the transaction ends.
async fn lock(connection: &mut Connection, actor: &Actor) -> QueryResult<Catalogue> {
    authorize(connection, actor, None).await?;
    let organization = actor.organization();
    // There is none to lock before it is first asked for.
    catalogue(connection, organization).await?;
    catalogues::table
        .find(organization)
        .select(catalogues::revision)
        .for_no_key_update()
        .get_result::<i32>(connection)
        .await?;
    catalogue(connection, organization).await
}

/// Whether the rest goes with what is new, in the place of `old`.
fn check(
    catalogue: &Catalogue,
    old: Option<ResourceId>,
    new: &Resource,
) -> Result<(), ChangeError> {
    let others = catalogue
        .resources
        .iter()
        .filter(|stored| Some(stored.id) != old);
    let mut all: Vec<Resource> = others.map(|stored| stored.resource.clone()).collect();
    all.push(new.clone());
    Resources::new(all).map(drop).map_err(ChangeError::Clash)
}

async fn finish(
    connection: &mut Connection,
    actor: &Actor,
    entry: journal::Draft<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(catalogues::table.find(actor.organization()))
        .set(catalogues::revision.eq(catalogues::revision + 1))
        .execute(connection)
        .await?;
    journal::record(connection, actor, entry, now).await
}
