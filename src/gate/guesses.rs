//! Slows down guessing at secrets of older systems, which may be short. Ours are not slowed down:
//! nobody guesses 190 bits.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ipnet::IpNet;

use crate::web::Error;
use crate::web::client_address::ClientAddress;

/// So many wrong ones within [`PERIOD`] are looked up for one subscriber, on each instance.
const MOST: u32 = 100;
const PERIOD: Duration = Duration::from_secs(60);
/// When so many subscribers are known, those whose period is over are forgotten.
const MANY: usize = 10_000;

#[derive(Default)]
pub struct Guesses(Mutex<HashMap<IpNet, Made>>);

struct Made {
    since: Instant,
    count: u32,
}

/// A guess that counts unless it is taken back: many at once gain nothing.
#[must_use]
pub struct Guess<'a> {
    guesses: &'a Guesses,
    subscriber: IpNet,
}

impl Guesses {
    /// To be called before it is looked up.
    ///
    /// # Errors
    /// [`Error::TooMany`]
    pub fn begin(&self, source: ClientAddress, now: Instant) -> Result<Guess<'_>, Error> {
        let subscriber = source.subscriber();
        let mut known = self.lock();
        let is_over = |made: &Made| now.saturating_duration_since(made.since) >= PERIOD;
        if known.len() >= MANY {
            known.retain(|_, made| !is_over(made));
        }
        let first = || Made {
            since: now,
            count: 0,
        };
        let made = known.entry(subscriber).or_insert_with(first);
        if is_over(made) {
            *made = first();
        }
        if made.count >= MOST {
            let left = PERIOD.saturating_sub(now.saturating_duration_since(made.since));
            return Err(Error::TooMany {
                retry_after_seconds: i64::try_from(left.as_secs()).unwrap_or(i64::MAX) + 1,
            });
        }
        made.count += 1;
        Ok(Guess {
            guesses: self,
            subscriber,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpNet, Made>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guess<'_> {
    /// It was none: there is such a secret, or nobody knows.
    pub fn take_back(self) {
        if let Some(made) = self.guesses.lock().get_mut(&self.subscriber) {
            made.count = made.count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> ClientAddress {
        ClientAddress(text.parse().unwrap())
    }

    #[test]
    fn who_guesses_waits_and_nobody_else_does() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let guess = |text: &str, at| guesses.begin(source(text), at);
        for _ in 0..MOST {
            assert!(guess("2001:db8::1", now).is_ok());
        }
        let later = now + Duration::from_secs(59);
        for neighbour in ["2001:db8::1", "2001:db8::2"] {
            let refused = guess(neighbour, later).err().unwrap();
            assert!(matches!(
                refused,
                Error::TooMany {
                    retry_after_seconds: 1
                }
            ));
        }
        assert!(guess("2001:db8:0:1::1", later).is_ok());
        assert!(guess("192.0.2.1", later).is_ok());
        assert!(guess("2001:db8::1", now + PERIOD).is_ok());
    }

    #[test]
    fn what_is_right_does_not_count() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..2 * MOST {
            guesses.begin(source("192.0.2.1"), now).unwrap().take_back();
        }
        let open: Vec<_> = (0..MOST)
            .map(|_| guesses.begin(source("192.0.2.1"), now))
            .collect();
        assert!(open.iter().all(Result::is_ok));
        assert!(guesses.begin(source("192.0.2.1"), now).is_err());
    }
}
