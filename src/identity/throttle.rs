//! Slows down guessing. Each attempt is counted before its password is looked at, so that
//! many at once gain nothing, and in the database, so that many instances gain nothing. What
//! turns out right is forgiven.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncConnection;

use super::drafts::Email;
use super::queries::{self, Attempts};
use crate::clock::Clock;
use crate::db::{Connection, Database};
use crate::secret::Digest;
use crate::web::Error;
use crate::web::client_address::ClientAddress;

/// After an hour without attempts they are forgotten.
const MEMORY: TimeDelta = TimeDelta::hours(1);
/// As long as the cookie of a browser in which somebody signed in.
pub const BROWSER_MEMORY: TimeDelta = TimeDelta::days(365);
/// The longest wait between two attempts: with it, an hour has at most 70 of them.
const LONGEST_WAIT: i64 = 60;
/// After these many wrong guesses the waits begin: for one account or browser,
const FREE_FOR_ACCOUNT: i32 = 5;
/// for one address, behind which there may be an office,
const FREE_FOR_ADDRESS: i32 = 30;
/// and for one network, of which someone may have all addresses.
const FREE_FOR_NETWORK: i32 = 100;

/// What an attempt counts against.
#[derive(Clone, Debug)]
pub struct Subjects(Vec<Subject>);

#[derive(Clone, Debug)]
struct Subject {
    digest: Digest,
    free: i32,
    /// Whether a right password clears it: an address could clear itself with an account of
    /// its own.
    cleared_by_success: bool,
}

impl Subjects {
    /// A stranger counts against the account, the address and its network; a browser that the account's
    /// owner has used before, against itself alone. So no stranger can lock the owner out.
    #[must_use]
    pub fn new(email: &Email, address: ClientAddress, known_browser: Option<Digest>) -> Self {
        if let Some(browser) = known_browser {
            let digest = Digest::of(&format!("browser {:x?}", browser.as_bytes()));
            return Self(vec![Subject {
                digest,
                free: FREE_FOR_ACCOUNT,
                cleared_by_success: true,
            }]);
        }
        let mut subjects = vec![
            Subject {
                digest: Digest::of(&format!("account {}", email.as_str())),
                free: FREE_FOR_ACCOUNT,
                cleared_by_success: true,
            },
            Subject {
                digest: Digest::of(&format!("address {}", address.subscriber())),
                free: FREE_FOR_ADDRESS,
                cleared_by_success: false,
            },
            Subject {
                digest: Digest::of(&format!("network {}", address.network())),
                free: FREE_FOR_NETWORK,
                cleared_by_success: false,
            },
        ];
        // All take their locks in one order.
        subjects.sort_by_key(|subject| *subject.digest.as_bytes());
        Self(subjects)
    }

    /// Guesses at the set-up code.
    #[must_use]
    pub fn setup(address: IpAddr) -> Self {
        Self(vec![Subject {
            digest: Digest::of(&format!("setup {}", ClientAddress(address).subscriber())),
            free: FREE_FOR_ADDRESS,
            cleared_by_success: true,
        }])
    }
}

/// Counts an attempt, or refuses it uncounted.
///
/// # Errors
/// [`Error::TooMany`] with the seconds to wait.
pub async fn admit(
    connection: &mut Connection,
    subjects: &Subjects,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    connection
        .transaction(async |connection| {
            for subject in &subjects.0 {
                let attempts = queries::lock_attempts(connection, &subject.digest, now).await?;
                let attempts = next(&attempts, subject.free, now)?;
                queries::save_attempts(connection, &subject.digest, &attempts).await?;
            }
            Ok(())
        })
        .await
}

/// Takes an attempt back, as it was right.
///
/// # Errors
/// When the database fails.
pub async fn forgive(
    connection: &mut Connection,
    subjects: &Subjects,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    for subject in &subjects.0 {
        if subject.cleared_by_success {
            queries::clear_attempts(connection, &subject.digest).await?;
        } else {
            queries::forgive_attempt(connection, &subject.digest, at).await?;
        }
    }
    Ok(())
}

/// Takes an attempt back, as nobody has looked at it.
///
/// # Errors
/// When the database fails.
pub async fn take_back(
    connection: &mut Connection,
    subjects: &Subjects,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    for subject in &subjects.0 {
        queries::forgive_attempt(connection, &subject.digest, at).await?;
    }
    Ok(())
}

/// Forgets what no longer counts.
///
/// # Errors
/// When the database fails.
pub async fn sweep(database: &Database, clock: &Clock) -> Result<usize, Error> {
    let connection = &mut *database.get().await?;
    let forgotten = queries::delete_attempts_before(connection, clock.now() - MEMORY).await?;
    queries::delete_browsers_before(connection, clock.now() - BROWSER_MEMORY).await?;
    Ok(forgotten)
}

fn next(before: &Attempts, free: i32, now: DateTime<Utc>) -> Result<Attempts, Error> {
    if before.blocked_until > now {
        let wait = before.blocked_until - now;
        return Err(Error::TooMany {
            retry_after_seconds: (wait.num_milliseconds() + 999) / 1000,
        });
    }
    let forgotten = before.last_attempt_at + MEMORY < now;
    let failures = if forgotten {
        1
    } else {
        before.failures.saturating_add(1)
    };
    Ok(Attempts {
        failures,
        last_attempt_at: now,
        blocked_until: now + TimeDelta::seconds(wait_after(failures, free)),
    })
}

/// None for the free ones, then 2, 4, 8 … seconds.
fn wait_after(failures: i32, free: i32) -> i64 {
    match failures - free {
        ..=0 => 0,
        beyond => 2_i64
            .saturating_pow(beyond.unsigned_abs())
            .min(LONGEST_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many guesses someone gets into each hour of a day who tries every second.
    fn guesses_by_hour(free: i32) -> Vec<usize> {
        let start = DateTime::<Utc>::UNIX_EPOCH;
        let mut attempts = Attempts {
            failures: 0,
            last_attempt_at: start,
            blocked_until: start,
        };
        let mut admitted = Vec::new();
        for second in 0..86_400 {
            if let Ok(after) = next(&attempts, free, start + TimeDelta::seconds(second)) {
                attempts = after;
                admitted.push(second);
            }
        }
        (0..86_400)
            .step_by(600)
            .map(|from| {
                admitted
                    .iter()
                    .filter(|at| (from..from + 3600).contains(*at))
                    .count()
            })
            .collect()
    }

    #[test]
    fn an_account_takes_at_most_100_guesses_an_hour() {
        let most = guesses_by_hour(FREE_FOR_ACCOUNT).into_iter().max();
        assert!(most <= Some(100), "{most:?}");
    }

    #[test]
    fn waits_grow_and_are_forgotten_after_a_quiet_hour() {
        let waits: Vec<i64> = (4..13).map(|failures| wait_after(failures, 5)).collect();
        assert_eq!(waits, [0, 0, 2, 4, 8, 16, 32, 60, 60]);
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(1);
        let long_ago = Attempts {
            failures: 50,
            last_attempt_at: now - TimeDelta::hours(2),
            blocked_until: now - TimeDelta::hours(1),
        };
        assert_eq!(next(&long_ago, 5, now).unwrap().failures, 1);
    }
}
