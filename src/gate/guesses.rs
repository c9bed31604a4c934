//! Slows down guessing at secrets of older systems, which may be short. Ours are not slowed down:
//! nobody guesses 190 bits.
//!
//! A guess counts before it is looked at, so that many at once gain nothing; and once, so that a
//! program that goes on with a secret which was deleted stands in nobody's way, nor in its own. What
//! is still being looked at has others wait, and refuses none.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ipnet::{IpNet, Ipv4Net};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::Notify;

use crate::access::OrganizationId;
use crate::secret::Digest;
use crate::telemetry::Seldom;
use crate::web::Error;
use crate::web::client_address::ClientAddress;

/// So many different wrong ones are looked at within [`PERIOD`] for one network, on each instance.
const MOST_WRONG: usize = 100;
/// And so many for one organisation whose services ask, whatever networks they name.
const MOST_WRONG_OF_ASKER: usize = 1_000;
const PERIOD: Duration = Duration::from_secs(60);
/// So many right ones are known of a network: they are let through whatever else comes from there.
const MOST_RIGHT: usize = 1_000;
/// So many networks are known; all others count as one.
const MOST_NETWORKS: usize = 10_000;
const SWEEP: Duration = Duration::from_secs(1);

/// Who guesses.
#[derive(Clone, Copy, Debug)]
pub struct Guesser {
    /// The organisation whose service asks for them; it learns of its own tokens alone.
    pub asker: Option<OrganizationId>,
    network: IpNet,
}

impl Guesser {
    #[must_use]
    pub fn at(source: ClientAddress) -> Self {
        Self {
            asker: None,
            network: source.network(),
        }
    }

    /// Whose secrets a service asks about, which says where they come from.
    #[must_use]
    pub fn behind(asker: OrganizationId, source: ClientAddress) -> Self {
        Self {
            asker: Some(asker),
            ..Self::at(source)
        }
    }
}

#[derive(Default)]
pub struct Guesses {
    ledger: Mutex<Ledger>,
    /// That one has been looked at.
    settled: Notify,
    pub refused: Counter,
}

/// One that is being looked at. It was wrong unless it is said to be otherwise.
#[must_use]
pub struct Guess<'a> {
    guesses: &'a Guesses,
    guesser: Guesser,
    secret: u64,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    Right,
    Wrong,
    NotFoundOut,
}

impl Guesses {
    /// Counts it, and not a second time. Waits while so many are looked at as may be wrong.
    ///
    /// # Errors
    /// [`Error::TooMany`]: it is not to be looked at.
    pub async fn begin(
        &self,
        guesser: Guesser,
        digest: &Digest,
    ) -> Result<Option<Guess<'_>>, Error> {
        let secret = beginning(digest);
        loop {
            let settled = self.settled.notified();
            let begun = self.lock().begin(guesser, secret, Instant::now());
            match begun {
                Begun::Known => return Ok(None),
                Begun::Counted(network) => {
                    return Ok(Some(Guess {
                        guesses: self,
                        guesser: Guesser { network, ..guesser },
                        secret,
                        outcome: Outcome::Wrong,
                    }));
                }
                Begun::Waiting => settled.await,
                Begun::Refused { left } => return Err(self.refuse(guesser, left)),
            }
        }
    }

    fn refuse(&self, guesser: Guesser, left: Duration) -> Error {
        static SAID: Seldom = Seldom::new();
        self.refused.inc();
        if SAID.is_due("", Instant::now()) {
            let asker = guesser.asker.map(|asker| asker.to_string());
            tracing::warn!(
                network = %guesser.network,
                asker,
                "somebody guesses at secrets of older systems (said at most once a minute)"
            );
        }
        Error::TooMany {
            retry_after_seconds: i64::try_from(left.as_secs()).unwrap_or(i64::MAX) + 1,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guess<'_> {
    /// There is such a secret, and the guesser may know it.
    pub fn was_right(mut self) {
        self.outcome = Outcome::Right;
    }

    pub fn was_not_found_out(mut self) {
        self.outcome = Outcome::NotFoundOut;
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        let mut ledger = self.guesses.lock();
        ledger.settle(self.guesser, self.secret, self.outcome);
        drop(ledger);
        self.guesses.settled.notify_waiters();
    }
}

/// By who asks: what is known of others is no concern of theirs, and takes none of their room.
#[derive(Default)]
struct Ledger(HashMap<Option<OrganizationId>, Page>);

#[derive(Default)]
struct Page {
    networks: HashMap<IpNet, Guessed>,
    swept: Option<Instant>,
    all: Count,
}

/// Secrets by the beginnings of their digests.
#[derive(Default)]
struct Guessed {
    count: Count,
    pending: HashSet<u64>,
    wrong: HashSet<u64>,
    right: HashSet<u64>,
}

#[derive(Default)]
struct Count {
    since: Option<Instant>,
    wrong: usize,
    pending: usize,
}

#[derive(Debug, Eq, PartialEq)]
enum Begun {
    /// It was right or wrong before, or is being looked at.
    Known,
    /// For this network.
    Counted(IpNet),
    /// Others have to be looked at first.
    Waiting,
    Refused {
        left: Duration,
    },
}

impl Ledger {
    fn begin(&mut self, guesser: Guesser, secret: u64, now: Instant) -> Begun {
        if !self.0.contains_key(&guesser.asker) {
            self.0.retain(|_, page| !page.is_over(now));
        }
        let page = self.0.entry(guesser.asker).or_default();
        let network = page.room_for(guesser.network, now);
        let there = page.networks.entry(network).or_default();
        if there.count.is_over(now) {
            there.wrong.clear();
        }
        let most = guesser.asker.map_or(usize::MAX, |_| MOST_WRONG_OF_ASKER);
        let limits = [(&mut there.count, MOST_WRONG), (&mut page.all, most)];
        let begun = limits.map(|(count, most)| count.begin(most, now));
        let known = [&there.right, &there.wrong, &there.pending];
        if known.iter().any(|known| known.contains(&secret)) {
            return Begun::Known;
        }
        if let Some(stopped) = begun.into_iter().flatten().next() {
            return stopped;
        }
        there.pending.insert(secret);
        there.count.pending += 1;
        page.all.pending += 1;
        Begun::Counted(network)
    }

    fn settle(&mut self, guesser: Guesser, secret: u64, outcome: Outcome) {
        let Some(page) = self.0.get_mut(&guesser.asker) else {
            return;
        };
        let Some(there) = page.networks.get_mut(&guesser.network) else {
            return;
        };
        there.pending.remove(&secret);
        for count in [&mut there.count, &mut page.all] {
            count.pending -= 1;
            count.wrong += usize::from(outcome == Outcome::Wrong);
        }
        match outcome {
            Outcome::Wrong => {
                there.wrong.insert(secret);
            }
            Outcome::Right if there.right.len() < MOST_RIGHT => {
                there.right.insert(secret);
            }
            Outcome::Right | Outcome::NotFoundOut => {}
        }
    }
}

impl Page {
    /// The network, or all others where no more are known.
    fn room_for(&mut self, network: IpNet, now: Instant) -> IpNet {
        if self.networks.contains_key(&network) || self.networks.len() < MOST_NETWORKS {
            return network;
        }
        if self
            .swept
            .is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP)
        {
            self.swept = Some(now);
            self.networks
                .retain(|_, guessed| !guessed.is_over(now) || !guessed.right.is_empty());
            if self.networks.len() >= MOST_NETWORKS {
                self.networks.retain(|_, guessed| !guessed.is_over(now));
            }
        }
        if self.networks.len() < MOST_NETWORKS {
            network
        } else {
            Ipv4Net::default().into()
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.networks.values().all(|guessed| guessed.is_over(now))
    }
}

impl Guessed {
    fn is_over(&self, now: Instant) -> bool {
        self.count.is_over(now) && self.pending.is_empty()
    }
}

impl Count {
    /// Begins anew after a period. Returns why one more is not to be looked at.
    fn begin(&mut self, most: usize, now: Instant) -> Option<Begun> {
        if self.is_over(now) {
            (self.since, self.wrong) = (Some(now), 0);
        }
        let spent = self.since.map(|since| now.saturating_duration_since(since));
        if self.wrong >= most {
            let left = PERIOD.saturating_sub(spent.unwrap_or_default());
            return Some(Begun::Refused { left });
        }
        (self.wrong + self.pending >= most).then_some(Begun::Waiting)
    }

    fn is_over(&self, now: Instant) -> bool {
        self.since
            .is_none_or(|since| now.saturating_duration_since(since) >= PERIOD)
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

    fn organization(number: u128) -> OrganizationId {
        uuid::Uuid::from_u128(number).into()
    }

    fn address(text: &str) -> ClientAddress {
        ClientAddress(text.parse().unwrap())
    }

    fn at(text: &str) -> Guesser {
        Guesser::at(address(text))
    }

    /// One of many networks.
    fn numbered(number: usize) -> ClientAddress {
        let [.., a, b, c] = number.to_be_bytes();
        address(&format!("{a}.{b}.{c}.1"))
    }

    impl Ledger {
        /// Whether it was looked at, or is known.
        fn guess(&mut self, guesser: Guesser, secret: u64, outcome: Outcome, now: Instant) -> bool {
            match self.begin(guesser, secret, now) {
                Begun::Counted(network) => {
                    self.settle(Guesser { network, ..guesser }, secret, outcome);
                    true
                }
                Begun::Known => true,
                Begun::Waiting => panic!("nothing is pending"),
                Begun::Refused { .. } => false,
            }
        }

        fn wrong(&mut self, guesser: Guesser, secret: usize, now: Instant) -> bool {
            self.guess(guesser, secret as u64, Outcome::Wrong, now)
        }

        /// How many different wrong ones are looked at.
        fn looked_at(&mut self, guesser: Guesser, now: Instant) -> usize {
            let wrong =
                (1_000_000..1_000_000 + 2 * MOST_WRONG).filter(|it| self.wrong(guesser, *it, now));
            wrong.count()
        }
    }

    #[test]
    fn who_guesses_waits_and_nobody_else_does() {
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        assert_eq!(ledger.looked_at(at("2001:db8::1"), now), MOST_WRONG);
        let later = now + Duration::from_secs(59);
        for neighbour in ["2001:db8::1", "2001:db8:0:1::2"] {
            let left = Duration::from_secs(1);
            let begun = ledger.begin(at(neighbour), 1_000, later);
            assert_eq!(begun, Begun::Refused { left });
        }
        assert!(ledger.wrong(at("2001:db8:1::1"), 1_000, later));
        assert!(ledger.wrong(at("192.0.2.1"), 1_000, later));
        assert!(ledger.wrong(at("2001:db8::1"), 1_000, now + PERIOD));
    }

    #[test]
    fn the_same_again_is_no_other_guess_whatever_else_was_wrong() {
        let (mut ledger, now, here) = (Ledger::default(), Instant::now(), at("192.0.2.1"));
        for _ in 0..2 * MOST_WRONG {
            assert!(ledger.wrong(here, 0, now));
        }
        assert_eq!(ledger.looked_at(here, now), MOST_WRONG - 1);
        assert!(ledger.wrong(here, 0, now));
    }

    #[test]
    fn what_was_right_stands_in_nobodys_way_and_nobody_in_its() {
        let (mut ledger, now, here) = (Ledger::default(), Instant::now(), at("192.0.2.1"));
        for secret in 0..300 {
            assert!(ledger.guess(here, secret, Outcome::Right, now));
        }
        assert_eq!(ledger.looked_at(here, now), MOST_WRONG);
        assert!(ledger.wrong(here, 0, now));
        // Where it was not used before, it is a guess as good as any.
        let there = at("192.0.3.1");
        assert_eq!(ledger.looked_at(there, now), MOST_WRONG);
        assert!(!ledger.guess(there, 0, Outcome::Right, now));
    }

    #[test]
    fn what_is_not_found_out_counts_no_longer() {
        let (mut ledger, now, here) = (Ledger::default(), Instant::now(), at("192.0.2.1"));
        for secret in 0..300 {
            assert!(ledger.guess(here, secret, Outcome::NotFoundOut, now));
        }
        assert_eq!(ledger.looked_at(here, now), MOST_WRONG);
    }

    #[test]
    fn whoever_comes_from_everywhere_comes_from_one_network() {
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        let known = numbered(0);
        assert!(ledger.guess(Guesser::at(known), 7, Outcome::Right, now));
        for number in 1..MOST_NETWORKS {
            assert!(ledger.wrong(Guesser::at(numbered(number)), number, now));
        }
        let more = (20_000..20_000 + 2 * MOST_WRONG)
            .filter(|number| ledger.wrong(Guesser::at(numbered(*number)), *number, now));
        assert_eq!(more.count(), MOST_WRONG);
        let networks = |ledger: &Ledger| ledger.0[&None].networks.len();
        assert_eq!(networks(&ledger), MOST_NETWORKS + 1);
        // What was right goes on where it was, after the others are forgotten too.
        let later = now + PERIOD;
        assert!(ledger.wrong(Guesser::at(numbered(50_000)), 1, later));
        assert_eq!(networks(&ledger), 2);
        assert_eq!(ledger.looked_at(Guesser::at(known), later), MOST_WRONG);
        assert!(ledger.wrong(Guesser::at(known), 7, later));
    }

    #[test]
    fn what_an_organization_asks_about_is_no_guess_of_another() {
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        let [northwind, contoso] = [1, 2].map(organization);
        let here = Guesser::behind(northwind, address("192.0.2.1"));
        assert_eq!(ledger.looked_at(here, now), MOST_WRONG);
        for number in 0..2 * MOST_NETWORKS {
            ledger.guess(
                Guesser::behind(northwind, numbered(number)),
                1,
                Outcome::Right,
                now,
            );
        }
        let named = (0..3 * MOST_WRONG_OF_ASKER).filter(|number| {
            ledger.wrong(Guesser::behind(northwind, numbered(*number)), *number, now)
        });
        let named = named.filter(|number| *number != 1).count();
        assert_eq!(named, MOST_WRONG_OF_ASKER - MOST_WRONG);
        for guesser in [
            Guesser::behind(contoso, address("192.0.2.1")),
            at("192.0.2.1"),
            at("198.51.100.1"),
        ] {
            assert_eq!(ledger.looked_at(guesser, now), MOST_WRONG);
        }
        assert!(!ledger.wrong(here, 2_000_000, now));
        assert!(ledger.wrong(here, 2_000_000, now + PERIOD));
        // Who has not asked for long is forgotten when somebody else begins.
        let later = now + 2 * PERIOD;
        assert!(ledger.wrong(Guesser::behind(organization(3), numbered(1)), 1, later));
        assert_eq!(ledger.0.len(), 1);
    }

    #[tokio::test]
    async fn more_right_ones_at_once_than_may_be_wrong_wait_for_one_another() {
        let guesses = &Guesses::default();
        let here = at("192.0.2.1");
        let digest = |number: usize| Digest::of(&number.to_string());
        let mut pending = Vec::new();
        for number in 0..MOST_WRONG {
            pending.push(guesses.begin(here, &digest(number)).await.unwrap().unwrap());
        }
        // Who asks about one of them need not wait.
        assert!(guesses.begin(here, &digest(0)).await.unwrap().is_none());
        let (second, third) = (digest(MOST_WRONG), digest(MOST_WRONG + 1));
        let mut second = Box::pin(guesses.begin(here, &second));
        let mut third = Box::pin(guesses.begin(here, &third));
        for waiting in [&mut second, &mut third] {
            assert!(futures_util::poll!(waiting).is_pending());
        }
        pending.pop().unwrap().was_right();
        second.await.unwrap().unwrap().was_right();
        // All the others are wrong, and this one the last that may be.
        drop(pending);
        drop(third.await.unwrap());
        assert!(guesses.begin(here, &digest(MOST_WRONG + 2)).await.is_err());
        assert_eq!(guesses.refused.get(), 1);
    }
}
