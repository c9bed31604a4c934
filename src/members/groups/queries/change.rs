//! Creating, editing and deleting groups. Each change holds the [`Charge`] of the organisation,
//! as a group may be what makes somebody its administrator.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::find::group;
use crate::access::{Actor, Role};
use crate::db::schema::groups;
use crate::db::{Connection, Pinned, violates};
use crate::journal::{self, Action, Change};
use crate::members::groups::{Group, GroupId, GroupName, Keeper, LAST_ADMINISTRATOR, NAME_TAKEN};
use crate::members::queries::{Beyond, Charge, LastAdministrator, may_appoint};
use crate::web::Error;

/// Why nothing was changed.
#[derive(Debug)]
pub enum ChangeError {
    NameTaken,
    /// Nobody would be left to administer the organisation.
    LastAdministrator,
    /// The identity provider manages the group.
    Managed,
    /// The token with which it is done may make nobody an administrator.
    Beyond(Beyond),
    /// These are no members of the organisation.
    Strangers,
    /// The group is not any more what the form was made for.
    Outdated(Box<Group>),
    Query(QueryError),
}

impl From<QueryError> for ChangeError {
    fn from(error: QueryError) -> Self {
        if violates(&error, "groups_name") {
            Self::NameTaken
        } else {
            Self::Query(error)
        }
    }
}

impl From<LastAdministrator> for ChangeError {
    fn from(_: LastAdministrator) -> Self {
        Self::LastAdministrator
    }
}

impl From<Beyond> for ChangeError {
    fn from(beyond: Beyond) -> Self {
        Self::Beyond(beyond)
    }
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NameTaken => Self::Conflict(NAME_TAKEN),
            ChangeError::LastAdministrator => Self::Conflict(LAST_ADMINISTRATOR),
            ChangeError::Managed => {
                Self::Conflict("The identity provider manages this group. Change it there.")
            }
            ChangeError::Beyond(beyond) => beyond.into(),
            ChangeError::Strangers => {
                Self::Conflict("Only members of the organisation can be in a group.")
            }
            ChangeError::Outdated(_) => {
                Self::Conflict("Someone else changed this group meanwhile. Nothing was changed.")
            }
            ChangeError::Query(error) => error.into(),
        }
    }
}

/// A group to create.
#[derive(Clone, Debug)]
pub struct NewGroup {
    pub name: GroupName,
    pub role: Option<Role>,
    /// What the identity provider calls it, if it does.
    pub external_id: Option<String>,
}

/// A group without members yet.
pub async fn create(
    connection: &mut Connection,
    actor: &Actor,
    keeper: Keeper,
    new: &NewGroup,
    now: DateTime<Utc>,
) -> Result<Group, ChangeError> {
    connection
        .transaction(async |connection| {
            Charge::take(connection, actor).await?;
            if new.role == Some(Role::Admin) {
                may_appoint::<ChangeError>(connection, actor).await?;
            }
            let id = GroupId::new(now);
            diesel::insert_into(groups::table)
                .values((
                    groups::id.eq(id),
                    groups::organization_id.eq(actor.organization()),
                    groups::name.eq(new.name.as_str()),
                    groups::role.eq(new.role),
                    groups::created_at.eq(now),
                    groups::managed.eq(keeper == Keeper::Scim),
                    groups::external_id.eq(&new.external_id),
                ))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::GroupCreated,
                subject: (id.uuid(), new.name.as_str()),
                changes: change_of_role(None, new.role).into_iter().collect(),
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(group(connection, actor.organization(), id).await?)
        })
        .await
}

/// What is to be other than it is; `None`: as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edit<'a> {
    pub name: Option<&'a GroupName>,
    pub role: Option<Option<Role>>,
}

impl<'a> Edit<'a> {
    #[must_use]
    pub fn both(name: &'a GroupName, role: Option<Role>) -> Self {
        Self {
            name: Some(name),
            role: Some(role),
        }
    }
}

/// Gives the group a name or a role. Administrators can give a role to a managed group too: that is
/// what the provider does not know of.
pub async fn edit(
    connection: &mut Connection,
    actor: &Actor,
    keeper: Keeper,
    id: impl Into<Pinned<GroupId>>,
    edit: Edit<'_>,
    now: DateTime<Utc>,
) -> Result<Group, ChangeError> {
    let pinned = id.into();
    let id = pinned.id;
    connection
        .transaction(async |connection| {
            let charge = Charge::take(connection, actor).await?;
            let old = lock(connection, actor, pinned).await?;
            let name = edit.name.map_or(&*old.name, GroupName::as_str);
            let role = edit.role.unwrap_or(old.role);
            let (from, to) = (old.name.clone(), name.to_owned());
            let renamed = Change::between("name", Some(from), Some(to));
            if renamed.is_some() {
                permit(keeper, &old)?;
            }
            if role == Some(Role::Admin) && old.role != role {
                may_appoint::<ChangeError>(connection, actor).await?;
            }
            let changes: Vec<Change> = [renamed, change_of_role(old.role, role)]
                .into_iter()
                .flatten()
                .collect();
            if changes.is_empty() {
                return Ok(old);
            }
            diesel::update(groups::table.find(id))
                .set((
                    groups::name.eq(name),
                    groups::role.eq(role),
                    groups::version.eq(groups::version + 1),
                ))
                .execute(connection)
                .await?;
            charge.keep::<ChangeError>(connection).await?;
            let entry = journal::Draft {
                action: Action::GroupEdited,
                subject: (id.uuid(), name),
                changes,
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(group(connection, actor.organization(), id).await?)
        })
        .await
}

/// Deletes the group. Its members stay members of the organisation. Returns the group as it was.
pub async fn delete(
    connection: &mut Connection,
    actor: &Actor,
    keeper: Keeper,
    id: impl Into<Pinned<GroupId>>,
    now: DateTime<Utc>,
) -> Result<Group, ChangeError> {
    let pinned = id.into();
    let id = pinned.id;
    connection
        .transaction(async |connection| {
            let charge = Charge::take(connection, actor).await?;
            let old = lock(connection, actor, pinned).await?;
            permit(keeper, &old)?;
            diesel::delete(groups::table.find(id))
                .execute(connection)
                .await?;
            charge.keep::<ChangeError>(connection).await?;
            let members = Change::between("members", Some(old.members.to_string()), None);
            let entry = journal::Draft {
                action: Action::GroupDeleted,
                subject: (id.uuid(), &old.name),
                changes: change_of_role(old.role, None)
                    .into_iter()
                    .chain(members)
                    .collect(),
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(old)
        })
        .await
}

fn change_of_role(from: Option<Role>, to: Option<Role>) -> Option<Change> {
    let name = |role: Role| role.as_str().to_owned();
    Change::between("role", from.map(name), to.map(name))
}

/// Whether the keeper may change the group's name and members.
pub(super) fn permit(keeper: Keeper, group: &Group) -> Result<(), ChangeError> {
    if group.managed && keeper != Keeper::Scim {
        return Err(ChangeError::Managed);
    }
    Ok(())
}

/// The organisation's group, if it still is of its version; nobody else can change it until the
/// transaction ends.
pub(super) async fn lock(
    connection: &mut Connection,
    actor: &Actor,
    pinned: Pinned<GroupId>,
) -> Result<Group, ChangeError> {
    groups::table
        .filter(groups::organization_id.eq(actor.organization()))
        .filter(groups::id.eq(pinned.id))
        .select(groups::id)
        .for_update()
        .get_result::<GroupId>(connection)
        .await?;
    let group = group(connection, actor.organization(), pinned.id).await?;
    if !pinned.admits(group.version) {
        return Err(ChangeError::Outdated(Box::new(group)));
    }
    Ok(group)
}
