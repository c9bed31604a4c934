//! What one token's calls come to until they are collected. Each view of a token has a counter
//! of its own, so that a call waits for no other token's.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use ipnet::IpNet;

use super::{Decided, LastUse};
use crate::gate::decision::Code;

/// A token's calls are seldom of more kinds within a second.
const MOST_KINDS: usize = 8;

/// Empty, it takes no more than a pointer and a lock.
#[derive(Debug, Default)]
pub struct Counter(Mutex<Option<Box<Calls>>>);

#[derive(Debug, Default)]
pub struct Calls {
    pub kinds: Vec<Kind>,
    pub last: Option<LastUse>,
}

/// Calls that are counted in the same row.
#[derive(Debug)]
pub struct Kind {
    pub hour: DateTime<Utc>,
    pub code: Code,
    pub operation: Box<str>,
    pub network: IpNet,
    pub count: i64,
    pub last_at: DateTime<Utc>,
}

impl Counter {
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Box<Calls>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Calls {
    /// Whether there is room for it: what there is has to be collected first, if not.
    pub fn add(&mut self, decided: &Decided<'_>) -> bool {
        let has_room = self.kinds.len() < MOST_KINDS;
        let network = decided.address.network();
        let known = self.kinds.iter_mut().find(|kind| {
            kind.code == decided.code
                && kind.network == network
                && *kind.operation == *decided.operation
                && kind.is_of_hour(decided.at)
        });
        match known {
            Some(kind) => {
                kind.count += 1;
                kind.last_at = kind.last_at.max(decided.at);
            }
            None if !has_room => return false,
            None => {
                // Most tokens' calls are of one kind.
                self.kinds.reserve_exact(1);
                self.kinds.push(Kind::first(decided, network));
            }
        }
        if decided.code == Code::Valid {
            self.used(decided);
        }
        true
    }

    fn used(&mut self, decided: &Decided<'_>) {
        match &mut self.last {
            Some(last) => last.add(decided),
            None => self.last = Some(LastUse::of(decided)),
        }
    }
}

impl Kind {
    fn first(decided: &Decided<'_>, network: IpNet) -> Self {
        Self {
            hour: hour(decided.at),
            code: decided.code,
            operation: decided.operation.into(),
            network,
            count: 1,
            last_at: decided.at,
        }
    }

    fn is_of_hour(&self, at: DateTime<Utc>) -> bool {
        (0..3600).contains(&(at.timestamp() - self.hour.timestamp()))
    }
}

pub fn hour(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}
