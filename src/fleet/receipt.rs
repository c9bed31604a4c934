//! Who has heard of a change: what an administrator is told after taking something away.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::message::Message;
use super::queries::{self, Leased};
use super::{Fleet, Moment};
use crate::db::Database;

/// What is known of a change that was committed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// The instances that answered from memory when it was committed.
    pub instances: Vec<Told>,
    pub took: Duration,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    pub name: String,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It has forgotten what it knew before.
    Heard,
    /// Its lease ran out: it answers from memory no more.
    Stopped,
    /// It has not answered, and stops at this instant if it goes on like that.
    Silent { until: DateTime<Utc> },
}

impl Receipt {
    #[must_use]
    pub fn is_in_effect(&self) -> bool {
        self.silent().next().is_none()
    }

    fn silent(&self) -> impl Iterator<Item = (&str, DateTime<Utc>)> {
        self.instances.iter().filter_map(|told| match told.outcome {
            Outcome::Silent { until } => Some((&*told.name, until)),
            Outcome::Heard | Outcome::Stopped => None,
        })
    }
}

/// `In effect on 2 of 3 instances after 20 s. node-b has not answered; it stops by itself at
/// 14:02:31 UTC at the latest.`
impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.instances.len();
        if all == 0 {
            return f.write_str("In effect.");
        }
        let done = all - self.silent().count();
        let instances = if all == 1 { "instance" } else { "instances" };
        let took = self.took.as_millis();
        write!(f, "In effect on {done} of {all} {instances} after ")?;
        match took {
            0..1_000 => write!(f, "{} ms.", took.max(1))?,
            _ => write!(f, "{} s.", took / 1_000)?,
        }
        self.silent().try_for_each(|(name, until)| {
            let until = until.format("%H:%M:%S UTC");
            write!(
                f,
                " {name} has not answered; it stops by itself at {until} at the latest."
            )
        })
    }
}

/// The barriers of this instance that wait for answers.
#[derive(Debug, Default)]
pub struct Barriers(Mutex<HashMap<Uuid, mpsc::UnboundedSender<Uuid>>>);

impl Barriers {
    pub(super) fn heard(&self, barrier: Uuid, instance: Uuid) {
        if let Some(waiting) = self.lock().get(&barrier) {
            let _ = waiting.send(instance);
        }
    }

    fn set_up(&self) -> Barrier<'_> {
        let (sender, heard) = mpsc::unbounded_channel();
        let id = Uuid::new_v4();
        self.lock().insert(id, sender);
        Barrier {
            barriers: self,
            id,
            heard,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, mpsc::UnboundedSender<Uuid>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Barrier<'a> {
    barriers: &'a Barriers,
    id: Uuid,
    heard: mpsc::UnboundedReceiver<Uuid>,
}

impl Drop for Barrier<'_> {
    fn drop(&mut self) {
        self.barriers.lock().remove(&self.id);
    }
}

impl Fleet {
    /// Waits until all that was committed before this call is in effect everywhere: each
    /// instance whose lease runs has heard of it, or its lease has run out. Two leases at most.
    /// An instance that comes later reads what was committed, and is not waited for.
    ///
    /// To be called without holding a connection to the database.
    ///
    /// # Errors
    /// When the database cannot be asked: it is not known then who has heard. The longest that
    /// anybody can take is a lease.
    pub async fn receipt(&self, database: &Database) -> Result<Receipt, queries::Error> {
        let start = Moment::now();
        let term = self.0.term;
        let deadline = Instant::now() + 2 * term.database;
        let mut barrier = self.0.barriers.set_up();
        let mut waited_for = Waiting::new(self.ask(database, barrier.id).await?);
        while waited_for.anyone() && Instant::now() < deadline {
            let patience = Instant::now() + waited_for.patience(term.renewal);
            tokio::select! {
                Some(instance) = barrier.heard.recv() => waited_for.heard(instance),
                () = sleep_until(patience.min(deadline)) => {
                    waited_for.see(&self.ask(database, barrier.id).await?);
                }
            }
        }
        Ok(Receipt {
            instances: waited_for.told(),
            took: Moment::now().since(start),
        })
    }

    /// The receipt in words, for whoever made a change that is committed.
    pub async fn report(&self, database: &Database) -> String {
        match self.receipt(database).await {
            Ok(receipt) => receipt.to_string(),
            Err(error) => {
                tracing::warn!(%error, "cannot ask who has heard of a change");
                let most = self.0.term.database.as_secs();
                format!("In effect everywhere within {most} s at the latest.")
            }
        }
    }

    /// Asks all to answer, and who they are. Asked after the commit, so that the answer says
    /// that the change was heard.
    async fn ask(&self, database: &Database, barrier: Uuid) -> Result<Vec<Leased>, queries::Error> {
        let connection = &mut *database.get().await?;
        queries::say(connection, &Message::Barrier(barrier)).await?;
        Ok(queries::leased(connection).await?)
    }
}

/// The instances that are waited for, and what is known of them.
struct Waiting(Vec<(Leased, Option<Outcome>)>);

impl Waiting {
    fn new(leased: Vec<Leased>) -> Self {
        Self(leased.into_iter().map(|leased| (leased, None)).collect())
    }

    fn anyone(&self) -> bool {
        self.0.iter().any(|(_, outcome)| outcome.is_none())
    }

    /// Until the first lease may have run out.
    fn patience(&self, longest: Duration) -> Duration {
        let open = self.0.iter().filter(|(_, outcome)| outcome.is_none());
        let first = open.map(|(leased, _)| leased.left()).min();
        let least = Duration::from_millis(10);
        first.unwrap_or(longest).clamp(least, longest)
    }

    fn heard(&mut self, instance: Uuid) {
        for (leased, outcome) in &mut self.0 {
            if leased.id == instance {
                *outcome = Some(Outcome::Heard);
            }
        }
    }

    /// Leases may have been renewed, or have run out.
    fn see(&mut self, now: &[Leased]) {
        for (known, outcome) in self.0.iter_mut().filter(|(_, outcome)| outcome.is_none()) {
            match now.iter().find(|leased| leased.id == known.id) {
                Some(leased) => known.clone_from(leased),
                None => *outcome = Some(Outcome::Stopped),
            }
        }
    }

    fn told(self) -> Vec<Told> {
        let told = |(leased, outcome): (Leased, Option<Outcome>)| Told {
            outcome: outcome.unwrap_or(Outcome::Silent {
                until: leased.lease_until,
            }),
            name: leased.name,
        };
        self.0.into_iter().map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(outcomes: &[Outcome]) -> Receipt {
        let names = ["node-a", "node-b", "node-c"].into_iter();
        Receipt {
            instances: names
                .zip(outcomes)
                .map(|(name, outcome)| Told {
                    name: name.to_owned(),
                    outcome: *outcome,
                })
                .collect(),
            took: Duration::from_millis(4),
        }
    }

    #[test]
    fn it_says_what_is_known() {
        let until = "2026-11-22T14:02:31Z".parse().unwrap();
        let silent = Outcome::Silent { until };
        for (receipt, sentence, in_effect) in [
            (told(&[]), "In effect.", true),
            (
                told(&[Outcome::Heard]),
                "In effect on 1 of 1 instance after 4 ms.",
                true,
            ),
            (
                told(&[Outcome::Heard, silent, Outcome::Stopped]),
                "In effect on 2 of 3 instances after 4 ms. node-b has not answered; it stops by \
                 itself at 14:02:31 UTC at the latest.",
                false,
            ),
        ] {
            assert_eq!(receipt.to_string(), sentence);
            assert_eq!(receipt.is_in_effect(), in_effect);
        }
    }
}
