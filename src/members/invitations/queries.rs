//! Pending invitations in the database.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::Pending;
use crate::access::{Actor, OrganizationId, Role};
use crate::db::Connection;
use crate::db::schema::{invitations, memberships, users};
use crate::identity::Email;
use crate::identity::queries::InvitationId;
use crate::journal::{self, Action};

/// Invitations that are listed.
const MOST_LISTED: i64 = 200;

type Row = (
    InvitationId,
    String,
    String,
    Role,
    DateTime<Utc>,
    DateTime<Utc>,
);

fn assemble((id, email, name, role, created_at, expires_at): Row) -> Pending {
    Pending {
        id,
        email,
        name,
        role,
        created_at,
        expires_at,
    }
}

#[must_use]
#[diesel::dsl::auto_type]
fn columns() -> _ {
    (
        invitations::id,
        invitations::email,
        invitations::name,
        invitations::role,
        invitations::created_at,
        invitations::expires_at,
    )
}

/// The organisation's invitations that can still be accepted, the newest first.
pub async fn list(
    connection: &mut Connection,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Pending>> {
    let rows: Vec<Row> = invitations::table
        .filter(invitations::organization_id.eq(organization))
        .filter(invitations::accepted_at.is_null())
        .filter(invitations::expires_at.gt(now))
        .order(invitations::id.desc())
        .limit(MOST_LISTED)
        .select(columns())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(assemble).collect())
}

pub async fn pending(
    connection: &mut Connection,
    organization: OrganizationId,
    id: InvitationId,
    now: DateTime<Utc>,
) -> QueryResult<Pending> {
    let row: Row = invitations::table
        .filter(invitations::organization_id.eq(organization))
        .filter(invitations::id.eq(id))
        .filter(invitations::accepted_at.is_null())
        .filter(invitations::expires_at.gt(now))
        .select(columns())
        .get_result(connection)
        .await?;
    Ok(assemble(row))
}

/// Makes the link one that leads nowhere. Returns the invitation as it was; one that was
/// accepted, revoked or has expired meanwhile is not found.
pub async fn revoke(
    connection: &mut Connection,
    actor: &Actor,
    id: InvitationId,
    now: DateTime<Utc>,
) -> QueryResult<Pending> {
    if !actor.may_change(None) {
        return Err(diesel::NotFound);
    }
    connection
        .transaction(async |connection| {
            let revoked = pending(connection, actor.organization(), id, now).await?;
            let deleted = diesel::delete(invitations::table.find(id))
                .filter(invitations::accepted_at.is_null())
                .execute(connection)
                .await?;
            if deleted == 0 {
                return Err(diesel::NotFound);
            }
            let entry = journal::Draft {
                action: Action::InvitationRevoked,
                subject: (id.uuid(), &revoked.email),
                changes: Vec::new(),
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(revoked)
        })
        .await
}

/// Whether the email is that of a member, deactivated ones too.
pub async fn is_member(
    connection: &mut Connection,
    organization: OrganizationId,
    email: &Email,
) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        memberships::table
            .inner_join(users::table)
            .filter(memberships::organization_id.eq(organization))
            .filter(users::email.eq(email.as_str())),
    ))
    .get_result(connection)
    .await
}
