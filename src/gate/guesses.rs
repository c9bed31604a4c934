//! Slows down guessing at secrets of older systems, which may be short. Ours are not slowed down:
//! nobody guesses 190 bits.
//!
//! A guess counts before it is looked at, so that many at once gain nothing; and once, so that a
//! program that goes on with a secret which was deleted stands in nobody's way, nor in its own.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ipnet::{IpNet, Ipv4Net};

use crate::secret::Digest;
use crate::tokens::TokenId;
use crate::web::Error;
use crate::web::client_address::ClientAddress;

/// So many different wrong ones are looked at within [`PERIOD`] for one network, on each instance.
const MOST_WRONG: usize = 100;
const PERIOD: Duration = Duration::from_secs(60);
/// So many right ones are known of a network: they are let through whatever else comes from there.
const MOST_RIGHT: usize = 1_000;
/// So many networks are known; all others count as one, for each who asks.
const MOST_NETWORKS: usize = 10_000;
const SWEEP: Duration = Duration::from_secs(1);

#[derive(Default)]
pub struct Guesses(Mutex<Known>);

/// Who guesses.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Guesser {
    /// The token of whoever asks for them.
    asker: Option<TokenId>,
    network: IpNet,
}

#[derive(Default)]
struct Known {
    guessers: HashMap<Guesser, Guessed>,
    swept: Option<Instant>,
}

/// Secrets by the beginnings of their digests.
struct Guessed {
    since: Instant,
    wrong: HashSet<u64>,
    right: HashSet<u64>,
}

impl Guesser {
    #[must_use]
    pub fn at(source: ClientAddress) -> Self {
        Self {
            asker: None,
            network: source.network(),
        }
    }

    /// Whose secrets a service asks about. What it says of where they come from counts for itself alone.
    #[must_use]
    pub fn behind(asker: TokenId, source: ClientAddress) -> Self {
        Self {
            asker: Some(asker),
            ..Self::at(source)
        }
    }

    fn anywhere(self) -> Self {
        Self {
            network: Ipv4Net::default().into(),
            ..self
        }
    }
}

impl Guesses {
    /// Counts it as wrong until it turns out otherwise.
    ///
    /// # Errors
    /// [`Error::TooMany`]: it is not to be looked at.
    pub fn begin(&self, guesser: Guesser, digest: &Digest, now: Instant) -> Result<(), Error> {
        let guess = beginning(digest);
        let mut known = self.lock();
        let guessed = known.of(guesser, now);
        if guessed.right.contains(&guess) || guessed.wrong.contains(&guess) {
            return Ok(());
        }
        if guessed.wrong.len() < MOST_WRONG {
            guessed.wrong.insert(guess);
            return Ok(());
        }
        let left = PERIOD.saturating_sub(now.saturating_duration_since(guessed.since));
        Err(Error::TooMany {
            retry_after_seconds: i64::try_from(left.as_secs()).unwrap_or(i64::MAX) + 1,
        })
    }

    /// There is such a secret.
    pub fn was_right(&self, guesser: Guesser, digest: &Digest, now: Instant) {
        let guess = beginning(digest);
        let mut known = self.lock();
        let guessed = known.of(guesser, now);
        guessed.wrong.remove(&guess);
        if guessed.right.len() < MOST_RIGHT {
            guessed.right.insert(guess);
        }
    }

    /// It could not be found out.
    pub fn take_back(&self, guesser: Guesser, digest: &Digest, now: Instant) {
        let mut known = self.lock();
        known.of(guesser, now).wrong.remove(&beginning(digest));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn of(&mut self, mut guesser: Guesser, now: Instant) -> &mut Guessed {
        if !self.guessers.contains_key(&guesser) && !self.has_room(now) {
            guesser = guesser.anywhere();
        }
        let guessed = self.guessers.entry(guesser).or_insert_with(|| Guessed {
            since: now,
            wrong: HashSet::new(),
            right: HashSet::new(),
        });
        if guessed.is_over(now) {
            guessed.since = now;
            guessed.wrong.clear();
        }
        guessed
    }

    fn has_room(&mut self, now: Instant) -> bool {
        let is_due = |swept| now.saturating_duration_since(swept) >= SWEEP;
        if self.guessers.len() >= MOST_NETWORKS && self.swept.is_none_or(is_due) {
            self.swept = Some(now);
            self.guessers.retain(|_, guessed| !guessed.is_over(now));
        }
        self.guessers.len() < MOST_NETWORKS
    }
}

impl Guessed {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= PERIOD
    }
}

fn beginning(digest: &Digest) -> u64 {
    let (first, _) = digest.as_bytes().split_at(8);
    first
        .iter()
        .fold(0, |all, byte| all << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Guesser {
        Guesser::at(ClientAddress(text.parse().unwrap()))
    }

    fn secret(number: usize) -> Digest {
        Digest::of(&number.to_string())
    }

    #[test]
    fn who_guesses_waits_and_nobody_else_does() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let guess = |text: &str, number, at| guesses.begin(source(text), &secret(number), at);
        for number in 0..MOST_WRONG {
            assert!(guess("2001:db8::1", number, now).is_ok());
        }
        let later = now + Duration::from_secs(59);
        for neighbour in ["2001:db8::1", "2001:db8:0:1::2"] {
            let refused = guess(neighbour, 1_000, later).err().unwrap();
            let Error::TooMany {
                retry_after_seconds,
            } = refused
            else {
                panic!("{refused:?}");
            };
            assert_eq!(retry_after_seconds, 2);
        }
        assert!(guess("2001:db8:1::1", 1_000, later).is_ok());
        assert!(guess("192.0.2.1", 1_000, later).is_ok());
        assert!(guess("2001:db8::1", 1_000, now + PERIOD).is_ok());
    }

    #[test]
    fn the_same_again_is_no_other_guess() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..2 * MOST_WRONG {
            guesses.begin(source("192.0.2.1"), &secret(0), now).unwrap();
        }
    }

    #[test]
    fn what_was_right_stands_in_nobodys_way_and_nobody_in_its() {
        let (guesses, now, here) = (Guesses::default(), Instant::now(), source("192.0.2.1"));
        for number in 0..2 * MOST_WRONG {
            guesses.begin(here, &secret(number), now).unwrap();
            guesses.was_right(here, &secret(number), now);
        }
        for number in 1_000..1_000 + MOST_WRONG {
            guesses.begin(here, &secret(number), now).unwrap();
        }
        assert!(guesses.begin(here, &secret(2_000), now).is_err());
        assert!(guesses.begin(here, &secret(0), now).is_ok());
        // Where it was not used before, it is a guess as good as any.
        let there = source("192.0.3.1");
        for number in 1_000..1_000 + MOST_WRONG {
            guesses.begin(there, &secret(number), now).unwrap();
        }
        assert!(guesses.begin(there, &secret(0), now).is_err());
    }

    #[test]
    fn what_was_wrong_may_come_again_whatever_else_was() {
        let (guesses, now, here) = (Guesses::default(), Instant::now(), source("192.0.2.1"));
        for number in 0..MOST_WRONG {
            guesses.begin(here, &secret(number), now).unwrap();
        }
        assert!(guesses.begin(here, &secret(MOST_WRONG), now).is_err());
        assert!(guesses.begin(here, &secret(0), now).is_ok());
    }

    #[test]
    fn what_one_asks_about_is_no_guess_of_another() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let [one, other] = [1, 2].map(|id| TokenId::from(uuid::Uuid::from_u128(id)));
        let address = ClientAddress("192.0.2.1".parse().unwrap());
        for number in 0..MOST_WRONG {
            let guesser = Guesser::behind(one, address);
            guesses.begin(guesser, &secret(number), now).unwrap();
        }
        let guess = |guesser| guesses.begin(guesser, &secret(1_000), now);
        assert!(guess(Guesser::behind(one, address)).is_err());
        assert!(guess(Guesser::behind(other, address)).is_ok());
        assert!(guess(Guesser::at(address)).is_ok());
        // Who names many networks gets no further there than in one.
        for number in 0..MOST_NETWORKS {
            let [.., a, b, c] = number.to_be_bytes();
            let named = ClientAddress(format!("{a}.{b}.{c}.1").parse().unwrap());
            let _ = guesses.begin(Guesser::behind(one, named), &secret(number), now);
        }
        let more = |number: usize| {
            let named = ClientAddress(format!("203.0.{}.1", number % 256).parse().unwrap());
            guesses.begin(Guesser::behind(one, named), &secret(number), now)
        };
        let looked_at = (20_000..20_256).filter(|number| more(*number).is_ok());
        assert!(looked_at.count() <= MOST_WRONG);
        let elsewhere = ClientAddress("198.51.100.1".parse().unwrap());
        assert!(
            guesses
                .begin(Guesser::behind(other, elsewhere), &secret(0), now)
                .is_ok()
        );
    }

    #[test]
    fn whoever_comes_from_everywhere_comes_from_one_network() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let from = |number: usize| {
            let [.., a, b, c] = number.to_be_bytes();
            source(&format!("{a}.{b}.{c}.1"))
        };
        for number in 0..MOST_NETWORKS + MOST_WRONG - 1 {
            guesses.begin(from(number), &secret(number), now).unwrap();
        }
        let refused = (0..3).filter(|more| {
            let number = 2 * MOST_NETWORKS + more;
            guesses.begin(from(number), &secret(number), now).is_err()
        });
        assert!(refused.count() >= 1);
        assert!(guesses.0.lock().unwrap().guessers.len() <= MOST_NETWORKS + 1);
        let later = now + PERIOD;
        assert!(guesses.begin(from(50_000), &secret(0), later).is_ok());
        assert_eq!(guesses.0.lock().unwrap().guessers.len(), 1);
    }
}
