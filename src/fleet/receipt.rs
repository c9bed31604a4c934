//! Who has heard of a change: what an administrator is told after taking something away.
//!
//! An instance that does not answer is waited for until its lease, as it stood after the
//! commit, has run out. A renewal since then counts only once it was heard, and so after the
//! change was.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::message::Message;
use super::queries::{self, Leased};
use super::{Fleet, Moment};

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
    /// It has not answered; its lease ran out, so that it has heard since or is silent.
    RanOut,
}

/// `In effect on 3 of 3 instances after 9 s. node-b did not answer; it had to stop by then.`
impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.instances.len();
        if all == 0 {
            return f.write_str("In effect.");
        }
        let instances = if all == 1 { "instance" } else { "instances" };
        write!(f, "In effect on {all} of {all} {instances} after ")?;
        match self.took.as_millis() {
            took @ 0..1_000 => write!(f, "{} ms.", took.max(1))?,
            took => write!(f, "{} s.", took / 1_000)?,
        }
        for told in &self.instances {
            if told.outcome == Outcome::RanOut {
                write!(f, " {} did not answer; it had to stop by then.", told.name)?;
            }
        }
        Ok(())
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
    /// instance has heard of it, or its lease has run out. A lease at most. An instance that
    /// comes later reads what was committed, and is not waited for.
    ///
    /// To be called without holding a connection to the database.
    ///
    /// # Errors
    /// When the database cannot be asked who there is. Even then nobody takes longer than a
    /// lease.
    pub async fn receipt(&self) -> Result<Receipt, queries::Error> {
        let start = Moment::now();
        let mut barrier = self.0.barriers.set_up();
        let leased = self.ask(barrier.id).await?;
        let asked = Instant::now();
        let mut heard = HashSet::new();
        let silent = |heard: &HashSet<Uuid>| {
            let silent = leased.iter().filter(|leased| !heard.contains(&leased.id));
            // A tenth more, as clocks differ in speed.
            silent.map(|leased| asked + leased.left() * 11 / 10).max()
        };
        while let Some(end) = silent(&heard) {
            tokio::select! {
                Some(instance) = barrier.heard.recv() => drop(heard.insert(instance)),
                () = sleep_until(end) => break,
            }
        }
        let told = |leased: Leased| Told {
            outcome: if heard.contains(&leased.id) {
                Outcome::Heard
            } else {
                Outcome::RanOut
            },
            name: leased.name,
        };
        Ok(Receipt {
            instances: leased.iter().cloned().map(told).collect(),
            took: Moment::now().since(start),
        })
    }

    /// The receipt in words, for whoever made a change that is committed.
    pub async fn report(&self) -> String {
        match self.receipt().await {
            Ok(receipt) => receipt.to_string(),
            Err(error) => self.without_receipt(&error),
        }
    }

    /// What can be said where there is no receipt.
    #[must_use]
    pub fn without_receipt(&self, error: &queries::Error) -> String {
        tracing::warn!(%error, "cannot ask who has heard of a change");
        let most = self.0.term.database.as_secs();
        format!("In effect everywhere within {most} s at the latest.")
    }

    /// Asks all to answer, and who they are. Asked after the commit, so that the answer says
    /// that the change was heard.
    async fn ask(&self, barrier: Uuid) -> Result<Vec<Leased>, queries::Error> {
        let connection = &mut *self.0.database.get().await?;
        queries::say(connection, &Message::Barrier(barrier)).await?;
        Ok(queries::leased(connection).await?)
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
        use Outcome::{Heard, RanOut};
        for (receipt, sentence) in [
            (told(&[]), "In effect."),
            (told(&[Heard]), "In effect on 1 of 1 instance after 4 ms."),
            (
                told(&[Heard, RanOut, Heard]),
                "In effect on 3 of 3 instances after 4 ms. node-b did not answer; it had to \
                 stop by then.",
            ),
        ] {
            assert_eq!(receipt.to_string(), sentence);
        }
    }
}
