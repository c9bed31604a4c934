//! Reading what the gate has counted.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::dsl::{max, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use diesel_async::RunQueryDsl;
use ipnet::IpNet;

use crate::db::Connection;
use crate::db::schema::{usage_days, usage_hours};
use crate::tokens::{Code, TokenId};

/// A day (UTC) of a token's calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Queryable, Selectable)]
#[diesel(table_name = usage_days)]
pub struct Day {
    pub token_id: TokenId,
    pub day: NaiveDate,
    pub allowed: i64,
    pub denied: i64,
}

/// The days since `first` on which these tokens were called. The tokens are ones that an
/// administrator was shown.
pub async fn days(
    connection: &mut Connection,
    ids: &[TokenId],
    first: NaiveDate,
) -> QueryResult<Vec<Day>> {
    usage_days::table
        .filter(usage_days::token_id.eq_any(ids))
        .filter(usage_days::day.ge(first))
        .order((usage_days::token_id, usage_days::day))
        .select(Day::as_select())
        .load(connection)
        .await
}

/// Calls of the last 24 hours, allowed or denied, by whole hours.
pub async fn calls_of_last_day(
    connection: &mut Connection,
    id: TokenId,
    now: DateTime<Utc>,
) -> QueryResult<i64> {
    let calls: Vec<i64> = usage_hours::table
        .filter(usage_hours::token_id.eq(id))
        .filter(usage_hours::hour.gt(now - TimeDelta::hours(24)))
        .select(usage_hours::calls)
        .load(connection)
        .await?;
    Ok(calls.into_iter().sum())
}

/// Where a retired secret was tried.
#[derive(Clone, Debug)]
pub struct RetiredUse {
    pub network: IpNet,
    pub calls: i64,
    pub last_at: DateTime<Utc>,
}

/// Uses of retired secrets since `start`, by source, the latest first.
pub async fn retired_uses(
    connection: &mut Connection,
    id: TokenId,
    start: DateTime<Utc>,
) -> QueryResult<Vec<RetiredUse>> {
    let rows: Vec<(IpNet, Option<i64>, Option<DateTime<Utc>>)> = usage_hours::table
        .filter(usage_hours::token_id.eq(id))
        .filter(usage_hours::code.eq(Code::Retired))
        .filter(usage_hours::hour.ge(start))
        .group_by(usage_hours::network)
        .select((
            usage_hours::network,
            sql::<Nullable<BigInt>>("sum(calls)::bigint"),
            max(usage_hours::last_at),
        ))
        .load(connection)
        .await?;
    let mut uses: Vec<RetiredUse> = rows
        .into_iter()
        .filter_map(|(network, calls, last_at)| {
            Some(RetiredUse {
                network,
                calls: calls?,
                last_at: last_at?,
            })
        })
        .collect();
    uses.sort_by_key(|used| std::cmp::Reverse(used.last_at));
    Ok(uses)
}

/// Calls of one kind that were denied.
#[derive(Clone, Debug)]
pub struct Denied {
    pub code: Code,
    pub operation: String,
    pub network: IpNet,
    pub calls: i64,
    pub last_at: DateTime<Utc>,
}

/// So far back it is looked for what tokens were used for.
pub const RECENT: TimeDelta = TimeDelta::days(30);

type DeniedRow = (Code, String, IpNet, Option<i64>, Option<DateTime<Utc>>);

/// Denied calls since `start` by code, operation and source, the latest first, so many at most.
pub async fn denied(
    connection: &mut Connection,
    id: TokenId,
    start: DateTime<Utc>,
    most: i64,
) -> QueryResult<Vec<Denied>> {
    let last = max(usage_hours::last_at);
    let rows: Vec<DeniedRow> = usage_hours::table
        .filter(usage_hours::token_id.eq(id))
        .filter(usage_hours::code.ne(Code::Valid))
        .filter(usage_hours::hour.ge(start))
        .group_by((
            usage_hours::code,
            usage_hours::operation,
            usage_hours::network,
        ))
        .order(last.desc())
        .limit(most)
        .select((
            usage_hours::code,
            usage_hours::operation,
            usage_hours::network,
            sql::<Nullable<BigInt>>("sum(calls)::bigint"),
            last,
        ))
        .load(connection)
        .await?;
    let denied = |(code, operation, network, calls, last_at): DeniedRow| {
        Some(Denied {
            code,
            operation,
            network,
            calls: calls?,
            last_at: last_at?,
        })
    };
    Ok(rows.into_iter().filter_map(denied).collect())
}

impl Denied {
    /// The source as a person would write it.
    #[must_use]
    pub fn source(&self) -> String {
        self.network.to_string()
    }

    /// What an administrator can do about it: a label, and the form below the token's path.
    #[must_use]
    pub fn remedy(&self) -> Option<(&'static str, String)> {
        match self.code {
            Code::IpNotAllowed => {
                let network: String =
                    url::form_urlencoded::byte_serialize(self.source().as_bytes()).collect();
                Some(("Allow this network", format!("/edit?allow={network}")))
            }
            Code::InsufficientScope => Some(("Change access", "/edit".to_owned())),
            _ => None,
        }
    }
}

/// Calls of one operation that the gate answered alike.
#[derive(Clone, Debug, Queryable)]
pub struct OperationUse {
    pub operation: String,
    pub code: Code,
    pub calls: i64,
    pub last_at: DateTime<Utc>,
}

/// So many kinds of calls are told of a token.
const MOST_OPERATIONS: i64 = 50;

/// What a token was used for since `start`, the most frequent first.
pub async fn operations(
    connection: &mut Connection,
    id: TokenId,
    start: DateTime<Utc>,
) -> QueryResult<Vec<OperationUse>> {
    let calls = sql::<BigInt>("sum(calls)::bigint");
    usage_hours::table
        .filter(usage_hours::token_id.eq(id))
        .filter(usage_hours::hour.ge(start))
        .group_by((usage_hours::operation, usage_hours::code))
        .select((
            usage_hours::operation,
            usage_hours::code,
            calls,
            max(usage_hours::last_at).assume_not_null(),
        ))
        .order((
            sql::<BigInt>("3").desc(),
            usage_hours::operation,
            usage_hours::code,
        ))
        .limit(MOST_OPERATIONS)
        .load(connection)
        .await
}
