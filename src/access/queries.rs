//! Memberships and sessions in the database.

use chrono::{DateTime, Utc};
use diesel::dsl::{auto_type, exists};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::session::{ABSOLUTE, IDLE, ORGANIZATION};
use super::{Organization, OrganizationId, Role, UserId, Viewer};
use crate::db::Connection;
use crate::db::schema::{group_members, groups, memberships, organizations, sessions, users};
use crate::secret::Digest;

/// Whether a group makes the member in a row of `memberships` an administrator, whatever their
/// own role.
#[must_use]
#[auto_type]
pub fn is_lifted() -> _ {
    let role: Role = Role::Admin;
    exists(
        group_members::table
            .inner_join(groups::table.on(groups::id.eq(group_members::group_id)))
            .filter(group_members::organization_id.eq(memberships::organization_id))
            .filter(group_members::user_id.eq(memberships::user_id))
            .filter(groups::role.eq(role)),
    )
}

diesel::define_sql_function! { fn coalesce(one: Nullable<Text>, other: Text) -> Text; }

/// What an organisation calls the member in a row of `memberships`: by their account's name, or, until
/// they have joined, by the name that it has of them itself.
#[must_use]
#[auto_type]
pub fn known_as() -> _ {
    coalesce(memberships::known_as, users::name)
}

/// The user in the organisation `wanted`, or in their first by name; `None` for one who has
/// joined none, or does not exist.
pub async fn viewer(
    connection: &mut Connection,
    user: UserId,
    wanted: Option<OrganizationId>,
) -> QueryResult<Option<Viewer>> {
    view(connection, user, wanted, None).await
}

/// The user as one whom the organisation's own tokens speak for, whether they have joined or not;
/// `None` for one who is no active member of it.
pub async fn member(
    connection: &mut Connection,
    user: UserId,
    organization: OrganizationId,
) -> QueryResult<Option<Viewer>> {
    let here = Some(organization);
    let viewer = view(connection, user, here, here).await?;
    Ok(viewer.filter(|viewer| viewer.organization.id == organization))
}

async fn view(
    connection: &mut Connection,
    user: UserId,
    wanted: Option<OrganizationId>,
    vouching: Option<OrganizationId>,
) -> QueryResult<Option<Viewer>> {
    let rows: Vec<(OrganizationId, String, Role, bool, String, String)> = memberships::table
        .inner_join(organizations::table)
        .inner_join(users::table)
        .filter(memberships::user_id.eq(user))
        .filter(memberships::deactivated_at.is_null())
        .filter(memberships::has_joined.or(memberships::organization_id.nullable().eq(vouching)))
        .order((organizations::name, organizations::id))
        .select((
            organizations::id,
            organizations::name,
            memberships::role,
            is_lifted(),
            known_as(),
            users::email,
        ))
        .load(connection)
        .await?;
    let chosen = rows
        .iter()
        .find(|row| Some(row.0) == wanted)
        .or_else(|| rows.as_slice().first());
    Ok(
        chosen.map(|(id, organization, role, is_lifted, name, email)| Viewer {
            user,
            name: name.clone(),
            email: email.clone(),
            role: role.lifted(*is_lifted),
            organization: Organization {
                id: *id,
                name: organization.clone(),
            },
            organizations: rows
                .iter()
                .map(|row| Organization {
                    id: row.0,
                    name: row.1.clone(),
                })
                .collect(),
        }),
    )
}

/// Whether the user administers the organisation, be it by a group, or would if they were not
/// deactivated.
pub async fn is_administrator(
    connection: &mut Connection,
    user: UserId,
    organization: OrganizationId,
) -> QueryResult<bool> {
    let found: Option<(Role, bool)> = memberships::table
        .find((organization, user))
        .select((memberships::role, is_lifted()))
        .get_result(connection)
        .await
        .optional()?;
    Ok(found.is_some_and(|(role, is_lifted)| role.lifted(is_lifted) == Role::Admin))
}

/// Who has this email and is active in the organisation.
pub async fn active_member(
    connection: &mut Connection,
    email: &str,
    organization: OrganizationId,
) -> QueryResult<UserId> {
    memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization))
        .filter(memberships::deactivated_at.is_null())
        .filter(users::email.eq(email))
        .select(users::id)
        .get_result(connection)
        .await
}

/// The state of a session that was begun after `begun` and seen after `seen`.
pub async fn session(
    connection: &mut Connection,
    digest: &Digest,
    begun: DateTime<Utc>,
    seen: DateTime<Utc>,
) -> QueryResult<Option<Value>> {
    sessions::table
        .find(&digest.as_bytes()[..])
        .filter(sessions::created_at.gt(begun))
        .filter(sessions::last_seen_at.gt(seen))
        .select(sessions::state)
        .get_result(connection)
        .await
        .optional()
}

pub async fn insert_session(
    connection: &mut Connection,
    digest: &Digest,
    user: Option<UserId>,
    state: Value,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::digest.eq(&digest.as_bytes()[..]),
            sessions::user_id.eq(user),
            sessions::state.eq(state),
            sessions::created_at.eq(now),
            sessions::last_seen_at.eq(now),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Returns whether the session still existed.
pub async fn update_session(
    connection: &mut Connection,
    digest: &Digest,
    user: Option<UserId>,
    state: Value,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let updated = diesel::update(sessions::table.find(&digest.as_bytes()[..]))
        .set((
            sessions::user_id.eq(user),
            sessions::state.eq(state),
            sessions::last_seen_at.eq(now),
        ))
        .execute(connection)
        .await?;
    Ok(updated == 1)
}

/// Notes that the session was seen, unless that was noted after `unless_since`.
pub async fn touch_session(
    connection: &mut Connection,
    digest: &Digest,
    unless_since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(sessions::table.find(&digest.as_bytes()[..]))
        .filter(sessions::last_seen_at.lt(unless_since))
        .set(sessions::last_seen_at.eq(now))
        .execute(connection)
        .await?;
    Ok(())
}

/// State, beginning and last use of the user's sessions that [`session`] would find, the last
/// used first.
pub async fn sessions_of(
    connection: &mut Connection,
    user: UserId,
    begun: DateTime<Utc>,
    seen: DateTime<Utc>,
) -> QueryResult<Vec<(Value, DateTime<Utc>, DateTime<Utc>)>> {
    sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::created_at.gt(begun))
        .filter(sessions::last_seen_at.gt(seen))
        .order((sessions::last_seen_at.desc(), sessions::created_at.desc()))
        .select((
            sessions::state,
            sessions::created_at,
            sessions::last_seen_at,
        ))
        .load(connection)
        .await
}

/// Ends the user's sessions in whose state `name` is not `value`.
pub async fn delete_sessions_but(
    connection: &mut Connection,
    user: UserId,
    name: &str,
    value: &str,
) -> QueryResult<usize> {
    diesel::delete(sessions::table)
        .filter(sessions::user_id.eq(user))
        .filter(
            sessions::state
                .retrieve_as_text(name)
                .is_distinct_from(value),
        )
        .execute(connection)
        .await
}

/// Ends the user's sessions in the organisation: those that look at it, and those in which none
/// was chosen; how many there were.
pub async fn end_sessions(
    connection: &mut Connection,
    user: UserId,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let chosen = sessions::state.retrieve_as_text(ORGANIZATION);
    // As JSON has it.
    let organization = format!("\"{organization}\"");
    diesel::delete(sessions::table)
        .filter(sessions::user_id.eq(user))
        .filter(sessions::created_at.gt(now - ABSOLUTE))
        .filter(sessions::last_seen_at.gt(now - IDLE))
        .filter(chosen.is_null().or(chosen.eq(organization)))
        .execute(connection)
        .await
}

/// Ends all of the user's sessions, in whichever organisation.
pub async fn end_all_sessions(connection: &mut Connection, user: UserId) -> QueryResult<usize> {
    diesel::delete(sessions::table)
        .filter(sessions::user_id.eq(user))
        .execute(connection)
        .await
}

pub async fn delete_session(connection: &mut Connection, digest: &Digest) -> QueryResult<()> {
    diesel::delete(sessions::table.find(&digest.as_bytes()[..]))
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets the sessions that [`session`] would not find any more.
pub async fn delete_ended_sessions(
    connection: &mut Connection,
    begun: DateTime<Utc>,
    seen: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(sessions::table)
        .filter(
            sessions::created_at
                .le(begun)
                .or(sessions::last_seen_at.le(seen)),
        )
        .execute(connection)
        .await
}
