//! Who is in an organisation, and who administers it: members and what becomes of them, groups,
//! invitations. Signing in and joining is `identity`'s.

pub mod groups;
pub mod queries;

use chrono::{DateTime, Utc};

use crate::access::{Role, UserId};

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
    /// Since when they may do nothing here; `None`: active.
    pub deactivated_at: Option<DateTime<Utc>>,
    /// In whichever organisation.
    pub last_sign_in_at: Option<DateTime<Utc>>,
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

    #[must_use]
    pub fn path(&self) -> String {
        format!("/settings/members/{}", self.id)
    }
}
