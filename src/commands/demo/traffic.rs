//! The calls of the demo: a month of them for each token in use, hour by hour, counted by the
//! gate's own counter.

use chrono::{DateTime, Datelike, DurationRound, TimeDelta, Timelike, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::calls::Calls;
use super::cast::{Event, Part};
use super::story::Played;
use crate::db::Connection;
use crate::gate::{Code, Decided, Usage};
use crate::tokens::Transition;
use crate::web::Error;
use crate::web::client_address::ClientAddress;

const MONTH: TimeDelta = TimeDelta::days(30);
/// For how long a program goes on with a secret that a rotation has retired.
const FORGETFUL: TimeDelta = TimeDelta::hours(40);

/// Writes the calls of all these tokens.
pub async fn write(
    connection: &mut Connection,
    tokens: &[Played],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let usage = Usage::default();
    let mut rng = StdRng::seed_from_u64(2);
    for token in tokens {
        if let Some(calls) = token.part.calls {
            count_month(&usage, token, &calls, &mut rng, now)?;
        }
    }
    usage.write(connection).await
}

/// The month up to now; of a token that has ended, its last one and what came after.
fn count_month(
    usage: &Usage,
    token: &Played,
    calls: &Calls,
    rng: &mut StdRng,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let end = token.end(now);
    let working_until = end.map_or(now, |(at, _)| at);
    let first = (working_until - MONTH).max(token.created_at);
    let mut hour = first
        .duration_trunc(TimeDelta::hours(1))
        .map_err(Error::internal)?;
    while hour < now.min(working_until + MONTH) {
        let refused = end.filter(|(at, _)| hour >= *at).map(|(_, code)| code);
        let usual = calls.expected(hour, now, rng);
        let mut count = |code, calls: i64, from: &str| -> Result<(), Error> {
            let seconds = (now - hour).num_seconds().clamp(1, 3600);
            let at = hour + TimeDelta::seconds(rng.random_range(0..seconds));
            token.count(usage, code, calls, from, at)
        };
        match refused {
            // Whoever is refused tries again now and then.
            Some(code) => count(code, (usual + 29) / 40, calls.from)?,
            None => count(Code::Valid, usual, calls.from)?,
        }
        if refused.is_none() && token.is_forgotten(hour) {
            count(Code::Retired, (usual + 5) / 12, calls.from)?;
        }
        if let Some(from) = calls
            .stranger
            .filter(|_| hour.ordinal().is_multiple_of(6) && hour.hour() % 5 == 1)
        {
            let code = refused.or((!token.part.ranges.is_empty()).then_some(Code::IpNotAllowed));
            if let Some(code) = code {
                count(code, 3 + i64::from(hour.day() % 9), from)?;
            }
        }
        hour += TimeDelta::hours(1);
    }
    Ok(())
}

impl Played {
    /// When it stopped working, and as what it is refused since.
    fn end(&self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Code)> {
        let code = |event| match event {
            Event::Changed(Transition::Disabling) => Some(Code::Disabled),
            Event::Changed(Transition::Revocation) => Some(Code::Revoked),
            _ => None,
        };
        let Part { events, .. } = self.part;
        let stopped = events.last().and_then(|(_, _, event)| code(*event));
        let stopped = self.events.last().copied().zip(stopped);
        let expired = self.part.expires_at(now).filter(|at| *at <= now);
        stopped.or(expired.map(|at| (at, Code::Expired)))
    }

    /// Whether a program still has the secret that a rotation has just retired.
    fn is_forgotten(&self, hour: DateTime<Utc>) -> bool {
        let events = self.part.events.iter().zip(&self.events);
        events.into_iter().any(|((_, _, event), at)| match event {
            Event::Rotated(overlap) => {
                let end = overlap.end(*at, None);
                end <= hour && hour < end + FORGETFUL
            }
            _ => false,
        })
    }

    fn count(
        &self,
        usage: &Usage,
        code: Code,
        calls: i64,
        from: &str,
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Some(how) = self.part.calls.filter(|_| calls > 0) else {
            return Ok(());
        };
        let decided = Decided {
            code,
            operation: how.operation,
            address: ClientAddress(from.parse().map_err(Error::internal)?),
            user_agent: Some(how.agent),
            at,
        };
        usage.count_many(self.id, &decided, calls);
        Ok(())
    }
}
