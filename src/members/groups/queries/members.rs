//! Who is in a group, and changes of that, many at a time.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::change::{ChangeError, lock, permit};
use crate::access::{Actor, OrganizationId, Role, UserId};
use crate::db::schema::{group_members, groups, memberships, users};
use crate::db::{Connection, Pinned};
use crate::journal::{self, Action, Change};
use crate::members::groups::{Group, GroupId, Keeper};
use crate::members::queries::{Charge, may_appoint};

/// Rows that one statement writes.
const AT_ONCE: usize = 10_000;

/// All members of the organisation's group.
pub async fn member_ids(
    connection: &mut Connection,
    organization: OrganizationId,
    id: GroupId,
) -> QueryResult<Vec<UserId>> {
    group_members::table
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::group_id.eq(id))
        .order(group_members::user_id)
        .select(group_members::user_id)
        .load(connection)
        .await
}

/// Adds those of the users who are not in the group yet; how many.
pub async fn add_members(
    connection: &mut Connection,
    actor: &Actor,
    keeper: Keeper,
    group: impl Into<Pinned<GroupId>>,
    users: &[UserId],
    now: DateTime<Utc>,
) -> Result<usize, ChangeError> {
    let pinned = group.into();
    let id = pinned.id;
    connection
        .transaction(async |connection| {
            Charge::take(connection, actor).await?;
            let group = open(connection, actor, keeper, pinned).await?;
            let present = member_ids(connection, actor.organization(), id).await?;
            let added = without(users, &present);
            add(connection, actor, &group, &added, now).await?;
            Ok(added.len())
        })
        .await
}

/// Takes those of the users who are in the group out of it; how many.
pub async fn remove_members(
    connection: &mut Connection,
    actor: &Actor,
    keeper: Keeper,
    group: impl Into<Pinned<GroupId>>,
    users: &[UserId],
    now: DateTime<Utc>,
) -> Result<usize, ChangeError> {
    let pinned = group.into();
    let id = pinned.id;
    connection
        .transaction(async |connection| {
            let charge = Charge::take(connection, actor).await?;
            let group = open(connection, actor, keeper, pinned).await?;
            let present = member_ids(connection, actor.organization(), id).await?;
            let removed = without(&present, &without(&present, users));
            remove(connection, actor, &group, &removed, now).await?;
            charge.keep::<ChangeError>(connection).await?;
            Ok(removed.len())
        })
        .await
}

/// Makes these users the group's members, and no others; how many were added and removed.
pub async fn set_members(
    connection: &mut Connection,
    actor: &Actor,
    keeper: Keeper,
    id: GroupId,
    users: &[UserId],
    now: DateTime<Utc>,
) -> Result<(usize, usize), ChangeError> {
    connection
        .transaction(async |connection| {
            let charge = Charge::take(connection, actor).await?;
            let group = open(connection, actor, keeper, id.into()).await?;
            let present = member_ids(connection, actor.organization(), id).await?;
            let (added, removed) = (without(users, &present), without(&present, users));
            add(connection, actor, &group, &added, now).await?;
            remove(connection, actor, &group, &removed, now).await?;
            charge.keep::<ChangeError>(connection).await?;
            Ok((added.len(), removed.len()))
        })
        .await
}

/// The group, locked, if it still is of its version and the keeper may change who is in it.
async fn open(
    connection: &mut Connection,
    actor: &Actor,
    keeper: Keeper,
    pinned: Pinned<GroupId>,
) -> Result<Group, ChangeError> {
    let group = lock(connection, actor, pinned).await?;
    permit(keeper, &group)?;
    Ok(group)
}

/// Those of `users` that are not among `others`, each once.
fn without(users: &[UserId], others: &[UserId]) -> Vec<UserId> {
    let mut seen: HashSet<UserId> = others.iter().copied().collect();
    users
        .iter()
        .copied()
        .filter(|user| seen.insert(*user))
        .collect()
}

async fn add(
    connection: &mut Connection,
    actor: &Actor,
    group: &Group,
    added: &[UserId],
    now: DateTime<Utc>,
) -> Result<(), ChangeError> {
    // Whom the identity provider makes administrators is its own to say: whoever gave the role to
    // a group of its allowed that.
    if group.role == Some(Role::Admin) && !group.managed && !added.is_empty() {
        may_appoint::<ChangeError>(connection, actor).await?;
    }
    let people = people(connection, actor.organization(), added).await?;
    if people.len() < added.len() {
        return Err(ChangeError::Strangers);
    }
    let rows: Vec<_> = added
        .iter()
        .map(|user| {
            (
                group_members::organization_id.eq(actor.organization()),
                group_members::group_id.eq(group.id),
                group_members::user_id.eq(*user),
            )
        })
        .collect();
    for rows in rows.chunks(AT_ONCE) {
        diesel::insert_into(group_members::table)
            .values(rows)
            .execute(connection)
            .await?;
    }
    let change = Change::set("group", &group.name);
    tell(
        connection,
        actor,
        group,
        Action::GroupMemberAdded,
        (&people, change),
        now,
    )
    .await?;
    Ok(())
}

async fn remove(
    connection: &mut Connection,
    actor: &Actor,
    group: &Group,
    removed: &[UserId],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let people = people(connection, actor.organization(), removed).await?;
    diesel::delete(group_members::table)
        .filter(group_members::organization_id.eq(actor.organization()))
        .filter(group_members::group_id.eq(group.id))
        .filter(group_members::user_id.eq_any(removed))
        .execute(connection)
        .await?;
    let change = Change {
        field: "group".to_owned(),
        from: Some(group.name.clone()),
        to: None,
    };
    tell(
        connection,
        actor,
        group,
        Action::GroupMemberRemoved,
        (&people, change),
        now,
    )
    .await
}

/// Those of the users who are members of the organisation, with their emails; whoever
/// holds the charge knows that they stay.
async fn people(
    connection: &mut Connection,
    organization: OrganizationId,
    ids: &[UserId],
) -> QueryResult<Vec<(UserId, String)>> {
    memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization))
        .filter(memberships::user_id.eq_any(ids))
        .order(users::id)
        .select((users::id, users::email))
        .load(connection)
        .await
}

/// Counts the change, and writes an entry for each of the people.
async fn tell(
    connection: &mut Connection,
    actor: &Actor,
    group: &Group,
    action: Action,
    (people, change): (&[(UserId, String)], Change),
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if people.is_empty() {
        return Ok(());
    }
    diesel::update(groups::table.find(group.id))
        .set(groups::version.eq(groups::version + 1))
        .execute(connection)
        .await?;
    let entries: Vec<_> = people
        .iter()
        .map(|(user, email)| journal::Draft {
            action,
            subject: (user.uuid(), &**email),
            changes: vec![change.clone()],
        })
        .collect();
    journal::record_all(connection, actor, &entries, now).await
}
