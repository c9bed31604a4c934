//! This instance among the others that serve from the same database: what they tell each other
//! over one LISTEN connection each, so that all may answer from memory and none answers with
//! what is over.
//!
//! - A change is announced in its transaction, by triggers; see the migration `create_fleet`.
//! - What is remembered may be used while this instance's [`Lease`] runs, and only then.
//! - A [`Receipt`] says which instances have heard of a change.
//!
//! PostgreSQL delivers notifications in the order in which transactions commit, the same for
//! all. Everything here rests on that: what comes back of a notification of our own proves
//! that all earlier ones have been heard.

mod feed;
mod lease;
mod memory;
mod message;
pub mod queries;
mod receipt;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

pub use lease::{Lease, Moment, Term};
pub use memory::{Remembered, Tally};
pub use message::Change;
pub use receipt::{Outcome, Receipt, Told};

use crate::db::url::Target;
use crate::db::{Database, with_causes};
use receipt::Barriers;

/// One of those who remember. Each forgets at once what a change concerns: when the call
/// returns, nobody gets it any more.
pub trait Memory: Send + Sync {
    fn forget(&self, change: &Change);
}

/// Of whoever remembers nothing.
struct Nothing;

impl Memory for Nothing {
    fn forget(&self, _: &Change) {}
}

/// How this instance takes part.
#[derive(Clone, Debug)]
pub struct Participation {
    /// The database, without a pooler in front of it.
    pub target: Target,
    /// How others call this instance.
    pub name: String,
    /// For how long it may answer from memory without hearing from the database.
    pub lease: Duration,
}

/// This instance's place in the fleet. Clones are the same place.
#[derive(Clone)]
pub struct Fleet(Arc<Place>);

struct Place {
    instance: Uuid,
    participation: Participation,
    database: Database,
    term: Term,
    lease: Lease,
    barriers: Barriers,
    /// How many renewals were sent, and the last that came back.
    renewals: AtomicU64,
    heard: watch::Sender<u64>,
    contact: watch::Sender<Contact>,
}

/// Whether this instance hears of changes.
#[derive(Clone, Debug)]
pub enum Contact {
    Joining,
    Joined,
    /// Since when not, and why.
    Apart {
        since: Moment,
        reason: String,
    },
}

impl Fleet {
    #[must_use]
    pub fn new(participation: Participation, database: Database) -> Self {
        Self(Arc::new(Place {
            instance: Uuid::new_v4(),
            term: Term::of(participation.lease),
            participation,
            database,
            lease: Lease::default(),
            barriers: Barriers::default(),
            renewals: AtomicU64::new(0),
            heard: watch::Sender::new(0),
            contact: watch::Sender::new(Contact::Joining),
        }))
    }

    /// One that has nobody to hear from.
    #[cfg(test)]
    fn alone() -> Self {
        let target = Target::embedded(tokio_postgres::Config::new());
        let participation = Participation {
            target: target.clone(),
            name: String::new(),
            lease: Duration::from_secs(10),
        };
        Self::new(participation, Database::new(target, 1))
    }

    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.0.lease
    }

    #[must_use]
    pub fn contact(&self) -> watch::Receiver<Contact> {
        self.0.contact.subscribe()
    }

    /// For a process that answers nobody itself: waits for the receipt of what it has changed, and
    /// hears the others meanwhile.
    pub async fn unseen<T>(&self, receipt: impl Future<Output = T>) -> T {
        let nothing: Arc<dyn Memory> = Arc::new(Nothing);
        let feed = feed::Feed::listen(self, &nothing).await;
        if let Err(error) = &feed {
            tracing::warn!(
                error = with_causes(error),
                "cannot hear who has heard of a change"
            );
        }
        // Deaf, it waits for the leases to run out.
        receipt.await
    }

    /// Takes part until `over` changes or its sender is gone: listens, renews the lease, and
    /// has `memory` forget. Connections that are lost are made again.
    pub async fn take_part(self, memory: Arc<dyn Memory>, over: watch::Receiver<()>) {
        feed::run(&self, memory, over).await;
    }
}

/// Forgets the instances that ended without leaving.
///
/// # Errors
/// When the database fails.
pub async fn sweep(database: &Database) -> Result<usize, queries::Error> {
    let connection = &mut *database.get().await?;
    Ok(queries::sweep(connection).await?)
}

impl Place {
    fn apart(&self, reason: &str) {
        self.contact.send_modify(|contact| {
            let since = match contact {
                Contact::Apart { since, .. } => *since,
                Contact::Joining | Contact::Joined => Moment::now(),
            };
            let reason = reason.to_owned();
            *contact = Contact::Apart { since, reason };
        });
    }
}
