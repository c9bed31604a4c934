//! Invitations that nobody has accepted yet: a link that makes whoever opens it a member, once
//! and for seven days. Making and accepting one is `identity`'s.

pub mod queries;

use chrono::{DateTime, Utc};

use crate::access::Role;
use crate::identity::queries::InvitationId;

/// An invitation that can still be accepted. Its link is known to whoever made it alone.
#[derive(Clone, Debug)]
pub struct Pending {
    pub id: InvitationId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl Pending {
    #[must_use]
    pub fn path(&self) -> String {
        format!("/settings/members/invitations/{}", self.id)
    }
}
