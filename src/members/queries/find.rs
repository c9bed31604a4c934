//! Single members, and those who administer.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::access::{OrganizationId, Role, UserId, is_lifted, known_as};
use crate::db::Connection;
use crate::db::schema::{memberships, users};
use crate::members::Member;

pub(super) type Row = (
    UserId,
    String,
    String,
    Role,
    bool,
    DateTime<Utc>,
    bool,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
    i32,
);

pub(super) fn assemble(row: Row) -> Member {
    let (
        id,
        name,
        email,
        own_role,
        is_lifted,
        joined_at,
        has_joined,
        deactivated_at,
        last_sign_in_at,
        version,
    ) = row;
    Member {
        id,
        name,
        email,
        own_role,
        is_lifted,
        joined_at,
        has_joined,
        deactivated_at,
        last_sign_in_at,
        version,
    }
}

/// What [`assemble`] makes a member of.
#[must_use]
#[diesel::dsl::auto_type]
pub(super) fn columns() -> _ {
    let is_lifted: is_lifted = is_lifted();
    let known_as: known_as = known_as();
    (
        users::id,
        known_as,
        users::email,
        memberships::role,
        is_lifted,
        memberships::created_at,
        memberships::has_joined,
        memberships::deactivated_at,
        memberships::last_sign_in_at,
        memberships::version,
    )
}

/// One member of the organisation.
pub async fn member(
    connection: &mut Connection,
    organization: OrganizationId,
    user: UserId,
) -> QueryResult<Member> {
    let row: Row = memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization))
        .filter(memberships::user_id.eq(user))
        .select(columns())
        .get_result(connection)
        .await?;
    Ok(assemble(row))
}

/// Active administrators that are offered at most.
const MOST_OFFERED: i64 = 200;

/// The organisation's active administrators who have joined, by name.
pub async fn administrators(
    connection: &mut Connection,
    organization: OrganizationId,
) -> QueryResult<Vec<(UserId, String, String)>> {
    memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization))
        .filter(memberships::deactivated_at.is_null())
        .filter(memberships::has_joined)
        .filter(memberships::role.eq(Role::Admin).or(is_lifted()))
        .order((memberships::search, users::id))
        .limit(MOST_OFFERED)
        .select((users::id, users::name, users::email))
        .load(connection)
        .await
}

/// Those of the organisation's members who have one of these emails, in lower case.
pub async fn of_emails(
    connection: &mut Connection,
    organization: OrganizationId,
    emails: &[String],
) -> QueryResult<Vec<(UserId, String)>> {
    memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization))
        .filter(users::email.eq_any(emails))
        .select((users::id, users::email))
        .load(connection)
        .await
}
