//! Who is in an organisation, and who administers it: members and what becomes of them, groups,
//! invitations. Signing in and joining is `identity`'s.

pub mod draft;
pub mod groups;
mod handlers;
pub mod invitations;
mod pages;
pub mod queries;
mod query;

use actix_web::web;
use chrono::{DateTime, Utc};
use url::form_urlencoded::byte_serialize;

use crate::access::{Role, UserId};
use crate::db::types::text_enum;
use crate::tokens::answered_for_by;

/// A member of the organisation.
#[derive(Clone, Debug)]
pub struct Member {
    pub id: UserId,
    pub name: String,
    pub email: String,
    /// Their own; see [`Member::role`].
    pub own_role: Role,
    /// Whether a group makes them an administrator.
    pub is_lifted: bool,
    pub joined_at: DateTime<Utc>,
    /// Whether they see the organisation; else they wait for a link, or have not opened it.
    pub has_joined: bool,
    /// Since when they may do nothing here; `None`: active.
    pub deactivated_at: Option<DateTime<Utc>>,
    /// In whichever organisation.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// Counts the changes of their own role, and of whether they are active.
    pub version: i32,
}

impl Member {
    /// What they are while they are active: their own role, or that of a group.
    #[must_use]
    pub fn role(&self) -> Role {
        self.own_role.lifted(self.is_lifted)
    }

    #[must_use]
    pub fn is_active(&self) -> bool {
        self.deactivated_at.is_none()
    }

    /// Whether the organisation may be administered by them now.
    #[must_use]
    pub fn is_in_charge(&self) -> bool {
        self.is_active() && self.role() == Role::Admin
    }

    #[must_use]
    pub fn path(&self) -> String {
        format!("/settings/members/{}", self.id)
    }

    /// Where all of their MCP tokens are listed.
    #[must_use]
    pub fn mcp_tokens_path(&self) -> String {
        let email: String = byte_serialize(self.email.as_bytes()).collect();
        format!("/settings/mcp-tokens?owner={email}")
    }

    /// Where all API tokens are listed that they answer for.
    #[must_use]
    pub fn api_tokens_path(&self) -> String {
        answered_for_by(self.id)
    }
}

text_enum! {
    /// A part of the list.
    View {
        Administrators = "administrators",
        Deactivated = "deactivated",
    }
}

text_enum! {
    /// A way out, named as the resource that a form creates.
    Exit {
        /// Until they are reactivated.
        Deactivation = "deactivation",
        Removal = "removal",
    }
}

impl Exit {
    /// The label of its menu entry and its confirming button.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Deactivation => "Deactivate",
            Self::Removal => "Remove",
        }
    }

    /// Whether it makes sense.
    #[must_use]
    pub fn permits(self, member: &Member) -> bool {
        match self {
            Self::Deactivation => member.is_active(),
            Self::Removal => true,
        }
    }
}

pub fn routes(config: &mut web::ServiceConfig) {
    use handlers::*;
    config
        .service(
            web::scope("/settings/members")
                .service(web::resource("").route(web::get().to(index)))
                .service(
                    web::resource("/invitations")
                        .route(web::get().to(invitation::new))
                        .route(web::post().to(invitation::create)),
                )
                .service(
                    web::resource("/invitations/{id}/revocation")
                        .route(web::get().to(invitation::new_revocation))
                        .route(web::post().to(invitation::revoke)),
                )
                .service(web::resource("/{id}").route(web::get().to(show)))
                .service(web::resource("/{id}/role").route(web::post().to(change_role)))
                .service(
                    web::resource("/{id}/reactivation")
                        .route(web::get().to(reactivation::new))
                        .route(web::post().to(reactivation::create)),
                )
                .service(
                    web::resource("/{id}/handover")
                        .route(web::get().to(handover::new))
                        .route(web::post().to(handover::create)),
                )
                .service(
                    web::resource("/{id}/{exit}")
                        .route(web::get().to(exit::new))
                        .route(web::post().to(exit::create)),
                ),
        )
        .configure(groups::routes);
}
