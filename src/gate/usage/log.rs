//! To add to the counts of a token takes several rows, and to call many tokens a second many
//! times as many. So what many tokens' calls come to is written down in one row first, and added
//! up when some seconds of it have come together: once for a token then, however often it was
//! called.
//!
//! It is added up some tokens after the others, and in the transaction that adds them the batch
//! remembers how far it is. Whoever goes on with one that was left begins there; and should two do
//! so, one finds that it is farther than they knew, and adds nothing.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncConnection;

use super::Usage;
use super::pending::{MOST_AT_ONCE, Pending};
use crate::clock::Clock;
use crate::db::Database;
use crate::gate::queries::usage::let_go_if_frozen;
use crate::gate::queries::usage_log::{self, Batch};
use crate::web::Error;

/// Whoever has done nothing for a batch for so long has left it.
const ABANDONED: TimeDelta = TimeDelta::seconds(30);

impl Usage {
    /// Adds up what was logged, by whichever instance, if some of it is so old and nobody else is
    /// at it. Returns whether there was something to do.
    ///
    /// # Errors
    /// When the database fails; what is not added up is left for the next time.
    pub async fn add_up(
        &self,
        database: &Database,
        clock: &Clock,
        age: TimeDelta,
    ) -> Result<bool, Error> {
        let Some(batch) = self.begin(database, clock.now(), age).await? else {
            return Ok(false);
        };
        match add(database, batch, clock).await {
            // Somebody else went on with it.
            Ok(()) | Err(Error::NotFound) => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn begin(
        &self,
        database: &Database,
        now: DateTime<Utc>,
        age: TimeDelta,
    ) -> Result<Option<Batch>, Error> {
        let connection = &mut *database.get().await?;
        let oldest = usage_log::oldest(connection).await?;
        *self.logged() = oldest;
        if oldest.is_none_or(|oldest| oldest > now - age) {
            return Ok(None);
        }
        Ok(usage_log::begin(connection, now, now - ABANDONED).await?)
    }
}

async fn add(database: &Database, mut batch: Batch, clock: &Clock) -> Result<(), Error> {
    let mut pending = read(database, &mut batch).await?;
    while let Some((last, part)) = pending.take_first(MOST_AT_ONCE) {
        let connection = &mut *database.get().await?;
        connection
            .transaction(async |connection| {
                let_go_if_frozen(connection).await?;
                batch.advance(connection, last, clock.now()).await?;
                part.write(connection).await
            })
            .await?;
        batch.added_to = Some(last);
    }
    let connection = &mut *database.get().await?;
    Ok(batch.end(connection).await?)
}

/// What is to be added of the first entries that memory has room for, which then are the batch.
async fn read(database: &Database, batch: &mut Batch) -> Result<Pending, Error> {
    let connection = &mut *database.get().await?;
    let (mut pending, mut number) = (Pending::default(), 0);
    for &id in &batch.entries {
        if pending.is_full() {
            break;
        }
        // One that is gone was added up while this batch began.
        if let Some(entry) = usage_log::entry(connection, id).await? {
            pending.read(entry, batch.added_to);
        }
        number += 1;
    }
    batch.entries.truncate(number);
    Ok(pending)
}
