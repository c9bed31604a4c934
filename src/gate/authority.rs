//! `AUTH_SECRET`: a credential from the environment that may do everything with the Admin API and
//! SCIM, in one organisation.

use actix_web::http::header::HeaderMap;

use super::credential::bearer;
use super::refusal::misconfigured;
use super::tenants::Tenants;
use crate::access::OrganizationId;
use crate::secret::Digest;
use crate::web::Error;

/// What stands in the environment.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Compared in constant time.
    pub secret: Digest,
    /// By its slug; `None`: the only one.
    pub organization: Option<String>,
}

impl Authority {
    /// Whether the request came with it, and with nothing else.
    #[must_use]
    pub fn is_in(&self, headers: &HeaderMap) -> bool {
        bearer(headers).is_some_and(|sent| sent.digest() == self.secret)
    }

    /// Where it holds.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub async fn organization(&self, tenants: &Tenants) -> Result<OrganizationId, Error> {
        let found = match &self.organization {
            Some(slug) => tenants.find(slug).await?,
            None => tenants.only().await?,
        };
        found.ok_or_else(|| {
            tracing::warn!(
                "AUTH_SECRET is refused: AUTH_SECRET_ORGANIZATION names no organisation"
            );
            misconfigured(match self.organization {
                Some(_) => "AUTH_SECRET_ORGANIZATION is no organisation's slug.",
                None => "AUTH_SECRET_ORGANIZATION has to name the organisation.",
            })
        })
    }
}
