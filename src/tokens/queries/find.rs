//! Single tokens and their secrets.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Row, SecretRecord, assemble, rows};
use crate::access::{OrganizationId, Overseer};
use crate::db::Connection;
use crate::db::schema::{secrets, tokens};
use crate::tokens::{Key, Standing, Token, TokenId};
use crate::web::text::fold;

/// One token of the organisation.
pub async fn token(
    connection: &mut Connection,
    overseer: &impl Overseer,
    key: Key,
) -> QueryResult<Token> {
    find(connection, overseer.overseen(), key).await
}

/// The organisation's API token with this name that is not revoked.
pub async fn named(
    connection: &mut Connection,
    overseer: &impl Overseer,
    name: &str,
) -> QueryResult<TokenId> {
    tokens::table
        .filter(tokens::organization_id.eq(overseer.overseen()))
        .filter(tokens::owner_id.is_null())
        .filter(tokens::standing.ne(Standing::Revoked))
        .filter(tokens::name_folded.eq(fold(name)))
        .select(tokens::id)
        .get_result(connection)
        .await
}

pub(super) async fn find(
    connection: &mut Connection,
    organization: OrganizationId,
    key: Key,
) -> QueryResult<Token> {
    let row: Row = rows(organization)
        .filter(tokens::id.eq(key.id))
        .filter(tokens::owner_id.is_not_distinct_from(key.owner))
        .get_result(connection)
        .await?;
    Ok(assemble(row))
}

/// Until when old secrets of these tokens still work: the last instant of each.
pub async fn retiring(
    connection: &mut Connection,
    ids: &[TokenId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<(TokenId, DateTime<Utc>)>> {
    secrets::table
        .filter(secrets::token_id.eq_any(ids))
        .filter(secrets::retires_at.gt(now))
        .select((secrets::token_id, secrets::retires_at.assume_not_null()))
        .order((secrets::token_id, secrets::retires_at))
        .load(connection)
        .await
}

/// A token's secrets that work at `now`, the current one first.
pub async fn secrets(
    connection: &mut Connection,
    token: &Token,
    now: DateTime<Utc>,
) -> QueryResult<Vec<SecretRecord>> {
    secrets::table
        .filter(secrets::token_id.eq(token.id))
        .filter(
            secrets::retires_at
                .is_null()
                .or(secrets::retires_at.gt(now)),
        )
        .order(secrets::created_at.desc())
        .select(SecretRecord::as_select())
        .load(connection)
        .await
}
