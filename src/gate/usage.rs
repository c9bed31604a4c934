//! Counts decisions in memory and writes the counts once a second: nothing is written while a
//! caller waits. What cannot be written is kept for the next second. Of a few tokens the counts are
//! added to the tables that pages read; those of many are logged, and added later.
//!
//! A call is counted in the counter of the view that it was decided by. A counter that holds
//! something is on a list, once; the list holds its view, which may be forgotten or replaced
//! meanwhile. Once a second all that is on the list is collected, as rows.

pub(super) mod counter;
mod log;
mod pending;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncConnection;

use self::counter::{LastUse, hour};
use self::pending::{Bucket, MOST_PENDING, Pending, Sum};
use super::queries::usage::{self as queries, Fate, TransactionId};
use super::queries::usage_log;
use super::view::View;
use crate::clock::Clock;
use crate::db::{Connection, Database};
use crate::tokens::{Code, TokenId};
use crate::web::Error;

pub use self::counter::Decided;

/// Hours are kept for this long; days and totals for as long as their token.
const KEPT: TimeDelta = TimeDelta::days(90);

/// What is counted and not written yet. Clones share it.
#[derive(Clone, Default)]
pub struct Usage(Arc<Counts>);

/// A counter is locked before any of these, and never after.
#[derive(Default)]
struct Counts {
    called: Mutex<Called>,
    pending: Mutex<Pending>,
    /// When the first was counted of what is being written.
    writing: Mutex<Option<Instant>>,
    /// What a transaction was to write whose end nobody has heard of.
    in_doubt: Mutex<VecDeque<InDoubt>>,
    /// When the first was logged, by whoever did, of what is not added up.
    logged: Mutex<Option<DateTime<Utc>>>,
}

struct InDoubt {
    transaction: TransactionId,
    pending: Pending,
}

/// Views whose counters hold something.
#[derive(Default)]
struct Called {
    /// When the first of them was called.
    since: Option<Instant>,
    views: Vec<Arc<View>>,
}

impl Usage {
    pub fn count(&self, view: &Arc<View>, decided: &Decided<'_>) {
        let mut held = view.counter.lock();
        let is_first = held.is_none();
        let calls = held.get_or_insert_default();
        if !calls.add(decided) {
            self.pending().collect(view.token, std::mem::take(calls));
            calls.add(decided);
        }
        // While the list is full, tokens that are not on it are not counted.
        if is_first && !self.called().add(view) {
            *held = None;
        }
    }

    /// So many calls like this one, within its hour.
    pub fn count_many(&self, token: TokenId, decided: &Decided<'_>, count: i64) {
        let mut pending = self.pending();
        let bucket = Bucket {
            token,
            hour: hour(decided.at),
            code: decided.code,
            operation: pending.operation(decided.operation),
            network: decided.address.network(),
        };
        let last_at = decided.at;
        pending.add_if_room(bucket, Sum { count, last_at });
        if decided.code == Code::Valid {
            pending.used(token, LastUse::of(decided));
        }
    }

    /// Writes what was counted.
    ///
    /// # Errors
    /// When the database fails; what is not written is kept.
    pub async fn flush(&self, database: &Database, now: DateTime<Utc>) -> Result<(), Error> {
        // What is in doubt does not keep from the rest.
        let settled = self.settle(database).await;
        *self.writing() = self.since();
        let pending = self.collect();
        let mut transaction = None;
        let written = if pending.is_empty() {
            Ok(())
        } else {
            write(&pending, database, now, &mut transaction).await
        };
        match (&written, transaction) {
            (Ok(()), _) => {}
            (Err(_), None) => self.pending().merge(pending),
            (Err(_), Some(transaction)) => self.in_doubt().push_back(InDoubt {
                transaction,
                pending,
            }),
        }
        *self.writing() = None;
        written.and(settled)
    }

    /// Finds out what was written although the answer was lost, and what has to be again.
    async fn settle(&self, database: &Database) -> Result<(), Error> {
        let number = self.in_doubt().len();
        if number == 0 {
            return Ok(());
        }
        let connection = &mut *database.get().await?;
        for _ in 0..number {
            let Some(first) = self.in_doubt().pop_front() else {
                break;
            };
            match queries::fate(connection, &first.transaction).await {
                Ok(Fate::Committed) => {}
                Ok(Fate::Aborted) => self.pending().merge(first.pending),
                Ok(Fate::Open) => self.in_doubt().push_back(first),
                Err(error) => {
                    self.in_doubt().push_back(first);
                    return Err(error.into());
                }
            }
        }
        if self.in_doubt().is_empty() {
            Ok(())
        } else {
            Err(Error::Unavailable("a transaction has not ended".into()))
        }
    }

    /// Writes what was counted as a part of the caller's transaction, which has all of it or
    /// nothing.
    ///
    /// # Errors
    /// When the database fails; the counts are lost then.
    pub async fn write(self, connection: &mut Connection) -> Result<(), Error> {
        self.collect().write(connection).await
    }

    /// How long ago the oldest call was counted that is not written yet.
    #[must_use]
    pub fn lag(&self) -> Duration {
        let writing = *self.writing();
        let since = self.since().into_iter().chain(writing).min();
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// For how long something has been logged that is not added up yet.
    #[must_use]
    pub fn logged_for(&self, now: DateTime<Utc>) -> Duration {
        let age = self.logged().map(|since| now - since);
        age.and_then(|age| age.to_std().ok()).unwrap_or_default()
    }

    /// When the first was counted of what is not being written.
    fn since(&self) -> Option<Instant> {
        let (called, pending) = (self.called().since, self.pending().since);
        let in_doubt = self.in_doubt();
        let in_doubt = in_doubt.iter().filter_map(|it| it.pending.since);
        called.into_iter().chain(pending).chain(in_doubt).min()
    }

    /// All of it, which is not there any more.
    fn collect(&self) -> Pending {
        let called = std::mem::take(&mut *self.called());
        let mut pending = std::mem::take(&mut *self.pending());
        pending.begun(called.since);
        for view in called.views {
            let calls = view.counter.lock().take();
            if let Some(calls) = calls {
                pending.collect(view.token, *calls);
            }
        }
        pending
    }

    fn called(&self) -> MutexGuard<'_, Called> {
        let called = self.0.called.lock();
        called.unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        let pending = self.0.pending.lock();
        pending.unwrap_or_else(PoisonError::into_inner)
    }

    fn logged(&self) -> MutexGuard<'_, Option<DateTime<Utc>>> {
        let logged = self.0.logged.lock();
        logged.unwrap_or_else(PoisonError::into_inner)
    }

    fn in_doubt(&self) -> MutexGuard<'_, VecDeque<InDoubt>> {
        let in_doubt = self.0.in_doubt.lock();
        in_doubt.unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> MutexGuard<'_, Option<Instant>> {
        let writing = self.0.writing.lock();
        writing.unwrap_or_else(PoisonError::into_inner)
    }
}

/// In one transaction, whose ID is there from the moment that it may have been committed.
async fn write(
    pending: &Pending,
    database: &Database,
    now: DateTime<Utc>,
    transaction: &mut Option<TransactionId>,
) -> Result<(), Error> {
    let connection = &mut *database.get().await?;
    connection
        .transaction(async |connection| {
            queries::let_go_if_frozen(connection).await?;
            let id = queries::transaction_id(connection).await?;
            if pending.is_short() {
                pending.write(connection).await?;
            } else {
                usage_log::append(connection, pending.entry(), now).await?;
            }
            *transaction = Some(id);
            Ok(())
        })
        .await
}

/// Forgets the hours that nothing shows any more.
///
/// # Errors
/// When the database fails.
pub async fn sweep(database: &Database, clock: &Clock) -> Result<usize, Error> {
    let connection = &mut *database.get().await?;
    Ok(queries::delete_hours_before(connection, clock.now() - KEPT).await?)
}

impl Called {
    /// Whether there was room for it.
    fn add(&mut self, view: &Arc<View>) -> bool {
        let has_room = self.views.len() < MOST_PENDING;
        if has_room {
            self.since.get_or_insert_with(Instant::now);
            self.views.push(view.clone());
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::decision::view;
    use super::*;
    use crate::web::client_address::ClientAddress;

    const CODES: [Code; 3] = [Code::Valid, Code::IpNotAllowed, Code::InsufficientScope];

    fn now() -> DateTime<Utc> {
        "2026-11-22T14:00:00Z".parse().unwrap()
    }

    fn decided(code: Code, address: [u8; 4], at: DateTime<Utc>) -> Decided<'static> {
        Decided {
            code,
            operation: "Agents: list",
            address: ClientAddress(address.into()),
            user_agent: Some("curl/8.0"),
            at,
        }
    }

    fn sum(pending: &Pending) -> i64 {
        pending.counts().map(|(_, count)| count).sum()
    }

    #[test]
    fn calls_like_the_one_before_are_one_row() {
        let (usage, view) = (Usage::default(), Arc::new(view()));
        for (code, address, at) in [
            (Code::Valid, [192, 0, 2, 1], now()),
            (Code::Valid, [192, 0, 2, 9], now() + TimeDelta::minutes(59)),
            (Code::Valid, [192, 0, 2, 1], now() + TimeDelta::hours(1)),
            (
                Code::Valid,
                [192, 0, 2, 1],
                now() - TimeDelta::microseconds(1),
            ),
            (Code::IpNotAllowed, [192, 0, 2, 1], now()),
            (Code::Valid, [192, 0, 3, 1], now()),
        ] {
            usage.count(&view, &decided(code, address, at));
        }
        let pending = usage.collect();
        let mut counts: Vec<i64> = pending.counts().map(|(_, count)| count).collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 1, 1, 1, 2]);
        assert!(usage.collect().is_empty());
    }

    #[test]
    fn the_last_use_is_the_latest_that_was_allowed_by_the_last_client_that_said_its_name() {
        let (usage, view) = (Usage::default(), Arc::new(view()));
        let later = now() + TimeDelta::seconds(1);
        let silent = Decided {
            user_agent: None,
            ..decided(Code::Valid, [192, 0, 2, 2], later)
        };
        usage.count(&view, &silent);
        let nameless = Decided {
            user_agent: Some(""),
            ..decided(Code::Valid, [192, 0, 2, 2], later)
        };
        usage.count(&view, &nameless);
        usage.count(&view, &decided(Code::Valid, [192, 0, 2, 1], now()));
        let denied = decided(Code::Disabled, [192, 0, 2, 3], later + TimeDelta::days(1));
        usage.count(&view, &denied);
        let last = usage.collect().last_use(view.token).unwrap();
        assert_eq!(last.at, later);
        assert_eq!(last.from, IpAddr::from([192, 0, 2, 2]));
        assert_eq!(last.user_agent.as_deref(), Some("curl/8.0"));
    }

    /// Calls of more kinds than a counter has room for, of a token with two secrets, whose views
    /// are forgotten and loaded anew, while others collect: none is lost, none counted twice.
    #[test]
    fn whatever_races_with_it_each_call_is_counted_once() {
        const THREADS: usize = 6;
        const CALLS: usize = 30_000;
        let usage = Usage::default();
        let fresh = || Arc::new(view());
        let cache = [Mutex::new(fresh()), Mutex::new(fresh())];
        let (running, sums) = (AtomicUsize::new(THREADS), Mutex::new(Pending::default()));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (usage, cache, running) = (&usage, &cache, &running);
                scope.spawn(move || {
                    for call in 0..CALLS {
                        let place = &cache[call % 2];
                        let view = place.lock().unwrap().clone();
                        let code = CODES[call % 3];
                        let network = u8::try_from(call % 7).unwrap();
                        let at = now() + TimeDelta::seconds(i64::try_from(call).unwrap());
                        usage.count(&view, &decided(code, [192, 0, network, 1], at));
                        if call % 97 == thread {
                            let token = view.token;
                            let again = View {
                                token,
                                ..self::view()
                            };
                            *place.lock().unwrap() = Arc::new(again);
                        }
                    }
                    running.fetch_sub(1, Ordering::Release);
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    while running.load(Ordering::Acquire) > 0 {
                        // As if it could not be written, every other time.
                        let (one, other) = (usage.collect(), usage.collect());
                        usage.pending().merge(one);
                        sums.lock().unwrap().merge(other);
                    }
                });
            }
        });
        let mut all = sums.into_inner().unwrap();
        all.merge(usage.collect());
        assert_eq!(sum(&all), i64::try_from(THREADS * CALLS).unwrap());
        // As often as each comes up in what every thread does.
        for (hour, code, network) in [(0, 0, 0), (3, 1, 4), (8, 2, 6)] {
            let of = |call: &usize| (call / 3600, call % 3, call % 7) == (hour, code, network);
            let expected = THREADS * (0..CALLS).filter(of).count();
            let hour = now() + TimeDelta::hours(i64::try_from(hour).unwrap());
            let network = IpAddr::from([192, 0, u8::try_from(network).unwrap(), 0]);
            let found = all.counts().filter(|(bucket, _)| {
                bucket.hour == hour
                    && bucket.code == CODES[code]
                    && bucket.network.addr() == network
            });
            let found: i64 = found.map(|(_, count)| count).sum();
            assert_eq!(found, i64::try_from(expected).unwrap());
        }
    }

    #[test]
    fn what_was_never_called_has_nothing_but_a_lock() {
        assert!(size_of::<super::counter::Counter>() <= 16);
        let (usage, view) = (Usage::default(), Arc::new(view()));
        usage.count(&view, &decided(Code::Valid, [192, 0, 2, 1], now()));
        assert!(view.counter.lock().is_some());
        usage.collect();
        assert!(view.counter.lock().is_none());
        assert_eq!(Arc::strong_count(&view), 1);
    }
}
