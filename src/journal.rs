//! The append-only record of who changed what. An entry is written in the transaction of the
//! change that it tells of, so that neither exists without the other. Its page is
//! *Settings > Audit log*.

mod handlers;
mod pages;
mod queries;

use actix_web::web;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::UserId;
use crate::db::types::{id, text_enum};

pub use pages::Filter;
pub use queries::{after, of_subject, page, record, record_all};

id!(EntryId);

text_enum! {
    /// What was done, to what.
    Action {
        OrganizationCreated = "organization.created",
        MemberInvited = "member.invited",
        MemberAdded = "member.added",
        MemberProvisioned = "member.provisioned",
        MemberRoleChanged = "member.role_changed",
        MemberDeactivated = "member.deactivated",
        MemberReactivated = "member.reactivated",
        MemberRemoved = "member.removed",
        MemberJoined = "member.joined",
        InvitationRevoked = "member.invitation_revoked",
        PasswordChanged = "member.password_changed",
        PasswordLinkMade = "member.password_link_made",
        GroupCreated = "group.created",
        GroupEdited = "group.edited",
        GroupDeleted = "group.deleted",
        GroupMemberAdded = "group.member_added",
        GroupMemberRemoved = "group.member_removed",
        ProductCreated = "product.created",
        ProductEdited = "product.edited",
        ProductDeleted = "product.deleted",
        ResourceCreated = "resource.created",
        ResourceEdited = "resource.edited",
        ResourceDeleted = "resource.deleted",
        ResourcesImported = "resources.imported",
        ResourcesReset = "resources.reset",
        TokenCreated = "token.created",
        TokenImported = "token.imported",
        TokenEdited = "token.edited",
        TokenRotated = "token.rotated",
        TokenOverlapEnded = "token.overlap_ended",
        TokenDisabled = "token.disabled",
        TokenEnabled = "token.enabled",
        TokenRevoked = "token.revoked",
        TokenHandedOver = "token.handed_over",
        TokenDeleted = "token.deleted",
        McpTokenCreated = "mcp_token.created",
        McpTokenImported = "mcp_token.imported",
        McpTokenRenamed = "mcp_token.renamed",
        McpTokenRotated = "mcp_token.rotated",
        McpTokenOverlapEnded = "mcp_token.overlap_ended",
        McpTokenDisabled = "mcp_token.disabled",
        McpTokenEnabled = "mcp_token.enabled",
        McpTokenRevoked = "mcp_token.revoked",
        McpTokenDeleted = "mcp_token.deleted",
        McpServerAdded = "mcp_server.added",
        McpServerEdited = "mcp_server.edited",
        McpServerRemoved = "mcp_server.removed",
    }
}

impl Action {
    /// What follows the author's name in a sentence; the subject's name follows it.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::OrganizationCreated => "created the organisation",
            Self::MemberInvited => "invited",
            Self::MemberAdded => "added the member",
            Self::MemberProvisioned => "provisioned the member",
            Self::MemberRoleChanged => "changed the role of",
            Self::MemberDeactivated => "deactivated",
            Self::MemberReactivated => "reactivated",
            Self::MemberRemoved | Self::GroupMemberRemoved => "removed",
            Self::MemberJoined => "joined as",
            Self::InvitationRevoked => "revoked the invitation of",
            Self::PasswordChanged => "changed the password of",
            Self::PasswordLinkMade => "made a link to a new password for",
            Self::GroupCreated => "created the group",
            Self::GroupEdited => "edited the group",
            Self::GroupDeleted => "deleted the group",
            Self::GroupMemberAdded => "added",
            Self::ProductCreated => "created the product",
            Self::ProductEdited => "edited the product",
            Self::ProductDeleted => "deleted the product",
            Self::ResourceCreated => "created the resource",
            Self::ResourceEdited => "edited the resource",
            Self::ResourceDeleted => "deleted the resource",
            Self::ResourcesImported => "imported",
            Self::ResourcesReset => "reset",
            Self::TokenCreated => "created the token",
            Self::TokenImported => "imported the token",
            Self::TokenEdited => "edited the token",
            Self::TokenRotated => "rotated the token",
            Self::TokenOverlapEnded => "ended the old secret of the token",
            Self::TokenDisabled => "disabled the token",
            Self::TokenEnabled => "enabled the token",
            Self::TokenRevoked => "revoked the token",
            Self::TokenHandedOver => "handed over the token",
            Self::TokenDeleted => "deleted the token",
            Self::McpTokenCreated => "created the MCP token",
            Self::McpTokenImported => "imported the MCP token",
            Self::McpTokenRenamed => "renamed the MCP token",
            Self::McpTokenRotated => "rotated the MCP token",
            Self::McpTokenOverlapEnded => "ended the old secret of the MCP token",
            Self::McpTokenDisabled => "disabled the MCP token",
            Self::McpTokenEnabled => "enabled the MCP token",
            Self::McpTokenRevoked => "revoked the MCP token",
            Self::McpTokenDeleted => "deleted the MCP token",
            Self::McpServerAdded => "added the MCP server",
            Self::McpServerEdited => "edited the MCP server",
            Self::McpServerRemoved => "removed the MCP server",
        }
    }

    /// What follows the subject's name, where the sentence does not end with it.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::GroupMemberAdded => " to a group",
            Self::GroupMemberRemoved => " from a group",
            _ => "",
        }
    }

    /// As the filter lists it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::OrganizationCreated => "Organisation created",
            Self::MemberInvited => "Member invited",
            Self::MemberAdded => "Member added",
            Self::MemberProvisioned => "Member provisioned",
            Self::MemberRoleChanged => "Member’s role changed",
            Self::MemberDeactivated => "Member deactivated",
            Self::MemberReactivated => "Member reactivated",
            Self::MemberRemoved => "Member removed",
            Self::MemberJoined => "Member joined",
            Self::InvitationRevoked => "Invitation revoked",
            Self::PasswordChanged => "Password changed",
            Self::PasswordLinkMade => "Password link made",
            Self::GroupCreated => "Group created",
            Self::GroupEdited => "Group edited",
            Self::GroupDeleted => "Group deleted",
            Self::GroupMemberAdded => "Group member added",
            Self::GroupMemberRemoved => "Group member removed",
            Self::ProductCreated => "Product created",
            Self::ProductEdited => "Product edited",
            Self::ProductDeleted => "Product deleted",
            Self::ResourceCreated => "Resource created",
            Self::ResourceEdited => "Resource edited",
            Self::ResourceDeleted => "Resource deleted",
            Self::ResourcesImported => "Resources imported",
            Self::ResourcesReset => "Resources reset",
            Self::TokenCreated => "Token created",
            Self::TokenImported => "Token imported",
            Self::TokenEdited => "Token edited",
            Self::TokenRotated => "Token rotated",
            Self::TokenOverlapEnded => "Old secret ended",
            Self::TokenDisabled => "Token disabled",
            Self::TokenEnabled => "Token enabled",
            Self::TokenRevoked => "Token revoked",
            Self::TokenHandedOver => "Token handed over",
            Self::TokenDeleted => "Token deleted",
            Self::McpTokenCreated => "MCP token created",
            Self::McpTokenImported => "MCP token imported",
            Self::McpTokenRenamed => "MCP token renamed",
            Self::McpTokenRotated => "MCP token rotated",
            Self::McpTokenOverlapEnded => "MCP token’s old secret ended",
            Self::McpTokenDisabled => "MCP token disabled",
            Self::McpTokenEnabled => "MCP token enabled",
            Self::McpTokenRevoked => "MCP token revoked",
            Self::McpTokenDeleted => "MCP token deleted",
            Self::McpServerAdded => "MCP server added",
            Self::McpServerEdited => "MCP server edited",
            Self::McpServerRemoved => "MCP server removed",
        }
    }
}

/// One field's change; `None` where there was or is nothing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Change {
    pub field: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

impl Change {
    /// What a new thing has.
    pub fn set(field: &str, to: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            from: None,
            to: Some(to.into()),
        }
    }

    /// `None` where nothing changed.
    #[must_use]
    pub fn between(field: &str, from: Option<String>, to: Option<String>) -> Option<Self> {
        (from != to).then(|| Self {
            field: field.to_owned(),
            from,
            to,
        })
    }
}

/// What is to be recorded; who did it comes with the actor.
pub struct Draft<'a> {
    pub action: Action,
    /// The ID and the name of what was changed.
    pub subject: (Uuid, &'a str),
    pub changes: Vec<Change>,
}

/// What stands in the journal.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: EntryId,
    pub at: DateTime<Utc>,
    /// `None`: no user, but a program or the command line.
    pub author: Option<UserId>,
    pub author_name: String,
    /// With which token it was done.
    pub author_token: Option<Uuid>,
    pub action: Action,
    pub subject_id: Uuid,
    pub subject_name: String,
    pub changes: Vec<Change>,
}

impl Entry {
    /// Whether the subject is an API token, which has a page of its own.
    #[must_use]
    pub fn is_about_token(&self) -> bool {
        self.action.as_str().starts_with("token.")
    }
}

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/settings/audit-log").route(web::get().to(handlers::index)));
}
