//! From a secret's digest to what is known of its token: from memory while the lease runs, else
//! from the database. Whoever asks does not know where the answer comes from.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::sync::Cache;

use super::decision::View;
use super::queries;
use crate::access::OrganizationId;
use crate::db::Database;
use crate::fleet::{Change, Fleet, Memory, Moment};
use crate::secret::Digest;
use crate::web::Error;

/// `None` for a secret that was never issued, or whose token was deleted: that is remembered
/// too.
pub type Known = Option<Arc<View>>;

/// Clones share what is remembered.
#[derive(Clone)]
pub struct Views(Arc<Inner>);

struct Inner {
    database: Database,
    fleet: Fleet,
    remembered: Cache<Digest, Known>,
    loading: Loading,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// How often memory had the answer, and how often not.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    pub hits: u64,
    pub misses: u64,
    pub remembered: usize,
}

impl Views {
    /// Remembers at most so many secrets: those that are asked for most.
    #[must_use]
    pub fn new(database: Database, fleet: Fleet, entries: usize) -> Self {
        Self(Arc::new(Inner {
            database,
            fleet,
            remembered: Cache::new(entries),
            loading: Loading::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }))
    }

    /// What is known at some instant after this was called.
    ///
    /// # Errors
    /// When it cannot be found out: nobody is let in then.
    pub async fn get(&self, digest: &Digest) -> Result<Known, Error> {
        let inner = &*self.0;
        // The lease is looked at after what it covers: had it run out before somebody else was
        // told that a change is in effect, this call would see that.
        if let Some(known) = inner.remembered.get(digest)
            && inner.may_remember()
        {
            inner.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(known);
        }
        inner.misses.fetch_add(1, Ordering::Relaxed);
        if !inner.may_remember() {
            return inner.load(digest).await;
        }
        let known = inner.load_once(digest).await?;
        // It may be another call's, which waited for longer than the lease.
        if inner.may_remember() {
            return Ok(known);
        }
        inner.load(digest).await
    }

    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            hits: self.0.hits.load(Ordering::Relaxed),
            misses: self.0.misses.load(Ordering::Relaxed),
            remembered: self.0.remembered.len(),
        }
    }
}

impl Inner {
    fn may_remember(&self) -> bool {
        self.fleet.lease().runs_at(Moment::now())
    }

    async fn load(&self, digest: &Digest) -> Result<Known, Error> {
        let connection = &mut *self.database.get().await?;
        Ok(queries::view(connection, digest).await?.map(Arc::new))
    }

    /// Calls for one digest share a query. What it finds is kept unless the digest was
    /// forgotten meanwhile: then it is for the calls alone that were waiting before.
    async fn load_once(&self, digest: &Digest) -> Result<Known, Error> {
        match self.remembered.get_value_or_guard_async(digest).await {
            Ok(known) => Ok(known),
            Err(place) => {
                let _loading = self.loading.begin(*digest);
                let known = self.load(digest).await?;
                let _ = place.insert(known.clone());
                Ok(known)
            }
        }
    }

    fn forget_organization(&self, id: OrganizationId) {
        // Whose they are is not known yet.
        for digest in self.loading.digests() {
            self.remembered.remove(&digest);
        }
        self.remembered
            .retain(|_, known| known.as_ref().is_none_or(|view| view.organization != id));
    }
}

impl Memory for Views {
    fn forget(&self, change: &Change) {
        match change {
            // Also the place that is kept for what is being loaded.
            Change::Secret(digest) => drop(self.0.remembered.remove(digest)),
            Change::Organization(id) => self.0.forget_organization((*id).into()),
            Change::Everything => self.0.remembered.clear(),
        }
    }
}

/// What is being loaded, from before it is asked for until after it is kept.
#[derive(Default)]
struct Loading(Mutex<HashMap<Digest, usize>>);

impl Loading {
    fn begin(&self, digest: Digest) -> Begun<'_> {
        *self.lock().entry(digest).or_default() += 1;
        Begun {
            loading: self,
            digest,
        }
    }

    fn digests(&self) -> Vec<Digest> {
        self.lock().keys().copied().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Begun<'a> {
    loading: &'a Loading,
    digest: Digest,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let mut loading = self.loading.lock();
        if let Some(count) = loading.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                loading.remove(&self.digest);
            }
        }
    }
}
