//! What is known of a token: what the gate remembers, and decides by.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::usage::counter::Counter;
use crate::access::{Credential, OrganizationId, UserId};
use crate::catalogue::{Product, ScopeSet};
use crate::secret::Digest;
use crate::tokens::{Ranges, Standing, Status, TokenId};

/// How long before a token's end whoever uses it is told.
const NEAR_END: TimeDelta = TimeDelta::days(7);

/// All that is known of the token that a secret belongs to.
#[derive(Debug)]
pub struct View {
    pub token: TokenId,
    pub tenant: Arc<Tenant>,
    pub name: Box<str>,
    pub standing: Standing,
    pub expires_at: Option<DateTime<Utc>>,
    /// When this secret was made.
    pub secret_created_at: DateTime<Utc>,
    /// When this secret stops; `None` for the current one.
    pub secret_retires_at: Option<DateTime<Utc>>,
    /// Whether it was stopped at once, which no clock is asked about.
    pub secret_is_retired: bool,
    pub ranges: Ranges,
    /// `None`: from before scopes existed; counts as `all`.
    pub scopes: Option<ScopeSet>,
    /// A number for scopes and ranges as they are stored: see [`crate::access::rights`].
    pub rights: i32,
    pub product: Option<Arc<Product>>,
    /// Whose MCP token it is; `None` for an API token.
    pub owner: Option<Box<Owner>>,
    /// Its calls that are not written yet.
    pub counter: Counter,
}

/// The organisation, for those who ask.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tenant {
    pub id: OrganizationId,
    pub name: String,
    pub slug: String,
}

/// The user to whom an MCP token belongs.
#[derive(Clone, Debug)]
pub struct Owner {
    pub user: UserId,
    pub email: String,
    /// Whether they are in the token's organisation, and not deactivated there.
    pub is_active: bool,
}

impl View {
    /// What those who come with it are known by.
    #[must_use]
    pub fn credential(&self, secret: Digest) -> Credential {
        Credential {
            token: self.token.uuid(),
            secret,
            rights: self.rights,
        }
    }

    #[must_use]
    pub fn effective_scopes(&self) -> ScopeSet {
        ScopeSet::effective(self.scopes)
    }

    /// The token's end, if it is so near that whoever uses the token is told.
    #[must_use]
    pub fn near_end(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.expires_at.filter(|at| *at <= now + NEAR_END)
    }

    pub fn status(&self, now: DateTime<Utc>) -> Status {
        Status::of(self.standing, self.expires_at, now)
    }
}
