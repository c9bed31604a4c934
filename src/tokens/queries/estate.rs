//! What somebody leaves behind: the API tokens that they answer for, and their own MCP tokens.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::revocations::{self, Locked};
use crate::access::{Actor, OrganizationId, UserId};
use crate::db::Connection;
use crate::db::schema::tokens;
use crate::journal::{self, Action, Change};
use crate::tokens::{Standing, Status, TokenId};

/// Whose tokens.
#[derive(Clone, Copy, Debug)]
pub enum Estate {
    /// The API tokens that somebody answers for.
    AnsweredFor(UserId),
    /// Somebody's MCP tokens.
    OwnedBy(UserId),
}

/// A token of somebody's, that is not revoked.
#[derive(Clone, Debug, Queryable)]
pub struct Left {
    pub id: TokenId,
    pub name: String,
    pub standing: Standing,
    pub expires_at: Option<DateTime<Utc>>,
}

impl Left {
    #[must_use]
    pub fn status(&self, now: &DateTime<Utc>) -> Status {
        Status::of(self.standing, self.expires_at, *now)
    }
}

/// Those that are not revoked, the newest first.
fn left(organization: OrganizationId, estate: Estate) -> tokens::BoxedQuery<'static, Pg> {
    let query = tokens::table
        .filter(tokens::organization_id.eq(organization))
        .filter(tokens::standing.ne(Standing::Revoked))
        .into_boxed();
    match estate {
        Estate::AnsweredFor(user) => query
            .filter(tokens::responsible_id.eq(user))
            .filter(tokens::owner_id.is_null()),
        Estate::OwnedBy(user) => query.filter(tokens::owner_id.eq(user)),
    }
}

/// How many there are, and the newest of them.
pub async fn survey_estate(
    connection: &mut Connection,
    organization: OrganizationId,
    estate: Estate,
    limit: i64,
) -> QueryResult<(i64, Vec<Left>)> {
    let count = left(organization, estate)
        .count()
        .get_result(connection)
        .await?;
    let newest = left(organization, estate)
        .order(tokens::id.desc())
        .limit(limit)
        .select((
            tokens::id,
            tokens::name,
            tokens::standing,
            tokens::expires_at,
        ))
        .load(connection)
        .await?;
    Ok((count, newest))
}

/// All of them, which nobody else can change until the transaction ends.
async fn lock(
    connection: &mut Connection,
    actor: &Actor,
    estate: Estate,
) -> QueryResult<Vec<Locked>> {
    let ids: Vec<TokenId> = left(actor.organization(), estate)
        .select(tokens::id)
        .load(connection)
        .await?;
    let mut locked = revocations::lock(connection, actor, &ids).await?;
    locked.retain(|token| token.standing != Standing::Revoked);
    Ok(locked)
}

/// Revokes them for ever; how many there were. To be called in a transaction.
pub async fn revoke_estate(
    connection: &mut Connection,
    actor: &Actor,
    estate: Estate,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let tokens = lock(connection, actor, estate).await?;
    let revoked = revocations::revoke(connection, actor, &tokens, now).await?;
    Ok(revoked.len())
}

/// Hands the API tokens that one answers for to another; how many there were. To be called in a
/// transaction.
pub async fn hand_over(
    connection: &mut Connection,
    actor: &Actor,
    (from, from_name): (UserId, &str),
    (to, to_name): (UserId, &str),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let tokens = lock(connection, actor, Estate::AnsweredFor(from)).await?;
    let ids: Vec<TokenId> = tokens.iter().map(|token| token.id).collect();
    diesel::update(tokens::table.filter(tokens::id.eq_any(&ids)))
        .set((
            tokens::responsible_id.eq(to),
            tokens::version.eq(tokens::version + 1),
        ))
        .execute(connection)
        .await?;
    let change = Change {
        field: "responsible".to_owned(),
        from: Some(from_name.to_owned()),
        to: Some(to_name.to_owned()),
    };
    let entries: Vec<_> = tokens
        .iter()
        .map(|token| journal::Draft {
            action: Action::TokenHandedOver,
            subject: (token.id.uuid(), &*token.name),
            changes: vec![change.clone()],
        })
        .collect();
    journal::record_all(connection, actor, &entries, now).await?;
    Ok(tokens.len())
}
