//! How the links of invitations end.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::access::{Actor, UserId};
use crate::db::Connection;
use crate::db::schema::invitations;
use crate::db::types::id;
use crate::journal::{self, Action};

id!(InvitationId);

/// Pending links of the organisation for this email, or to this account, lead nowhere any more: they
/// are for whoever comes in or goes now, and would let them in again once they are out; or another
/// takes their place.
pub async fn end_links(
    connection: &mut Connection,
    actor: &Actor,
    (user, email): (Option<UserId>, &str),
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let ended = diesel::delete(invitations::table)
        .filter(invitations::organization_id.eq(actor.organization()))
        .filter(invitations::accepted_at.is_null())
        .filter(
            invitations::email
                .eq(email)
                .or(invitations::user_id.eq(user)),
        )
        .returning((invitations::id, invitations::email, invitations::expires_at));
    let ended: Vec<(InvitationId, String, DateTime<Utc>)> = ended.get_results(connection).await?;
    let entries: Vec<_> = ended
        .iter()
        .filter(|(.., expires_at)| *expires_at > now)
        .map(|(id, email, _)| journal::Draft {
            action: Action::InvitationRevoked,
            subject: (id.uuid(), email),
            changes: Vec::new(),
        })
        .collect();
    journal::record_all(connection, actor, &entries, now).await
}

/// Nobody sets a password by a link that was made before the present one was.
pub async fn end_password_links(connection: &mut Connection, user: UserId) -> QueryResult<usize> {
    diesel::delete(invitations::table)
        .filter(invitations::user_id.eq(user))
        .filter(invitations::renews_password)
        .filter(invitations::accepted_at.is_null())
        .execute(connection)
        .await
}
