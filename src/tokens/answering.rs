//! People who answer for API tokens, and whether they are still there to do it.

use chrono::{DateTime, Utc};

use crate::access::UserId;
use crate::db::types::text_enum;

/// A person who answers for a token.
#[derive(Clone, Debug)]
pub struct Responsible {
    pub id: UserId,
    pub name: String,
    pub email: String,
}

text_enum! {
    /// Where somebody stands in the organisation whose API tokens they answer for.
    Presence {
        Active = "active",
        Deactivated = "deactivated",
        /// They are no member any more.
        Removed = "removed",
    }
}

impl Presence {
    /// Of a membership, by the instant at which it was deactivated.
    #[must_use]
    pub fn of(membership: Option<Option<DateTime<Utc>>>) -> Self {
        match membership {
            None => Self::Removed,
            Some(Some(_)) => Self::Deactivated,
            Some(None) => Self::Active,
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Deactivated => "Deactivated",
            Self::Removed => "Not a member any more",
        }
    }
}

/// Somebody who answers for API tokens, and whether they are still there to do it.
#[derive(Clone, Debug)]
pub struct Answering {
    pub person: Responsible,
    pub presence: Presence,
}

/// Where the API tokens are listed that somebody answers for.
#[must_use]
pub fn answered_for_by(person: UserId) -> String {
    format!("/settings/api-access?responsible={person}")
}

impl Answering {
    /// Where all is listed that they answer for.
    #[must_use]
    pub fn tokens_path(&self) -> String {
        answered_for_by(self.person.id)
    }

    /// Where what they answer for is handed to somebody else.
    #[must_use]
    pub fn handover_path(&self) -> String {
        format!("/settings/members/{}/handover", self.person.id)
    }
}
