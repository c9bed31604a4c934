//! What one token's calls come to until they are collected. Each view of a token has a counter
//! of its own, so that a call waits for no other token's.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use ipnet::IpNet;

use crate::tokens::Code;
use crate::web::client_address::ClientAddress;

/// A token's calls are seldom of more kinds within a second.
const MOST_KINDS: usize = 8;
const LONGEST_USER_AGENT: usize = 200;

/// A decision about a known token.
pub struct Decided<'a> {
    pub code: Code,
    /// A resource's operation, or method and route of our own: of these there are not many.
    pub operation: &'a str,
    pub address: ClientAddress,
    /// The client; with `None` the one before stays the last that is known.
    pub user_agent: Option<&'a str>,
    pub at: DateTime<Utc>,
}

/// Where and when it was called last, and by what client.
#[derive(Clone, Debug)]
pub struct LastUse {
    pub at: DateTime<Utc>,
    pub from: IpAddr,
    pub user_agent: Option<String>,
}

impl LastUse {
    pub fn of(decided: &Decided<'_>) -> Self {
        Self {
            at: decided.at,
            from: decided.address.0,
            user_agent: decided.user_agent.and_then(shortened),
        }
    }

    /// The same as to merge it with that of `decided`, without a copy where nothing is new.
    fn add(&mut self, decided: &Decided<'_>) {
        if decided.at < self.at {
            if self.user_agent.is_none() {
                self.user_agent = decided.user_agent.and_then(shortened);
            }
            return;
        }
        (self.at, self.from) = (decided.at, decided.address.0);
        if let Some(user_agent) = decided.user_agent
            && self.user_agent.as_deref() != Some(user_agent)
            && let Some(shortened) = shortened(user_agent)
        {
            self.user_agent = Some(shortened);
        }
    }

    /// The later call counts; a client that did not say its name keeps the one it said before.
    pub fn merged(self, other: Self) -> Self {
        let (later, earlier) = if self.at > other.at {
            (self, other)
        } else {
            (other, self)
        };
        Self {
            user_agent: later.user_agent.or(earlier.user_agent),
            ..later
        }
    }
}

/// A user agent is whatever the client wrote; `None` if that is nothing.
fn shortened(user_agent: &str) -> Option<String> {
    let shortened: String = user_agent
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_USER_AGENT)
        .collect();
    Some(shortened).filter(|name| !name.is_empty())
}

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
