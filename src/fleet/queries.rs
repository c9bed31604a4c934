//! What is asked of the database through the pool.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Double, Text};
use diesel_async::RunQueryDsl;
use diesel_async::pooled_connection::deadpool::PoolError;
use uuid::Uuid;

use super::message::{CHANNEL, Message};
use crate::db::Connection;

/// Why the database could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no connection to the database: {0}")]
    Unreachable(#[from] PoolError),
    #[error("the database refused: {0}")]
    Refused(#[from] diesel::result::Error),
}

/// An instance whose lease runs.
#[derive(Clone, Debug, QueryableByName)]
pub struct Leased {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Double)]
    seconds_left: f64,
}

impl Leased {
    #[must_use]
    pub fn left(&self) -> Duration {
        Duration::try_from_secs_f64(self.seconds_left).unwrap_or_default()
    }
}

/// By the database's clock, which is why this is by hand.
pub async fn leased(connection: &mut Connection) -> QueryResult<Vec<Leased>> {
    sql_query(
        "SELECT id, name, \
             extract(epoch FROM lease_until - clock_timestamp())::float8 AS seconds_left \
         FROM instances WHERE lease_until > clock_timestamp() ORDER BY name, id",
    )
    .load(connection)
    .await
}

pub async fn say(connection: &mut Connection, message: &Message) -> QueryResult<usize> {
    sql_query("SELECT pg_notify($1, $2)")
        .bind::<Text, _>(CHANNEL)
        .bind::<Text, _>(message.to_string())
        .execute(connection)
        .await
}

/// Forgets the instances that ended without leaving.
pub async fn sweep(connection: &mut Connection) -> QueryResult<usize> {
    sql_query("DELETE FROM instances WHERE lease_until < clock_timestamp() - interval '1 day'")
        .execute(connection)
        .await
}
