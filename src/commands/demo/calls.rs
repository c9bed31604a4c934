//! How often a token of the demo is used, from where and by what.

use chrono::{DateTime, Datelike, Timelike, Utc, Weekday};
use rand::RngExt;
use rand::rngs::StdRng;

/// How many times the usual a spike is, at its highest.
const SPIKE: i64 = 5;

/// How a token is used.
#[derive(Clone, Copy)]
pub struct Calls {
    /// On a usual working day.
    pub a_day: u32,
    pub shape: Shape,
    pub operation: &'static str,
    pub from: &'static str,
    pub agent: &'static str,
    /// By how many per cent a month.
    pub growth: i64,
    /// How many days ago there were many more.
    pub spike: Option<i64>,
    /// An address outside of its ranges, from where it is tried too.
    pub stranger: Option<&'static str>,
}

#[derive(Clone, Copy)]
pub enum Shape {
    /// When people work.
    Office,
    /// All day, less at night and on Sundays.
    Steady,
    /// A job before dawn.
    Nightly,
}

impl Calls {
    /// How many calls there were in this hour; rounded at random, as 2 a day make few an hour.
    pub fn expected(&self, hour: DateTime<Utc>, now: DateTime<Utc>, rng: &mut StdRng) -> i64 {
        let days = (now - hour).num_days();
        let growth = 100 - self.growth * days.min(60) / 60;
        let spike = match self.spike.map(|peak| (days - peak).abs()) {
            Some(0) => SPIKE,
            Some(1) => 2,
            _ => 1,
        };
        let jitter = rng.random_range(82..=118);
        let calls = i64::from(self.a_day) * self.shape.share(hour) * growth * spike * jitter;
        (calls + rng.random_range(0..10_000_000)) / 10_000_000
    }
}

impl Shape {
    /// How many thousandths of a usual day's calls come in this hour.
    fn share(self, hour: DateTime<Utc>) -> i64 {
        let day = hour.weekday();
        match (self, hour.hour()) {
            (Self::Office, _) if matches!(day, Weekday::Sat | Weekday::Sun) => 3,
            (Self::Office, 8..=17) => 94,
            (Self::Office, _) => 4,
            (Self::Steady, 7..=21) if day == Weekday::Sun => 39,
            (Self::Steady, 7..=21) => 55,
            (Self::Steady, _) => 20,
            (Self::Nightly, 2) => 700,
            (Self::Nightly, 3) => 300,
            (Self::Nightly, _) => 0,
        }
    }
}
