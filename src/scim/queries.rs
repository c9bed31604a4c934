//! Users and groups as identity providers see them, in the database.

mod condition;
mod directory;
pub mod everything;
pub mod groups;
mod order;
pub mod users;

use std::time::Duration;

use diesel::QueryResult;
use diesel::result::Error as QueryError;

use super::problem;
use crate::db::{Connection, is_canceled, limit_time, plan_afresh, read_at_once};
use crate::web::Error;

/// A filter may be such that nobody knows beforehand how long it takes.
const LONGEST: Duration = Duration::from_secs(20);

/// For a search in the rest of the transaction, which has just begun. What it counts and what it finds is of
/// one moment, though it takes several statements.
async fn prepare(connection: &mut Connection) -> QueryResult<()> {
    read_at_once(connection).await?;
    plan_afresh(connection).await?;
    limit_time(connection, LONGEST).await
}

/// Of a search that was prepared.
fn explained(error: Error) -> Error {
    match error {
        Error::Internal(source) if source.downcast_ref::<QueryError>().is_some_and(is_canceled) => {
            problem::too_many()
        }
        error => error,
    }
}
