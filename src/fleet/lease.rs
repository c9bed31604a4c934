//! For how long this instance may answer from memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Of a clock that never goes back or stands still, also while the machine sleeps or the
/// process is stopped. Another machine's has nothing to do with it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Moment(u64);

#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::CLOCK_BOOTTIME;
/// Where it counts sleep.
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::CLOCK_MONOTONIC;

impl Moment {
    /// # Panics
    /// On a system without such a clock.
    #[must_use]
    pub fn now() -> Self {
        let time = clock_gettime(CLOCK).expect("a monotonic clock");
        Self(u64::try_from(Duration::from(time).as_nanos()).unwrap_or(u64::MAX))
    }

    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }

    /// Zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// How long a lease is here and in the database, and when it is renewed.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// From the database's instant of the renewal.
    pub database: Duration,
    /// From before the renewal was asked for. A tenth less, as clocks differ in speed.
    pub local: Duration,
    pub renewal: Duration,
}

impl Term {
    #[must_use]
    pub fn of(length: Duration) -> Self {
        Self {
            database: length,
            local: length / 10 * 9,
            renewal: length / 3,
        }
    }
}

/// The lease as this instance knows it. It begins as one that has run out.
#[derive(Debug, Default)]
pub struct Lease(AtomicU64);

impl Lease {
    #[must_use]
    pub fn runs_at(&self, moment: Moment) -> bool {
        moment.0 < self.0.load(Ordering::Acquire)
    }

    #[must_use]
    pub fn left_at(&self, moment: Moment) -> Duration {
        Moment(self.0.load(Ordering::Acquire)).since(moment)
    }

    pub(super) fn extend(&self, end: Moment) {
        self.0.fetch_max(end.0, Ordering::AcqRel);
    }

    pub(super) fn end(&self) {
        self.0.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_at_its_end_and_never_gets_shorter_by_a_renewal() {
        let lease = Lease::default();
        let start = Moment(1_000);
        assert!(!lease.runs_at(start));
        lease.extend(start.plus(Duration::from_nanos(100)));
        lease.extend(start.plus(Duration::from_nanos(50)));
        assert!(lease.runs_at(Moment(1_099)) && !lease.runs_at(Moment(1_100)));
        assert_eq!(lease.left_at(Moment(1_090)), Duration::from_nanos(10));
        lease.end();
        assert!(!lease.runs_at(start));
    }

    #[test]
    fn it_ends_here_before_it_ends_in_the_database() {
        let term = Term::of(Duration::from_secs(10));
        assert!(term.renewal * 2 < term.local && term.local < term.database);
    }
}
