//! Usage as it is first written down, and what of it is being added up.

use chrono::{DateTime, Utc};
use diesel::dsl::min;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel::sql_query;
use diesel::sql_types::Timestamptz;
use diesel_async::{AsyncConnection, RunQueryDsl};
use ipnet::IpNet;

use super::usage::Hours;
use crate::db::Connection;
use crate::db::schema::{usage_batch, usage_log};
use crate::tokens::TokenId;

/// Calls of many tokens, and their last uses, in columns.
#[derive(Default, Insertable, Queryable, Selectable)]
#[diesel(table_name = usage_log)]
pub struct Entry {
    #[diesel(embed)]
    pub hours: Hours,
    pub used: Vec<TokenId>,
    pub used_at: Vec<DateTime<Utc>>,
    pub used_from: Vec<IpNet>,
    /// Empty where there is none.
    pub user_agents: Vec<String>,
}

/// Entries that are being added up, all of them together in the order of their tokens.
#[derive(QueryableByName)]
#[diesel(table_name = usage_batch)]
pub struct Batch {
    number: i64,
    pub entries: Vec<i64>,
    /// Of this token and those before it everything has been added.
    pub added_to: Option<TokenId>,
}

pub async fn append(
    connection: &mut Connection,
    entry: Entry,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(usage_log::table)
        .values((usage_log::logged_at.eq(now), entry))
        .execute(connection)
        .await?;
    Ok(())
}

/// When the first was logged of what is not added up.
pub async fn oldest(connection: &mut Connection) -> QueryResult<Option<DateTime<Utc>>> {
    usage_log::table
        .select(min(usage_log::logged_at))
        .get_result(connection)
        .await
}

/// All that is there to be added up, if nobody is at it; or what somebody was at who has not gone
/// on since `abandoned`.
pub async fn begin(
    connection: &mut Connection,
    now: DateTime<Utc>,
    abandoned: DateTime<Utc>,
) -> QueryResult<Option<Batch>> {
    // By hand, as is the other: Diesel has neither an insertion of an aggregate nor an update of
    // what another does not hold.
    let begun = sql_query(
        "INSERT INTO usage_batch (entries, advanced_at) \
         SELECT array_agg(id ORDER BY id), $1 FROM usage_log \
         WHERE NOT EXISTS (SELECT FROM usage_batch) HAVING count(*) > 0 \
         ON CONFLICT DO NOTHING RETURNING number, entries, added_to",
    )
    .bind::<Timestamptz, _>(now)
    .get_result(connection)
    .await
    .optional()?;
    if begun.is_some() {
        return Ok(begun);
    }
    sql_query(
        "UPDATE usage_batch SET advanced_at = $1 WHERE number = \
             (SELECT number FROM usage_batch WHERE advanced_at <= $2 FOR UPDATE SKIP LOCKED) \
         RETURNING number, entries, added_to",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(abandoned)
    .get_result(connection)
    .await
    .optional()
}

/// `None` once it has been added up.
pub async fn entry(connection: &mut Connection, id: i64) -> QueryResult<Option<Entry>> {
    usage_log::table
        .find(id)
        .select(Entry::as_select())
        .get_result(connection)
        .await
        .optional()
}

impl Batch {
    /// That of its entries everything is added up to a token, as a part of the transaction that
    /// adds it. Entries that it has lost are left for the next one.
    ///
    /// # Errors
    /// [`QueryError::NotFound`] if somebody else went on with it meanwhile.
    pub async fn advance(
        &self,
        connection: &mut Connection,
        to: TokenId,
        now: DateTime<Utc>,
    ) -> QueryResult<()> {
        let advanced = diesel::update(usage_batch::table.find(self.number))
            .filter(usage_batch::added_to.is_not_distinct_from(self.added_to))
            .set((
                usage_batch::entries.eq(&self.entries),
                usage_batch::added_to.eq(to),
                usage_batch::advanced_at.eq(now),
            ))
            .execute(connection)
            .await?;
        found(advanced)
    }

    /// # Errors
    /// As above.
    pub async fn end(self, connection: &mut Connection) -> QueryResult<()> {
        connection
            .transaction(async |connection| {
                let ended = diesel::delete(usage_batch::table.find(self.number))
                    .filter(usage_batch::added_to.is_not_distinct_from(self.added_to))
                    .execute(connection)
                    .await?;
                found(ended)?;
                diesel::delete(usage_log::table)
                    .filter(usage_log::id.eq_any(&self.entries))
                    .execute(connection)
                    .await?;
                Ok(())
            })
            .await
    }
}

fn found(rows: usize) -> QueryResult<()> {
    match rows {
        0 => Err(QueryError::NotFound),
        _ => Ok(()),
    }
}
