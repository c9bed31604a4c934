//! What is asked about the organisation's tokens as a whole.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::{Row, assemble, rows};
use crate::access::{OrganizationId, Overseer, UserId, Viewer};
use crate::catalogue::Scope;
use crate::db::Connection;
use crate::db::schema::{token_usage, tokens};
use crate::tokens::{Standing, Status, Token, TokenId};

/// Which tokens are looked for; a default one: all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    pub status: Option<Status>,
    /// Which they have, by itself or included in another.
    pub scope: Option<Scope>,
    /// Live ones that were made before this instant and not used since.
    pub unused_since: Option<DateTime<Utc>>,
    /// Live ones that expire until then.
    pub expiring_until: Option<DateTime<Utc>>,
    /// Older ones than this.
    pub after: Option<TokenId>,
}

/// At most `most` of the organisation's API tokens, the newest first.
pub async fn wanted(
    connection: &mut Connection,
    overseer: &impl Overseer,
    wanted: &Wanted,
    most: i64,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Token>> {
    find(connection, overseer.overseen(), None, wanted, most, now).await
}

/// The same, of the user's own MCP tokens in the organisation that they look at.
pub async fn wanted_of_owner(
    connection: &mut Connection,
    viewer: &Viewer,
    wanted: &Wanted,
    most: i64,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Token>> {
    let organization = viewer.organization().id;
    find(
        connection,
        organization,
        Some(viewer.user()),
        wanted,
        most,
        now,
    )
    .await
}

async fn find(
    connection: &mut Connection,
    organization: OrganizationId,
    owner: Option<UserId>,
    wanted: &Wanted,
    most: i64,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Token>> {
    let mut query = rows(organization)
        .order(tokens::id.desc())
        .limit(most)
        .into_boxed();
    query = match owner {
        Some(owner) => query.filter(tokens::owner_id.eq(owner)),
        None => query.filter(tokens::owner_id.is_null()),
    };
    if let Some(status) = wanted.status {
        query = query.filter(status.condition(now));
    }
    if let Some(scope) = wanted.scope {
        query = query.filter(
            tokens::scopes
                .is_null()
                .or(tokens::scopes.overlaps_with(giving(scope))),
        );
    }
    if wanted.unused_since.is_some() || wanted.expiring_until.is_some() {
        query = query
            .filter(tokens::standing.ne(Standing::Revoked))
            .filter(tokens::expires_sort.gt(now));
    }
    if let Some(since) = wanted.unused_since {
        query = query
            .filter(
                (token_usage::last_used_at.is_null())
                    .or(token_usage::last_used_at.assume_not_null().le(since)),
            )
            .filter(tokens::created_at.le(since));
    }
    if let Some(until) = wanted.expiring_until {
        query = query.filter(tokens::expires_sort.le(until));
    }
    if let Some(after) = wanted.after {
        query = query.filter(tokens::id.lt(after));
    }
    let rows: Vec<Row> = query.load(connection).await?;
    Ok(rows.into_iter().map(assemble).collect())
}

/// The scopes that give this one.
fn giving(scope: Scope) -> Vec<&'static str> {
    let gives = |given: &&Scope| **given == scope || given.includes().contains(&scope);
    Scope::ALL
        .iter()
        .filter(gives)
        .map(|given| given.as_str())
        .collect()
}

/// How many tokens of a kind an organisation has, and their calls.
#[derive(Clone, Debug, QueryableByName)]
pub struct Stats {
    #[diesel(sql_type = BigInt)]
    pub active: i64,
    #[diesel(sql_type = BigInt)]
    pub inactive: i64,
    #[diesel(sql_type = BigInt)]
    pub expired: i64,
    #[diesel(sql_type = BigInt)]
    pub revoked: i64,
    /// Active ones of which no call was ever allowed.
    #[diesel(sql_type = BigInt)]
    pub never_used: i64,
    #[diesel(sql_type = BigInt)]
    pub allowed: i64,
    #[diesel(sql_type = BigInt)]
    pub denied: i64,
}

/// Of the API tokens, or of everybody's MCP tokens; calls since `first`. By hand, as Diesel has
/// no aggregates with a filter over a join of subqueries.
pub async fn stats(
    connection: &mut Connection,
    overseer: &impl Overseer,
    mcp: bool,
    first: NaiveDate,
    now: DateTime<Utc>,
) -> QueryResult<Stats> {
    let kind = if mcp { "IS NOT NULL" } else { "IS NULL" };
    let of = format!("organization_id = $1 AND owner_id {kind}");
    let counts: Vec<String> = Status::ALL
        .iter()
        .map(|status| format!("count(*) FILTER (WHERE {}) AS {status}", status.sql("$2")))
        .collect();
    let active = Status::Active.sql("$2");
    sql_query(format!(
        "SELECT * FROM (SELECT {}, count(*) FILTER (WHERE {active} AND last_used_at IS NULL) \
             AS never_used FROM tokens JOIN token_usage ON token_id = id \
             WHERE tokens.{of}) AS counts, \
         (SELECT coalesce(sum(allowed), 0)::bigint AS allowed, \
             coalesce(sum(denied), 0)::bigint AS denied \
             FROM usage_days JOIN tokens ON token_id = id WHERE {of} AND day >= $3) AS calls",
        counts.join(", ")
    ))
    .bind::<Uuid, _>(overseer.overseen())
    .bind::<Timestamptz, _>(now)
    .bind::<Date, _>(first)
    .get_result(connection)
    .await
}
