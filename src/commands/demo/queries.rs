//! What only the demo does with the database.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Date, Inet, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use ipnet::IpNet;

use crate::access::OrganizationId;
use crate::db::Connection;
use crate::tokens::TokenId;

/// Columns of `token_usage`.
#[derive(Default)]
pub struct Totals {
    pub tokens: Vec<TokenId>,
    pub allowed: Vec<i64>,
    pub denied: Vec<i64>,
    pub last_at: Vec<Option<DateTime<Utc>>>,
    pub last_from: Vec<Option<IpNet>>,
    pub last_user_agent: Vec<Option<&'static str>>,
}

/// By hand, as is the one below: Diesel has no `unnest` of several arrays, and with it each of
/// these is one short statement however many the rows.
pub async fn insert_totals(
    connection: &mut Connection,
    organization: OrganizationId,
    rows: &Totals,
) -> QueryResult<usize> {
    sql_query(
        "INSERT INTO token_usage (token_id, organization_id, allowed, denied, last_used_at, \
             last_used_from, last_user_agent) \
         SELECT token, $7, allowed, denied, last_at, last_from, agent \
         FROM unnest($1, $2, $3, $4, $5, $6) AS t (token, allowed, denied, last_at, last_from, agent)",
    )
    .bind::<Array<Uuid>, _>(&rows.tokens)
    .bind::<Array<BigInt>, _>(&rows.allowed)
    .bind::<Array<BigInt>, _>(&rows.denied)
    .bind::<Array<Nullable<Timestamptz>>, _>(&rows.last_at)
    .bind::<Array<Nullable<Inet>>, _>(&rows.last_from)
    .bind::<Array<Nullable<Text>>, _>(&rows.last_user_agent)
    .bind::<Uuid, _>(organization)
    .execute(connection)
    .await
}

/// Columns of `usage_days`.
#[derive(Default)]
pub struct Days {
    pub tokens: Vec<TokenId>,
    pub dates: Vec<NaiveDate>,
    pub allowed: Vec<i64>,
    pub denied: Vec<i64>,
}

pub async fn insert_days(connection: &mut Connection, rows: &Days) -> QueryResult<usize> {
    sql_query(
        "INSERT INTO usage_days (token_id, day, allowed, denied) \
         SELECT * FROM unnest($1, $2, $3, $4)",
    )
    .bind::<Array<Uuid>, _>(&rows.tokens)
    .bind::<Array<Date>, _>(&rows.dates)
    .bind::<Array<BigInt>, _>(&rows.allowed)
    .bind::<Array<BigInt>, _>(&rows.denied)
    .execute(connection)
    .await
}

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

/// Drops the indexes that only reading needs, and returns how to make them again. To fill a
/// table first and to index it then takes half the time; until the transaction ends, nobody
/// can read these tables.
pub async fn drop_indexes(connection: &mut Connection) -> QueryResult<Vec<String>> {
    let indexes: Vec<Index> = sql_query(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition \
         FROM pg_index WHERE NOT indisunique AND indrelid IN \
             ('tokens'::regclass, 'secrets'::regclass, 'token_usage'::regclass)",
    )
    .load(connection)
    .await?;
    for index in &indexes {
        sql_query(format!("DROP INDEX {}", index.name))
            .execute(connection)
            .await?;
    }
    Ok(indexes.into_iter().map(|index| index.definition).collect())
}

pub async fn create_index(connection: &mut Connection, definition: &str) -> QueryResult<()> {
    sql_query("SET LOCAL maintenance_work_mem = '256MB'")
        .execute(connection)
        .await?;
    sql_query(definition).execute(connection).await?;
    Ok(())
}

/// Tells the planner what is in the tables, and marks their pages for index-only scans.
pub async fn tidy(connection: &mut Connection) -> QueryResult<()> {
    sql_query("VACUUM (ANALYZE)").execute(connection).await?;
    Ok(())
}
