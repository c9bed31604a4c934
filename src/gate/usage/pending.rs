//! Rows to be written, of all tokens.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;
use ipnet::IpNet;

use super::LastUse;
use super::counter::Calls;
use crate::db::{Connection, Database};
use crate::gate::decision::Code;
use crate::gate::queries::{self, Days, Hours, Totals};
use crate::tokens::TokenId;
use crate::web::Error;

/// While the database is away, counting stops at so many different rows.
pub const MOST_PENDING: usize = 200_000;
/// The counts of so many tokens are written in one transaction. A longer one would keep the
/// processor from callers, and the rows from whoever changes a token, for as long as it takes.
const MOST_AT_ONCE: usize = 100;

#[derive(Default)]
pub struct Pending {
    /// When the first of it was counted.
    pub since: Option<Instant>,
    /// Each kept once, as many rows have the same.
    operations: HashSet<Arc<str>>,
    /// Those of one token stand together.
    hours: BTreeMap<Bucket, Sum>,
    last: HashMap<TokenId, LastUse>,
}

#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub struct Bucket {
    pub token: TokenId,
    pub hour: DateTime<Utc>,
    pub code: Code,
    pub operation: Arc<str>,
    pub network: IpNet,
}

#[derive(Clone, Copy)]
pub struct Sum {
    pub count: i64,
    pub last_at: DateTime<Utc>,
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty()
    }

    pub fn begun(&mut self, since: Option<Instant>) {
        self.since = self.since.into_iter().chain(since).min();
    }

    pub fn operation(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.operations.get(name) {
            return known.clone();
        }
        let operation: Arc<str> = name.into();
        self.operations.insert(operation.clone());
        operation
    }

    /// What a counter held.
    pub fn collect(&mut self, token: TokenId, calls: Calls) {
        for kind in calls.kinds {
            let bucket = Bucket {
                token,
                hour: kind.hour,
                code: kind.code,
                operation: self.operation(&kind.operation),
                network: kind.network,
            };
            let (count, last_at) = (kind.count, kind.last_at);
            self.add(bucket, Sum { count, last_at });
        }
        if let Some(last) = calls.last {
            self.used(token, last);
        }
    }

    pub fn add(&mut self, bucket: Bucket, calls: Sum) {
        if self.hours.len() >= MOST_PENDING && !self.hours.contains_key(&bucket) {
            return;
        }
        self.since.get_or_insert_with(Instant::now);
        let sum = self
            .hours
            .entry(bucket)
            .or_insert(Sum { count: 0, ..calls });
        sum.count += calls.count;
        sum.last_at = sum.last_at.max(calls.last_at);
    }

    pub fn used(&mut self, token: TokenId, last: LastUse) {
        let both = match self.last.remove(&token) {
            Some(known) => known.merged(last),
            None => last,
        };
        self.last.insert(token, both);
    }

    pub fn merge(&mut self, other: Self) {
        self.begun(other.since);
        for (bucket, calls) in other.hours {
            self.add(bucket, calls);
        }
        for (token, last) in other.last {
            self.used(token, last);
        }
    }

    #[cfg(test)]
    pub fn counts(&self) -> impl Iterator<Item = (&Bucket, i64)> {
        self.hours.iter().map(|(bucket, sum)| (bucket, sum.count))
    }

    #[cfg(test)]
    pub fn last_use(&self, token: TokenId) -> Option<LastUse> {
        self.last.get(&token).cloned()
    }

    /// Writes all of it, some tokens after the others; what is written is not pending any more.
    pub async fn write_in_parts(&mut self, database: &Database) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        let connection = &mut *database.get().await?;
        while !self.is_empty() {
            let part = self.take_first(MOST_AT_ONCE);
            let written = connection.transaction(async |connection| part.write(connection).await);
            if let Err(error) = written.await {
                self.merge(part);
                return Err(error);
            }
        }
        Ok(())
    }

    /// What was counted of the first so many tokens.
    fn take_first(&mut self, tokens: usize) -> Self {
        let mut part = Self {
            since: self.since,
            ..Self::default()
        };
        for _ in 0..tokens {
            let Some((&Bucket { token, .. }, _)) = self.hours.first_key_value() else {
                break;
            };
            let first = |hours: &mut BTreeMap<Bucket, Sum>| {
                let entry = hours.first_entry()?;
                (entry.key().token == token).then(|| entry.remove_entry())
            };
            while let Some((bucket, sum)) = first(&mut self.hours) {
                part.hours.insert(bucket, sum);
            }
            part.last.extend(self.last.remove_entry(&token));
        }
        part
    }

    pub async fn write(&self, connection: &mut Connection) -> Result<(), Error> {
        let mut ids: Vec<TokenId> = self.hours.keys().map(|bucket| bucket.token).collect();
        ids.dedup();
        // A token that was deleted meanwhile has no usage any more.
        let kept = queries::keep(connection, &ids).await?;
        let rows: Vec<(&Bucket, &Sum)> = self
            .hours
            .iter()
            .filter(|(bucket, _)| kept.contains(&bucket.token))
            .collect();
        queries::add_totals(connection, totals(&rows, &self.last)).await?;
        queries::add_days(connection, days(&rows)).await?;
        queries::add_hours(connection, hours(&rows)).await?;
        Ok(())
    }
}

fn hours(rows: &[(&Bucket, &Sum)]) -> Hours {
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

fn days(rows: &[(&Bucket, &Sum)]) -> Days {
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

fn totals(rows: &[(&Bucket, &Sum)], last: &HashMap<TokenId, LastUse>) -> Totals {
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
fn summed<K: Ord>(rows: &[(&Bucket, &Sum)], key: impl Fn(&Bucket) -> K) -> BTreeMap<K, (i64, i64)> {
    let mut sums = BTreeMap::new();
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
