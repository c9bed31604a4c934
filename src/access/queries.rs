//! What there is in the database on who asks.

mod authority;
pub mod sessions;

use chrono::{DateTime, Utc};
use diesel::dsl::{auto_type, exists};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;

use super::{Organization, OrganizationId, Role, UserId, Viewer};
use crate::db::Connection;
use crate::db::schema::{group_members, groups, memberships, organizations, users};

pub use authority::{authorize, authorize_for_token, hold, rights};

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

/// Notes that a member came in.
pub async fn note_sign_in(
    connection: &mut Connection,
    member: (OrganizationId, UserId),
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(memberships::table.find(member))
        .set(memberships::last_sign_in_at.eq(now))
        .execute(connection)
        .await?;
    Ok(())
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
