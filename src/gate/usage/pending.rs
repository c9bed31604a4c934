//! Rows to be written, of all tokens.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use itertools::izip;

use super::counter::{Calls, LastUse};
use crate::db::Connection;
use crate::gate::queries::usage::{self as queries, Days, Hours, Totals};
use crate::gate::queries::usage_log::Entry;
use crate::tokens::{Code, TokenId};
use crate::web::Error;

/// While the database is away, counting stops at so many different rows.
pub const MOST_PENDING: usize = 200_000;
/// The counts of so many tokens are added in one transaction. A longer one would keep the
/// processor from callers, and the rows from whoever changes a token, for as long as it takes.
pub const MOST_AT_ONCE: usize = 100;

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
            self.add_if_room(bucket, Sum { count, last_at });
        }
        if let Some(last) = calls.last {
            self.used(token, last);
        }
    }

    pub fn is_full(&self) -> bool {
        self.hours.len() >= MOST_PENDING
    }

    pub fn add_if_room(&mut self, bucket: Bucket, calls: Sum) {
        if !self.is_full() || self.hours.contains_key(&bucket) {
            self.add(bucket, calls);
        }
    }

    fn add(&mut self, bucket: Bucket, calls: Sum) {
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
            self.add_if_room(bucket, calls);
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

    /// As an entry of the log.
    pub fn entry(&self) -> Entry {
        let rows: Vec<(&Bucket, &Sum)> = self.hours.iter().collect();
        let mut entry = Entry {
            hours: hours(&rows),
            ..Entry::default()
        };
        let used = self
            .tokens()
            .filter_map(|token| Some((token, self.last.get(&token)?)));
        for (token, last) in used {
            entry.used.push(token);
            entry.used_at.push(last.at);
            entry.used_from.push(last.from.into());
            entry
                .user_agents
                .push(last.user_agent.clone().unwrap_or_default());
        }
        entry
    }

    /// What an entry of the log has of tokens that come after `added_to`.
    pub fn read(&mut self, entry: Entry, added_to: Option<TokenId>) {
        let is_missing = |token| Some(token) > added_to;
        let Hours {
            tokens,
            starts,
            codes,
            operations,
            networks,
            calls,
            last,
        } = entry.hours;
        let calls = izip!(tokens, starts, codes, operations, networks, calls, last);
        for (token, hour, code, operation, network, count, last_at) in calls {
            if is_missing(token) {
                let operation = self.operation(&operation);
                let bucket = Bucket {
                    token,
                    hour,
                    code,
                    operation,
                    network,
                };
                self.add(bucket, Sum { count, last_at });
            }
        }
        let uses = izip!(
            entry.used,
            entry.used_at,
            entry.used_from,
            entry.user_agents
        );
        for (token, at, from, user_agent) in uses {
            if is_missing(token) {
                let user_agent = Some(user_agent).filter(|name| !name.is_empty());
                self.used(
                    token,
                    LastUse {
                        at,
                        from: from.addr(),
                        user_agent,
                    },
                );
            }
        }
    }

    /// Whether it is of no more tokens than are added at once.
    pub fn is_short(&self) -> bool {
        self.tokens().nth(MOST_AT_ONCE).is_none()
    }

    /// Each once, in order.
    fn tokens(&self) -> impl Iterator<Item = TokenId> {
        let mut before = None;
        let tokens = self.hours.keys().map(|bucket| bucket.token);
        tokens.filter(move |token| before.replace(*token) != Some(*token))
    }

    /// What there is of the first so many tokens, and the last of these.
    pub fn take_first(&mut self, tokens: usize) -> Option<(TokenId, Self)> {
        let last = self.tokens().take(tokens).last()?;
        let mut first = Self::default();
        while let Some(entry) = self.hours.first_entry()
            && entry.key().token <= last
        {
            let (bucket, sum) = entry.remove_entry();
            first.last.extend(self.last.remove_entry(&bucket.token));
            first.hours.insert(bucket, sum);
        }
        Some((last, first))
    }

    /// Adds it to the tables that pages read.
    pub async fn write(&self, connection: &mut Connection) -> Result<(), Error> {
        let ids: Vec<TokenId> = self.tokens().collect();
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
        columns.codes.push(bucket.code);
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
