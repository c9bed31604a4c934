//! Counts decisions in memory and writes the counts once a second: nothing is written while a
//! caller waits. What cannot be written is kept for the next second.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use diesel_async::AsyncConnection;
use ipnet::IpNet;

use super::decision::Code;
use super::queries::{self, Days, Hours, Totals};
use crate::clock::Clock;
use crate::db::{Connection, Database};
use crate::tokens::TokenId;
use crate::web::Error;
use crate::web::client_address::ClientAddress;

/// Hours are kept for this long; days and totals for as long as their token.
const KEPT: TimeDelta = TimeDelta::days(90);
/// While the database is away, counting stops at so many different rows.
const MOST_PENDING: usize = 200_000;
const LONGEST_USER_AGENT: usize = 200;

/// What is counted and not written yet. Clones share it.
#[derive(Clone, Default)]
pub struct Usage(Arc<Mutex<Pending>>);

#[derive(Default)]
struct Pending {
    /// When the first of it was counted.
    since: Option<Instant>,
    /// Each kept once, so that a call that is like an earlier one costs no memory.
    operations: HashSet<Arc<str>>,
    hours: HashMap<Bucket, Calls>,
    last: HashMap<TokenId, LastUse>,
}

#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Bucket {
    token: TokenId,
    hour: DateTime<Utc>,
    code: Code,
    operation: Arc<str>,
    network: IpNet,
}

#[derive(Clone, Copy)]
struct Calls {
    count: i64,
    last_at: DateTime<Utc>,
}

#[derive(Clone)]
struct LastUse {
    at: DateTime<Utc>,
    from: IpAddr,
    user_agent: Option<String>,
}

/// A decision about a known token.
pub struct Decided<'a> {
    pub token: TokenId,
    pub code: Code,
    /// A resource's operation, or method and route of our own.
    pub operation: &'a str,
    pub address: ClientAddress,
    /// The client; with `None` the one before stays the last that is known.
    pub user_agent: Option<&'a str>,
    pub at: DateTime<Utc>,
}

impl Usage {
    pub fn count(&self, decided: &Decided<'_>) {
        self.count_many(decided, 1);
    }

    /// So many calls like this one, within its hour.
    pub fn count_many(&self, decided: &Decided<'_>, calls: i64) {
        let calls = Calls {
            count: calls,
            last_at: decided.at,
        };
        let last = (decided.code == Code::Valid).then(|| LastUse {
            at: decided.at,
            from: decided.address.0,
            user_agent: decided.user_agent.map(shortened),
        });
        let mut pending = self.lock();
        let bucket = Bucket {
            token: decided.token,
            hour: hour(decided.at),
            code: decided.code,
            operation: pending.operation(decided.operation),
            network: decided.address.network(),
        };
        pending.add(bucket, calls);
        if let Some(last) = last {
            pending.used(decided.token, last);
        }
    }

    /// Writes what was counted.
    ///
    /// # Errors
    /// When the database fails; the counts are kept.
    pub async fn flush(&self, database: &Database) -> Result<(), Error> {
        let pending = std::mem::take(&mut *self.lock());
        if pending.hours.is_empty() {
            return Ok(());
        }
        let written = match database.get().await {
            Ok(mut connection) => {
                connection
                    .transaction(async |connection| write(connection, &pending).await)
                    .await
            }
            Err(error) => Err(error.into()),
        };
        if written.is_err() {
            self.lock().merge(pending);
        }
        written
    }

    /// Writes what was counted as a part of the caller's transaction, which has all of it or
    /// nothing.
    ///
    /// # Errors
    /// When the database fails; the counts are lost then.
    pub async fn write(self, connection: &mut Connection) -> Result<(), Error> {
        let pending = std::mem::take(&mut *self.lock());
        write(connection, &pending).await
    }

    /// How long ago the oldest call was counted that is not written yet.
    #[must_use]
    pub fn lag(&self) -> Duration {
        let since = self.lock().since;
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the hours that nothing shows any more.
///
/// # Errors
/// When the database fails.
pub async fn sweep(database: &Database, clock: &Clock) -> Result<usize, Error> {
    let connection = &mut *database.get().await?;
    Ok(queries::delete_hours_before(connection, clock.now() - KEPT).await?)
}

impl Pending {
    fn operation(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.operations.get(name) {
            return known.clone();
        }
        let operation: Arc<str> = name.into();
        self.operations.insert(operation.clone());
        operation
    }

    fn add(&mut self, bucket: Bucket, calls: Calls) {
        if self.hours.len() >= MOST_PENDING && !self.hours.contains_key(&bucket) {
            return;
        }
        self.since.get_or_insert_with(Instant::now);
        let sum = self
            .hours
            .entry(bucket)
            .or_insert(Calls { count: 0, ..calls });
        sum.count += calls.count;
        sum.last_at = sum.last_at.max(calls.last_at);
    }

    /// The later call counts; a client that did not say its name keeps the one it said before.
    fn used(&mut self, token: TokenId, last: LastUse) {
        let (mut later, earlier) = match self.last.remove(&token) {
            Some(known) if known.at > last.at => (known, Some(last)),
            known => (last, known),
        };
        later.user_agent = later
            .user_agent
            .or_else(|| earlier.and_then(|earlier| earlier.user_agent));
        self.last.insert(token, later);
    }

    fn merge(&mut self, other: Self) {
        self.since = other.since.or(self.since);
        for (bucket, calls) in other.hours {
            self.add(bucket, calls);
        }
        for (token, last) in other.last {
            self.used(token, last);
        }
    }
}

async fn write(connection: &mut Connection, pending: &Pending) -> Result<(), Error> {
    let mut ids: Vec<TokenId> = pending.hours.keys().map(|bucket| bucket.token).collect();
    ids.sort_unstable();
    ids.dedup();
    // A token that was deleted meanwhile has no usage any more.
    let kept = queries::keep(connection, &ids).await?;
    let rows: Vec<(&Bucket, &Calls)> = pending
        .hours
        .iter()
        .filter(|(bucket, _)| kept.contains(&bucket.token))
        .collect();
    queries::add_totals(connection, totals(&rows, &pending.last)).await?;
    queries::add_days(connection, days(&rows)).await?;
    queries::add_hours(connection, hours(&rows)).await?;
    Ok(())
}

fn hours(rows: &[(&Bucket, &Calls)]) -> Hours {
    let mut columns = Hours::default();
    for (bucket, calls) in rows {
        columns.tokens.push(bucket.token);
        columns.starts.push(bucket.hour);
        columns.codes.push(bucket.code.as_str());
        columns
            .operations
            .push(bucket.operation.as_ref().to_owned());
        columns.networks.push(bucket.network);
        columns.calls.push(calls.count);
        columns.last.push(calls.last_at);
    }
    columns
}

fn days(rows: &[(&Bucket, &Calls)]) -> Days {
    let sums = summed(rows, |bucket| (bucket.token, bucket.hour.date_naive()));
    let mut columns = Days::default();
    for ((token, day), (allowed, denied)) in sums {
        columns.tokens.push(token);
        columns.dates.push(day);
        columns.allowed.push(allowed);
        columns.denied.push(denied);
    }
    columns
}

fn totals(rows: &[(&Bucket, &Calls)], last: &HashMap<TokenId, LastUse>) -> Totals {
    let mut columns = Totals::default();
    for (token, (allowed, denied)) in summed(rows, |bucket| bucket.token) {
        let last = last.get(&token);
        columns.tokens.push(token);
        columns.allowed.push(allowed);
        columns.denied.push(denied);
        columns.last_at.push(last.map(|last| last.at));
        columns.last_from.push(last.map(|last| last.from.into()));
        columns
            .last_user_agent
            .push(last.and_then(|last| last.user_agent.clone()));
    }
    columns
}

/// Allowed and denied calls by `key`.
fn summed<K: std::hash::Hash + Eq>(
    rows: &[(&Bucket, &Calls)],
    key: impl Fn(&Bucket) -> K,
) -> HashMap<K, (i64, i64)> {
    let mut sums = HashMap::new();
    for (bucket, calls) in rows {
        let (allowed, denied) = sums.entry(key(bucket)).or_insert((0, 0));
        *if bucket.code == Code::Valid {
            allowed
        } else {
            denied
        } += calls.count;
    }
    sums
}

fn hour(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

/// A user agent is whatever the client wrote.
fn shortened(user_agent: &str) -> String {
    user_agent
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_USER_AGENT)
        .collect()
}
