//! The heart: API tokens from creation to deletion, and the pages of *Settings > API Access*.
//! What a token may do with a request is the gate's to say.

mod answering;
pub mod ceiling;
mod code;
pub mod draft;
mod filter;
pub(crate) mod handlers;
pub mod import;
mod name;
pub mod overlap;
pub(crate) mod pages;
pub mod queries;
pub mod ranges;
pub mod secret;
mod snippets;
pub mod status;

use actix_web::web;
use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;
use uuid::Uuid;

use crate::access::{Admin, UserId};
use crate::catalogue::{AccessLevel, Product, ScopeSet};
use crate::db::types::id;

pub use answering::{Answering, Presence, Responsible, answered_for_by};
pub use code::Code;
pub use filter::{Filter, Query, Sort};
pub use name::Name;
pub use ranges::Ranges;
pub use secret::Secret;
pub use status::{NOT_EDITABLE, NOT_ROTATABLE, Standing, Status, Transition};

id!(TokenId);

/// Which token is meant: an ID that belongs to someone else finds nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Key {
    pub id: TokenId,
    /// `None` for an API token, which belongs to the organisation.
    pub owner: Option<UserId>,
}

/// An API token.
impl From<TokenId> for Key {
    fn from(id: TokenId) -> Self {
        Self { id, owner: None }
    }
}

/// An API token, by the ID in an address.
impl From<Uuid> for Key {
    fn from(id: Uuid) -> Self {
        TokenId::from(id).into()
    }
}

/// From when on before its expiry the list warns of a token.
const SOON: TimeDelta = TimeDelta::days(14);

/// A token as an administrator sees it. Its secret is not in here, nor anywhere.
#[derive(Clone, Debug)]
pub struct Token {
    pub id: TokenId,
    /// The user whose MCP token it is; `None` for an API token.
    pub owner: Option<UserId>,
    pub name: String,
    /// The first 8 characters of the current secret, or what is shown of an imported one.
    pub display: String,
    /// Of the current secret.
    pub secret_created_at: DateTime<Utc>,
    pub standing: Standing,
    /// `None`: from before scopes existed; counts as `all`.
    pub scopes: Option<ScopeSet>,
    pub ranges: Ranges,
    pub expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub created_by_name: String,
    /// Who answers for an API token; `None`: nobody, as a program made it, or their account is gone.
    pub responsible: Option<Responsible>,
    /// Counts the changes.
    pub version: i32,
    pub product: Option<Product>,
    pub usage: Usage,
}

/// Totals since creation, and the last call that was allowed.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    pub allowed: i64,
    pub denied: i64,
    pub last_at: Option<DateTime<Utc>>,
    pub last_from: Option<IpNet>,
    pub last_user_agent: Option<String>,
}

impl Token {
    #[must_use]
    pub fn status(&self, now: &DateTime<Utc>) -> Status {
        Status::of(self.standing, self.expires_at, *now)
    }

    /// The access level's label.
    #[must_use]
    pub fn access(&self) -> &'static str {
        match self.scopes {
            None => "All scopes (none set)",
            Some(scopes) => AccessLevel::of(scopes).label(),
        }
    }

    #[must_use]
    pub fn effective_scopes(&self) -> ScopeSet {
        ScopeSet::effective(self.scopes)
    }

    /// Whether it will expire soon.
    #[must_use]
    pub fn expires_soon(&self, now: &DateTime<Utc>) -> bool {
        self.standing != Standing::Revoked
            && self
                .expires_at
                .is_some_and(|at| at > *now && at <= *now + SOON)
    }

    /// Whether it can be used no more unless someone changes it.
    #[must_use]
    pub fn is_dead(&self, now: &DateTime<Utc>) -> bool {
        matches!(self.status(now), Status::Expired | Status::Revoked)
    }

    #[must_use]
    pub fn key(&self) -> Key {
        Key {
            id: self.id,
            owner: self.owner,
        }
    }

    /// Its page; of an MCP token, for its owner.
    #[must_use]
    pub fn path(&self) -> String {
        match self.owner {
            None => format!("/settings/api-access/{}", self.id),
            Some(_) => format!("/profile/mcp-tokens/{}", self.id),
        }
    }
}

pub fn routes(config: &mut web::ServiceConfig) {
    use handlers::*;
    config.service(
        web::scope("/settings/api-access")
            .service(
                web::resource("")
                    .route(web::get().to(index))
                    .route(web::post().to(create)),
            )
            .service(web::resource("/new").route(web::get().to(new)))
            .service(
                web::resource("/{id}")
                    .route(web::get().to(show))
                    .route(web::post().to(update)),
            )
            .service(web::resource("/{id}/edit").route(web::get().to(edit)))
            .service(
                web::resource("/{id}/rotation")
                    .route(web::get().to(rotation::new::<Admin>))
                    .route(web::post().to(rotation::create::<Admin>)),
            )
            .service(
                web::resource("/{id}/overlap-end")
                    .route(web::get().to(overlap_end::new::<Admin>))
                    .route(web::post().to(overlap_end::create::<Admin>)),
            )
            .service(
                web::resource("/{id}/{transition}")
                    .route(web::get().to(transition::new::<Admin>))
                    .route(web::post().to(transition::create::<Admin>)),
            ),
    );
}
