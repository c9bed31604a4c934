//! What was counted, in the database: in tables that pages read.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Cidr, Date, Inet, Nullable, Text, Timestamptz, Uuid};
use diesel::{select, sql_query};
use diesel_async::RunQueryDsl;
use ipnet::IpNet;

use crate::db::Connection;
use crate::db::schema::usage_hours;
use crate::tokens::{Code, TokenId};

/// Those of the tokens that still exist. Until the transaction ends they cannot be deleted, and
/// nobody else counts for them: locked in the order of their IDs, so that two instances do not
/// wait for each other.
pub async fn keep(connection: &mut Connection, ids: &[TokenId]) -> QueryResult<HashSet<TokenId>> {
    #[derive(QueryableByName)]
    struct Kept {
        #[diesel(sql_type = Uuid)]
        id: TokenId,
    }
    let kept: Vec<Kept> = sql_query(
        "SELECT id FROM tokens JOIN token_usage ON token_id = id WHERE id = ANY($1) ORDER BY id \
         FOR KEY SHARE OF tokens FOR NO KEY UPDATE OF token_usage",
    )
    .bind::<Array<Uuid>, _>(ids)
    .load(connection)
    .await?;
    Ok(kept.into_iter().map(|kept| kept.id).collect())
}

/// Columns of rows to add to `usage_hours`, now or, as a part of an entry of the log, later.
#[derive(Default, Insertable, Queryable, Selectable)]
#[diesel(table_name = crate::db::schema::usage_log)]
pub struct Hours {
    pub tokens: Vec<TokenId>,
    #[diesel(column_name = hours)]
    pub starts: Vec<DateTime<Utc>>,
    pub codes: Vec<Code>,
    pub operations: Vec<String>,
    pub networks: Vec<IpNet>,
    pub calls: Vec<i64>,
    #[diesel(column_name = last_at)]
    pub last: Vec<DateTime<Utc>>,
}

/// By hand, as are the two below: Diesel has no `unnest` of several arrays, and this is one
/// statement whatever the number of rows.
pub async fn add_hours(connection: &mut Connection, rows: Hours) -> QueryResult<usize> {
    sql_query(
        "INSERT INTO usage_hours (token_id, hour, code, operation, network, calls, last_at) \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) \
         AS t (token_id, hour, code, operation, network, calls, last_at) ORDER BY 1, 2, 3, 4, 5 \
         ON CONFLICT (token_id, hour, code, operation, network) DO UPDATE \
         SET calls = usage_hours.calls + excluded.calls, \
             last_at = greatest(usage_hours.last_at, excluded.last_at)",
    )
    .bind::<Array<Uuid>, _>(rows.tokens)
    .bind::<Array<Timestamptz>, _>(rows.starts)
    .bind::<Array<Text>, _>(rows.codes)
    .bind::<Array<Text>, _>(rows.operations)
    .bind::<Array<Cidr>, _>(rows.networks)
    .bind::<Array<BigInt>, _>(rows.calls)
    .bind::<Array<Timestamptz>, _>(rows.last)
    .execute(connection)
    .await
}

/// Columns of rows to add to `usage_days`.
#[derive(Default)]
pub struct Days {
    pub tokens: Vec<TokenId>,
    pub dates: Vec<NaiveDate>,
    pub allowed: Vec<i64>,
    pub denied: Vec<i64>,
}

pub async fn add_days(connection: &mut Connection, rows: Days) -> QueryResult<usize> {
    sql_query(
        "INSERT INTO usage_days (token_id, day, allowed, denied) \
         SELECT * FROM unnest($1, $2, $3, $4) AS t (token_id, day, allowed, denied) ORDER BY 1, 2 \
         ON CONFLICT (token_id, day) DO UPDATE \
         SET allowed = usage_days.allowed + excluded.allowed, \
             denied = usage_days.denied + excluded.denied",
    )
    .bind::<Array<Uuid>, _>(rows.tokens)
    .bind::<Array<Date>, _>(rows.dates)
    .bind::<Array<BigInt>, _>(rows.allowed)
    .bind::<Array<BigInt>, _>(rows.denied)
    .execute(connection)
    .await
}

/// Columns of rows to add to `token_usage`; the last use is that of an allowed call, if any.
#[derive(Default)]
pub struct Totals {
    pub tokens: Vec<TokenId>,
    pub allowed: Vec<i64>,
    pub denied: Vec<i64>,
    pub last_at: Vec<Option<DateTime<Utc>>>,
    pub last_from: Vec<Option<IpNet>>,
    pub last_user_agent: Vec<Option<String>>,
}

/// Of tokens that are kept.
pub async fn add_totals(connection: &mut Connection, rows: Totals) -> QueryResult<usize> {
    sql_query(
        "UPDATE token_usage SET allowed = token_usage.allowed + t.allowed, \
             denied = token_usage.denied + t.denied, \
             last_used_at = greatest(t.last_at, last_used_at), \
             last_used_from = CASE WHEN t.last_at >= coalesce(last_used_at, t.last_at) \
                 THEN t.last_from ELSE last_used_from END, \
             last_user_agent = CASE WHEN t.last_at >= coalesce(last_used_at, t.last_at) \
                 THEN coalesce(t.agent, last_user_agent) \
                 ELSE coalesce(last_user_agent, t.agent) END \
         FROM unnest($1, $2, $3, $4, $5, $6) AS t (id, allowed, denied, last_at, last_from, agent) \
         WHERE token_id = t.id",
    )
    .bind::<Array<Uuid>, _>(rows.tokens)
    .bind::<Array<BigInt>, _>(rows.allowed)
    .bind::<Array<BigInt>, _>(rows.denied)
    .bind::<Array<Nullable<Timestamptz>>, _>(rows.last_at)
    .bind::<Array<Nullable<Inet>>, _>(rows.last_from)
    .bind::<Array<Nullable<Text>>, _>(rows.last_user_agent)
    .execute(connection)
    .await
}

/// Whoever is frozen in the midst of this transaction does not keep its rows from others.
pub async fn let_go_if_frozen(connection: &mut Connection) -> QueryResult<()> {
    let setting = "SELECT set_config('idle_in_transaction_session_timeout', '10s', true)";
    sql_query(setting).execute(connection).await?;
    Ok(())
}

/// By which it can be asked later what has become of a transaction.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TransactionId(String);

/// What has become of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    Committed,
    Aborted,
    /// It has not ended.
    Open,
}

/// Of the transaction that the connection is in.
pub async fn transaction_id(connection: &mut Connection) -> QueryResult<TransactionId> {
    let id = select(sql::<Text>("pg_current_xact_id()::text"));
    id.get_result(connection).await.map(TransactionId)
}

pub async fn fate(connection: &mut Connection, id: &TransactionId) -> QueryResult<Fate> {
    // None that the server knows of: from so long ago, or from before it was set back to a backup.
    let status = sql::<Nullable<Text>>("CASE WHEN ")
        .bind::<Text, _>(&id.0)
        .sql("::xid8 < pg_snapshot_xmax(pg_current_snapshot()) THEN pg_xact_status(")
        .bind::<Text, _>(&id.0)
        .sql("::xid8) END");
    let status: Option<String> = select(status).get_result(connection).await?;
    Ok(match status.as_deref() {
        Some("committed") => Fate::Committed,
        Some("in progress") => Fate::Open,
        _ => Fate::Aborted,
    })
}

pub async fn delete_hours_before(
    connection: &mut Connection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(usage_hours::table)
        .filter(usage_hours::hour.lt(before))
        .execute(connection)
        .await
}
