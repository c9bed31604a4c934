//! Groups of members. A group may make its members administrators; one that an identity
//! provider manages gets its name and members from there.

pub mod draft;
mod handlers;
mod pages;
pub mod queries;

use actix_web::web;
use chrono::{DateTime, Utc};

use crate::access::Role;
use crate::db::types::id;
use crate::web::text::parse_name;

id!(GroupId);

/// What to do where the name is another group's.
pub const NAME_TAKEN: &str = "Another group has this name. Choose another name.";

pub const LAST_ADMINISTRATOR: &str = "Nobody would be left to administer the organisation, so \
                                      nothing was changed. Make somebody else an administrator \
                                      first.";

/// A group of the organisation's members.
#[derive(Clone, Debug)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    /// What the group makes of its members; `None`: nothing.
    pub role: Option<Role>,
    pub created_at: DateTime<Utc>,
    /// Whether SCIM manages it.
    pub managed: bool,
    /// What the identity provider calls it.
    pub external_id: Option<String>,
    /// Counts the changes, also of its members.
    pub version: i32,
    /// How many members it has, deactivated ones too.
    pub members: i64,
}

impl Group {
    #[must_use]
    pub fn path(&self) -> String {
        format!("/settings/groups/{}", self.id)
    }
}

/// A group's name: 1 to 256 visible characters, as long as those of identity providers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GroupName(String);

impl GroupName {
    /// # Errors
    /// What to do about it.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse_name(text, 256).map(Self)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// On whose behalf a group is changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keeper {
    /// Administrators, by hand or by a program: not the name and members of a managed group.
    Administrators,
    /// The identity provider, over SCIM: the groups that it makes are managed.
    Scim,
}

pub fn routes(config: &mut web::ServiceConfig) {
    use handlers::*;
    config.service(
        web::scope("/settings/groups")
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
            .service(web::resource("/{id}/members").route(web::post().to(members::add)))
            .service(
                web::resource("/{id}/members/{user}/removal")
                    .route(web::post().to(members::remove)),
            )
            .service(
                web::resource("/{id}/deletion")
                    .route(web::get().to(deletion::new))
                    .route(web::post().to(deletion::create)),
            ),
    );
}
