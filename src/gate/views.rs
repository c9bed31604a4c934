//! From what somebody sent to a secret's digest, from that to what is known of its token, and from
//! an organisation to what it protects: from memory or from the database. Whoever asks does not
//! know where the answer comes from.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::credential::Credential;
use super::guesses::{Guesser, Guesses};
use super::queries;
use super::shared::Shared;
use super::view::{Tenant, View};
use crate::access::OrganizationId;
use crate::catalogue::resources::{self, Resources};
use crate::catalogue::{Product, ProductId};
use crate::db::Database;
use crate::fleet::{Change, Fleet, Memory, Remembered, Tally};
use crate::secret::{Digest, Plaintext};
use crate::tokens::secret;
use crate::web::Error;
use crate::web::client_address::ClientAddress;

/// Longer than a database takes that is well, and as long as whoever asks the gate waits at most.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many organisations' resources are remembered.
const CATALOGUES: usize = 1_000;

/// Clones share what is remembered.
#[derive(Clone)]
pub struct Views(Arc<Inner>);

struct Inner {
    database: Database,
    /// `None` for a secret that was never issued, or whose token was deleted.
    views: Remembered<Digest, Option<Arc<View>>>,
    /// Whether older systems' secrets are known.
    foreign: Remembered<(), bool>,
    guesses: Guesses,
    catalogues: Remembered<OrganizationId, Arc<Resources>>,
    tenants: Shared<OrganizationId, Tenant>,
    products: Shared<ProductId, Product>,
}

impl Inner {
    fn sharing(&self, view: View) -> View {
        let shared = |product: Arc<Product>| self.products.instead_of(product.id, product);
        View {
            tenant: self.tenants.instead_of(view.tenant.id, view.tenant),
            product: view.product.map(shared),
            ..view
        }
    }
}

impl Views {
    /// Remembers at most so many secrets.
    #[must_use]
    pub fn new(database: Database, fleet: &Fleet, entries: usize) -> Self {
        Self(Arc::new(Inner {
            database,
            views: Remembered::new(fleet.clone(), entries),
            foreign: Remembered::new(fleet.clone(), 1),
            guesses: Guesses::default(),
            catalogues: Remembered::new(fleet.clone(), CATALOGUES),
            tenants: Shared::default(),
            products: Shared::default(),
        }))
    }

    /// The digest of what a request brought; `None` for what can be no secret. What does not look
    /// like ours is looked up only where older systems' secrets are known, and not without end.
    ///
    /// # Errors
    /// When it cannot be found out, or [`Error::TooMany`].
    pub async fn meant(
        &self,
        credential: Credential,
        source: ClientAddress,
    ) -> Result<Option<Digest>, Error> {
        let readings = match credential {
            Credential::Token(digest) => return Ok(Some(digest)),
            Credential::Foreign(readings) if self.know_foreign().await? => readings,
            _ => return Ok(None),
        };
        let guesser = Guesser::at(source);
        let mut refusal = None;
        for digest in readings.iter().map(Plaintext::digest) {
            match self.guess(&digest, guesser).await {
                Ok(true) => return Ok(Some(digest)),
                Ok(false) => {}
                // One of the others may be known to be right.
                Err(error @ Error::TooMany { .. }) => refusal = Some(error),
                Err(error) => return Err(error),
            }
        }
        refusal.map_or(Ok(None), Err)
    }

    /// The same of a text that a stranger sent; an older system's need not exist.
    ///
    /// # Errors
    /// When it cannot be found out, or [`Error::TooMany`].
    pub async fn meant_by(
        &self,
        text: &str,
        source: ClientAddress,
    ) -> Result<Option<Digest>, Error> {
        let digest = self.digest_of(text).await?;
        if let Some(digest) = &digest
            && secret::digest_of(text).is_none()
        {
            self.guess(digest, Guesser::at(source)).await?;
        }
        Ok(digest)
    }

    /// The same of what somebody asks about who may ask about any of their organisation. Short
    /// secrets alone are worth guessing in this way, of which each costs a question.
    ///
    /// # Errors
    /// When it cannot be found out, or [`Error::TooMany`].
    pub async fn asked_about(
        &self,
        text: &str,
        asker: OrganizationId,
        source: ClientAddress,
    ) -> Result<Option<Digest>, Error> {
        let digest = self.digest_of(text).await?;
        if let Some(digest) = &digest
            && text.len() < secret::LONG
        {
            self.guess(digest, Guesser::behind(asker, source)).await?;
        }
        Ok(digest)
    }

    async fn digest_of(&self, presented: &str) -> Result<Option<Digest>, Error> {
        if let Some(digest) = secret::digest_of(presented) {
            return Ok(Some(digest));
        }
        match secret::any_digest_of(presented) {
            Some(digest) if self.know_foreign().await? => Ok(Some(digest)),
            _ => Ok(None),
        }
    }

    async fn know_foreign(&self) -> Result<bool, Error> {
        let load = async || {
            let connection = &mut *self.0.database.get().await?;
            Ok(queries::has_foreign(connection).await?)
        };
        in_time(self.0.foreign.get(&(), load)).await
    }

    /// `None` for a secret that was never issued, or whose token was deleted.
    ///
    /// # Errors
    /// When it cannot be found out: nobody is let in then.
    pub async fn get(&self, digest: &Digest) -> Result<Option<Arc<View>>, Error> {
        let load = async || self.load(digest).await;
        in_time(self.0.views.get(digest, load)).await
    }

    /// Whether there is a secret that may be guessed. It counts also where memory answers: what is
    /// in use is worth guessing most. Of another organisation's who asks learns nothing.
    async fn guess(&self, digest: &Digest, guesser: Guesser) -> Result<bool, Error> {
        let guess = self.0.guesses.begin(guesser, digest).await?;
        let found = self.get(digest).await;
        let may_know = |view: &View| guesser.asker.is_none_or(|asker| asker == view.tenant.id);
        match (&found, guess) {
            (Ok(Some(view)), Some(guess)) if may_know(view) => guess.was_right(),
            (Err(_), Some(guess)) => guess.was_not_found_out(),
            (_, guess) => drop(guess),
        }
        Ok(found?.is_some())
    }

    async fn load(&self, digest: &Digest) -> Result<Option<Arc<View>>, Error> {
        let connection = &mut *self.0.database.get().await?;
        let view = queries::view(connection, digest).await?;
        Ok(view.map(|view| Arc::new(self.0.sharing(view))))
    }

    /// What the organisation protects.
    ///
    /// # Errors
    /// When it cannot be found out.
    pub async fn resources(&self, organization: OrganizationId) -> Result<Arc<Resources>, Error> {
        let load = async || {
            let connection = &mut *self.0.database.get().await?;
            let resources = resources::queries::load(connection, organization).await?;
            Ok(Arc::new(resources))
        };
        in_time(self.0.catalogues.get(&organization, load)).await
    }

    /// How many guesses were not looked at.
    #[must_use]
    pub fn refused_guesses(&self) -> u64 {
        self.0.guesses.refused.get()
    }

    /// Of the secrets.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.0.views.tally()
    }
}

/// A database that hangs is one that cannot be asked, also where somebody else does so already.
pub(super) async fn in_time<T>(load: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let hangs = |_| {
        Err(Error::Unavailable(
            "the database has not answered in time".into(),
        ))
    };
    timeout(PATIENCE, load).await.unwrap_or_else(hangs)
}

impl Memory for Views {
    fn forget(&self, change: &Change) {
        let Inner {
            views,
            foreign,
            catalogues,
            ..
        } = &*self.0;
        match change {
            Change::Secret(digest) => {
                views.forget(digest);
                foreign.forget_all();
            }
            Change::Organization(id) => {
                let id = OrganizationId::from(*id);
                catalogues.forget(&id);
                views.forget_where(|view| view.as_ref().is_some_and(|view| view.tenant.id == id));
            }
            Change::Everything => {
                foreign.forget_all();
                catalogues.forget_all();
                views.forget_all();
            }
        }
    }
}
