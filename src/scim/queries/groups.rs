//! Groups. What becomes of them is `members`' to say: one that an identity provider has taken on
//! is not edited by hand any more.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::{condition, explained, order, prepare};
use crate::access::{Actor, OrganizationId, Role, UserId, known_as};
use crate::db::schema::{group_members, groups, memberships, users};
use crate::db::{Connection, violates};
use crate::journal::{self, Action, Change};
use crate::members::groups::queries::{self as kept, ChangeError, NewGroup};
use crate::members::groups::{GroupId, GroupName, Keeper};
use crate::members::queries::Charge;
use crate::scim::document::Document;
use crate::scim::group::{Group, Member, MemberChanges, Wanted};
use crate::scim::problem;
use crate::scim::search::Search;
use crate::scim::version::{Condition, Tag};
use crate::web::Error;

#[derive(Queryable, Selectable)]
#[diesel(table_name = groups)]
struct Row {
    id: GroupId,
    name: String,
    external_id: Option<String>,
    role: Option<Role>,
    managed: bool,
    version: i32,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
}

impl From<Row> for Group {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            external_id: row.external_id,
            version: row.version,
            created_at: row.created_at,
            modified_at: row.modified_at,
        }
    }
}

/// How many groups are found, and those of the page.
pub async fn page(
    connection: &mut Connection,
    organization: OrganizationId,
    search: &Search,
) -> Result<(i64, Vec<Group>), Error> {
    connection
        .transaction(async |connection| {
            prepare(connection).await?;
            let all = found(organization, search)?.select(count_star());
            let total = all.get_result(connection).await?;
            if total < search.start {
                return Ok((total, Vec::new()));
            }
            let found = found(organization, search)?;
            let ids: Vec<GroupId> = order::of_groups(found, search.sort.as_ref())
                .offset(search.start - 1)
                .limit(search.count)
                .load(connection)
                .await?;
            Ok((total, in_order(connection, organization, &ids).await?))
        })
        .await
        .map_err(explained)
}

/// Those that are found, in no order.
pub(super) fn found(
    organization: OrganizationId,
    search: &Search,
) -> Result<order::Groups<'static>, Error> {
    let found = groups::table
        .filter(groups::organization_id.eq(organization))
        .select(groups::id)
        .into_boxed();
    Ok(match &search.criterion {
        Some(criterion) => found.filter(condition::of_groups(criterion, organization)?),
        None => found,
    })
}

pub(super) async fn in_order(
    connection: &mut Connection,
    organization: OrganizationId,
    ids: &[GroupId],
) -> QueryResult<Vec<Group>> {
    let rows: Vec<Row> = groups::table
        .filter(groups::organization_id.eq(organization))
        .filter(groups::id.eq_any(ids))
        .select(Row::as_select())
        .load(connection)
        .await?;
    let mut found: Vec<Group> = rows.into_iter().map(Group::from).collect();
    found.sort_by_key(|group| ids.iter().position(|id| *id == group.id));
    Ok(found)
}

pub async fn find(
    connection: &mut Connection,
    organization: OrganizationId,
    id: GroupId,
) -> QueryResult<Group> {
    let row: Row = groups::table
        .filter(groups::organization_id.eq(organization))
        .filter(groups::id.eq(id))
        .select(Row::as_select())
        .get_result(connection)
        .await?;
    Ok(row.into())
}

/// How many of the groups, from the first on, have no more than `most` members together, though at
/// least one.
pub async fn fitting(
    connection: &mut Connection,
    organization: OrganizationId,
    ids: &[GroupId],
    most: i64,
) -> QueryResult<usize> {
    let sizes = kept::sizes(connection, organization, ids).await?;
    let mut sum = 0;
    let fit = ids.iter().take_while(|id| {
        sum += sizes.get(id).unwrap_or(&0);
        sum <= most
    });
    Ok(fit.count().max(1).min(ids.len()))
}

/// The members of groups, by group and ID.
pub async fn members_of(
    connection: &mut Connection,
    organization: OrganizationId,
    ids: &[GroupId],
) -> QueryResult<Vec<(GroupId, Member)>> {
    let rows: Vec<(GroupId, UserId, String)> = group_members::table
        .inner_join(users::table.on(users::id.eq(group_members::user_id)))
        .inner_join(
            memberships::table.on(memberships::organization_id
                .eq(group_members::organization_id)
                .and(memberships::user_id.eq(group_members::user_id))),
        )
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::group_id.eq_any(ids))
        .order((group_members::group_id, group_members::user_id))
        .select((group_members::group_id, users::id, known_as()))
        .load(connection)
        .await?;
    let member = |(group, id, name)| (group, Member { id, name });
    Ok(rows.into_iter().map(member).collect())
}

/// # Errors
/// `uniqueness`
pub async fn create(
    connection: &mut Connection,
    actor: &Actor,
    wanted: &Wanted,
    members: &BTreeSet<UserId>,
    now: DateTime<Utc>,
) -> Result<Group, Error> {
    connection
        .transaction(async |connection| {
            let new = NewGroup {
                name: wanted.name.clone(),
                role: None,
                external_id: wanted.external_id.clone(),
            };
            let group = kept::create(connection, actor, Keeper::Scim, &new, now).await;
            let id = group.map_err(refused)?.id;
            let members = MemberChanges {
                added: members.clone(),
                ..MemberChanges::default()
            };
            change_members(connection, actor, id, &members, now).await?;
            Ok(modified(connection, actor, id, now).await?)
        })
        .await
}

/// Makes of a group what `edit` makes of the whole resource and of its members.
///
/// # Errors
/// Those of `edit`; 412; `uniqueness`; [`Error::Conflict`] where it is kept by hand, or nobody would
/// be left to administer the organisation.
pub async fn change(
    connection: &mut Connection,
    actor: &Actor,
    id: GroupId,
    condition: &Condition,
    edit: impl Fn(&mut Document) -> Result<MemberChanges, Error> + Send + Sync,
    now: DateTime<Utc>,
) -> Result<Group, Error> {
    connection
        .transaction(async |connection| {
            Charge::take(connection, actor).await?;
            let row = lock(connection, actor, id).await?;
            condition.check(&Tag::of(row.version))?;
            permit(&row)?;
            let is_taken_on = !row.managed;
            let old = Group::from(row);
            let mut document = old.whole();
            let members = edit(&mut document)?;
            let wanted = Wanted::of(&document)?;
            let edit = kept::Edit {
                name: Some(&wanted.name),
                role: None,
            };
            kept::edit(connection, actor, Keeper::Scim, id, edit, now)
                .await
                .map_err(refused)?;
            let (from, to) = (old.external_id.clone(), wanted.external_id.clone());
            let renamed = Change::between("external_id", from, to);
            if renamed.is_some() {
                set_external_id(connection, id, &wanted).await?;
            }
            change_members(connection, actor, id, &members, now).await?;
            let new = find(connection, actor.organization(), id).await?;
            if new.version == old.version {
                return Ok(new);
            }
            if is_taken_on {
                take_on(connection, id).await?;
            }
            let kept_by = is_taken_on.then(|| Change {
                field: "kept_by".to_owned(),
                from: Some("administrators".to_owned()),
                to: Some("SCIM".to_owned()),
            });
            record(
                connection,
                actor,
                (id, &wanted.name),
                [kept_by, renamed],
                now,
            )
            .await?;
            Ok(modified(connection, actor, id, now).await?)
        })
        .await
}

/// # Errors
/// 412; [`Error::Conflict`], as for a change.
pub async fn delete(
    connection: &mut Connection,
    actor: &Actor,
    id: GroupId,
    condition: &Condition,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    connection
        .transaction(async |connection| {
            Charge::take(connection, actor).await?;
            let row = lock(connection, actor, id).await?;
            condition.check(&Tag::of(row.version))?;
            permit(&row)?;
            kept::delete(connection, actor, Keeper::Scim, id, now)
                .await
                .map_err(refused)?;
            Ok(())
        })
        .await
}

async fn lock(connection: &mut Connection, actor: &Actor, id: GroupId) -> QueryResult<Row> {
    groups::table
        .filter(groups::organization_id.eq(actor.organization()))
        .filter(groups::id.eq(id))
        .select(Row::as_select())
        .for_update()
        .get_result(connection)
        .await
}

/// Not a group that makes its members administrators and is kept by hand: who may provision would
/// else make anybody one.
fn permit(row: &Row) -> Result<(), Error> {
    if row.role.is_some() && !row.managed {
        return Err(Error::Conflict(
            "This group makes its members administrators and is kept by hand. Provision another \
             group, and give that the role.",
        ));
    }
    Ok(())
}

/// From the first change on, the identity provider keeps the group.
async fn take_on(connection: &mut Connection, id: GroupId) -> QueryResult<usize> {
    diesel::update(groups::table.find(id))
        .set((
            groups::managed.eq(true),
            groups::version.eq(groups::version + 1),
        ))
        .execute(connection)
        .await
}

/// What administrators do not know of.
async fn record(
    connection: &mut Connection,
    actor: &Actor,
    (id, name): (GroupId, &GroupName),
    changes: [Option<Change>; 2],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let changes: Vec<Change> = changes.into_iter().flatten().collect();
    if changes.is_empty() {
        return Ok(());
    }
    let entry = journal::Draft {
        action: Action::GroupEdited,
        subject: (id.uuid(), name.as_str()),
        changes,
    };
    journal::record(connection, actor, entry, now).await
}

async fn set_external_id(
    connection: &mut Connection,
    id: GroupId,
    wanted: &Wanted,
) -> Result<(), Error> {
    diesel::update(groups::table.find(id))
        .set((
            groups::external_id.eq(&wanted.external_id),
            groups::version.eq(groups::version + 1),
        ))
        .execute(connection)
        .await
        .map_err(|error| refused(error.into()))?;
    Ok(())
}

/// Whoever is not in the organisation is passed over: a provider that does not know yet that
/// somebody was removed here sends the whole group, and not again when that is refused.
async fn change_members(
    connection: &mut Connection,
    actor: &Actor,
    id: GroupId,
    members: &MemberChanges,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let added: Vec<UserId> = memberships::table
        .filter(memberships::organization_id.eq(actor.organization()))
        .filter(memberships::user_id.eq_any(&members.added))
        .order(memberships::user_id)
        .select(memberships::user_id)
        .load(connection)
        .await?;
    let removed: Vec<UserId> = members.removed.iter().copied().collect();
    if members.is_replaced {
        let set = kept::set_members(connection, actor, Keeper::Scim, id, &added, now).await;
        set.map_err(refused)?;
        return Ok(());
    }
    // One administrator may take another's place.
    if !added.is_empty() {
        kept::add_members(connection, actor, Keeper::Scim, id, &added, now)
            .await
            .map_err(refused)?;
    }
    if !removed.is_empty() {
        kept::remove_members(connection, actor, Keeper::Scim, id, &removed, now)
            .await
            .map_err(refused)?;
    }
    Ok(())
}

async fn modified(
    connection: &mut Connection,
    actor: &Actor,
    id: GroupId,
    now: DateTime<Utc>,
) -> QueryResult<Group> {
    diesel::update(groups::table.find(id))
        .set(groups::modified_at.eq(now))
        .execute(connection)
        .await?;
    find(connection, actor.organization(), id).await
}

fn refused(error: ChangeError) -> Error {
    match error {
        ChangeError::NameTaken => problem::taken("Another group has this displayName."),
        ChangeError::Query(error) if violates(&error, "groups_external_id") => {
            problem::taken("Another group has this externalId.")
        }
        ChangeError::Query(QueryError::NotFound) => Error::NotFound,
        error => error.into(),
    }
}
