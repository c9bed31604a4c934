//! How many MCP tokens a user may have.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::access::{OrganizationId, UserId};
use crate::db::Connection;
use crate::db::schema::{memberships, token_usage, tokens};
use crate::tokens::Status;

/// Active (not disabled, revoked or expired) MCP tokens that a user may have in an organisation.
pub const MOST_ACTIVE: usize = 25;

/// Which of a user's active tokens has not been used for the longest time.
#[derive(Clone, Debug, Queryable)]
pub struct LeastUsed {
    pub name: String,
    /// `None`: never.
    pub at: Option<DateTime<Utc>>,
}

/// `None` if the user may have one more active token, or else which to do without. Until the transaction
/// ends, nobody else can give them one: the lock is on their membership.
pub async fn no_room(
    connection: &mut Connection,
    organization: OrganizationId,
    owner: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Option<LeastUsed>> {
    memberships::table
        .find((organization, owner))
        .select(memberships::user_id)
        .for_no_key_update()
        .get_result::<UserId>(connection)
        .await?;
    let mut active: Vec<LeastUsed> = tokens::table
        .inner_join(token_usage::table)
        .filter(tokens::organization_id.eq(organization))
        .filter(tokens::owner_id.eq(owner))
        .filter(Status::Active.condition(now))
        .order((token_usage::last_used_at.asc().nulls_first(), tokens::id))
        .select((tokens::name, token_usage::last_used_at))
        .load(connection)
        .await?;
    let is_full = active.len() >= MOST_ACTIVE;
    Ok(is_full.then(|| active.swap_remove(0)))
}
