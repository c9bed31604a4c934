//! Users and groups as identity providers see them, in the database.

mod condition;
mod directory;
pub mod everything;
pub mod groups;
mod order;
pub mod users;

use std::time::Duration;

use diesel::QueryResult;

use crate::db::{Connection, limit_time, plan_afresh};

/// A filter may be such that nobody knows beforehand how long it takes.
const LONGEST: Duration = Duration::from_secs(20);

/// For a search in the rest of the transaction.
async fn prepare(connection: &mut Connection) -> QueryResult<()> {
    plan_afresh(connection).await?;
    limit_time(connection, LONGEST).await
}
