//! MCP tokens: those that belong to one user of the organisation, of which each may have a
//! number that is active.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::change::{ChangeError, add, prefix};
use super::{Row, TokenRow, UsageRow, assemble};
use crate::access::{Actor, OrganizationId, UserId, Viewer};
use crate::catalogue::Product;
use crate::db::Connection;
use crate::db::schema::{memberships, products, token_usage, tokens};
use crate::tokens::draft::NewToken;
use crate::tokens::{Key, Secret, Standing, Token, TokenId};

/// Active (not disabled, revoked or expired) MCP tokens that a user may have in an organisation.
pub const MOST_ACTIVE: usize = 25;

/// Which of a user's active tokens has not been used for the longest time.
#[derive(Clone, Debug, Queryable)]
pub struct LeastUsed {
    pub name: String,
    /// `None`: never.
    pub at: Option<DateTime<Utc>>,
}

/// Creates an MCP token of the actor's own with a new secret, which is in the answer and nowhere
/// else.
pub async fn create_mcp(
    connection: &mut Connection,
    actor: &Actor,
    new: &NewToken,
    now: DateTime<Utc>,
) -> Result<(Token, Secret), ChangeError> {
    let owner = actor.user();
    let secret = Secret::generate(prefix(owner, None));
    let token = connection
        .transaction(async |connection| {
            let owner = owner.ok_or(diesel::result::Error::NotFound)?;
            room(connection, actor.organization(), owner, now).await?;
            add(connection, actor, Some(owner), new, &secret, now).await
        })
        .await?;
    Ok((token, secret))
}

/// Fails unless the user may have one more active token. Until the transaction ends, nobody else
/// can give them one: the lock is on their membership.
pub(super) async fn room(
    connection: &mut Connection,
    organization: OrganizationId,
    owner: UserId,
    now: DateTime<Utc>,
) -> Result<(), ChangeError> {
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
        .filter(tokens::standing.eq(Standing::Active))
        .filter(tokens::expires_sort.gt(now))
        .order((token_usage::last_used_at.asc().nulls_first(), tokens::id))
        .select((tokens::name, token_usage::last_used_at))
        .load(connection)
        .await?;
    if active.len() < MOST_ACTIVE {
        return Ok(());
    }
    Err(ChangeError::Full(active.swap_remove(0)))
}

/// Tokens of one user that are listed.
const MOST_LISTED: i64 = 200;

/// The user's tokens in the organisation that they look at: the enabled, the disabled, the
/// revoked ones, each the newest first.
pub async fn of_owner(connection: &mut Connection, viewer: &Viewer) -> QueryResult<Vec<Token>> {
    let rows: Vec<Row> = tokens::table
        .inner_join(token_usage::table)
        .left_join(products::table)
        .filter(tokens::organization_id.eq(viewer.organization().id))
        .filter(tokens::owner_id.eq(viewer.user()))
        .order((tokens::standing, tokens::id.desc()))
        .limit(MOST_LISTED)
        .select((
            TokenRow::as_select(),
            UsageRow::as_select(),
            Option::<Product>::as_select(),
        ))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(assemble).collect())
}

/// One of the user's own tokens.
pub async fn owned(
    connection: &mut Connection,
    viewer: &Viewer,
    id: TokenId,
) -> QueryResult<Token> {
    let key = Key {
        id,
        owner: Some(viewer.user()),
    };
    super::find::find(connection, viewer.organization().id, key).await
}
