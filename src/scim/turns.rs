//! Searches take turns: nobody knows beforehand how long one keeps a connection to the database, and those of one
//! organisation leave most of them to others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::access::OrganizationId;
use crate::web::Error;

/// How long a search waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Clones are the same turns.
#[derive(Clone)]
pub struct Turns(Arc<Shared>);

struct Shared {
    /// How many searches an organisation may have at once.
    share: usize,
    of_all: Arc<Semaphore>,
    of_each: Mutex<HashMap<OrganizationId, Arc<Semaphore>>>,
}

/// Ends when it is dropped.
pub struct Turn {
    _of_organization: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Turns {
    /// Of so many connections a quarter is for the searches of one organisation, and half for those of all.
    #[must_use]
    pub fn new(connections: usize) -> Self {
        Self(Arc::new(Shared {
            share: connections.div_ceil(4),
            of_all: Arc::new(Semaphore::new(connections.div_ceil(2))),
            of_each: Mutex::default(),
        }))
    }

    /// # Errors
    /// [`Error::TooMany`] where other searches take too long.
    pub async fn take(&self, organization: OrganizationId) -> Result<Turn, Error> {
        let of_organization = self.of(organization).acquire_owned();
        let turn = async {
            Ok(Turn {
                _of_organization: of_organization.await.map_err(Error::internal)?,
                _of_all: self
                    .0
                    .of_all
                    .clone()
                    .acquire_owned()
                    .await
                    .map_err(Error::internal)?,
            })
        };
        let too_many = Error::TooMany {
            retry_after_seconds: 5,
        };
        timeout(PATIENCE, turn).await.map_err(|_| too_many)?
    }

    fn of(&self, organization: OrganizationId) -> Arc<Semaphore> {
        let mut of_each = self
            .0
            .of_each
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let turns = of_each.entry(organization);
        turns
            .or_insert_with(|| Arc::new(Semaphore::new(self.0.share)))
            .clone()
    }
}
