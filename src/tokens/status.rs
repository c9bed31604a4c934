//! Standing, status and the transitions between them: what people decided, what follows from
//! it at an instant, and what may be done next.

use chrono::{DateTime, Utc};

use crate::db::types::text_enum;

text_enum! {
    /// What people decided. Stored.
    Standing {
        Active = "active",
        Disabled = "disabled",
        Revoked = "revoked",
    }
}

text_enum! {
    /// What an administrator sees. Derived, never stored. Revoked wins over Expired, Expired
    /// over Inactive.
    Status {
        Active = "active",
        Inactive = "inactive",
        Expired = "expired",
        Revoked = "revoked",
    }
}

/// Why a token is not edited that does not permit it.
pub const NOT_EDITABLE: &str = "A revoked token cannot be changed.";
/// Why a token is not rotated that does not permit it.
pub const NOT_ROTATABLE: &str = "Only a token that is active or inactive can be rotated.";

impl Status {
    /// A token has expired at the very instant of its expiry.
    #[must_use]
    pub fn of(standing: Standing, expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        match standing {
            Standing::Revoked => Self::Revoked,
            _ if expires_at.is_some_and(|at| at <= now) => Self::Expired,
            Standing::Disabled => Self::Inactive,
            Standing::Active => Self::Active,
        }
    }

    /// [`Status::of`]'s twin: the condition on a row of `tokens`, where `now` is the name of a
    /// parameter, such as `$2`.
    #[must_use]
    pub fn sql(self, now: &str) -> String {
        match self {
            Self::Active => {
                format!("(tokens.standing = 'active' AND tokens.expires_sort > {now})")
            }
            Self::Inactive => {
                format!("(tokens.standing = 'disabled' AND tokens.expires_sort > {now})")
            }
            Self::Expired => format!(
                "(tokens.standing IN ('active', 'disabled') AND tokens.expires_sort <= {now})"
            ),
            Self::Revoked => "(tokens.standing = 'revoked')".to_owned(),
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Expired => "Expired",
            Self::Revoked => "Revoked",
        }
    }

    /// Whether name, scopes, ranges and expiry can be changed.
    #[must_use]
    pub fn permits_edit(self) -> bool {
        self != Self::Revoked
    }

    /// Whether a new secret makes sense: rotation does not lengthen a life.
    #[must_use]
    pub fn permits_rotation(self) -> bool {
        matches!(self, Self::Active | Self::Inactive)
    }

    #[must_use]
    pub fn permits(self, transition: Transition) -> bool {
        match transition {
            Transition::Disabling => self == Self::Active,
            Transition::Enabling => self == Self::Inactive,
            Transition::Revocation => self != Self::Revoked,
            Transition::Deletion => true,
        }
    }

    /// Why a token of this status does not go through a transition that it does not permit.
    #[must_use]
    pub fn refusal(self, transition: Transition) -> String {
        format!(
            "This token is {} already; there is nothing to {}. Nothing was changed.",
            self.label().to_lowercase(),
            transition.verb().to_lowercase()
        )
    }
}

text_enum! {
    /// A change of standing, named as the resource that a form creates.
    Transition {
        Disabling = "disabling",
        Enabling = "enabling",
        Revocation = "revocation",
        Deletion = "deletion",
    }
}

impl Transition {
    /// The label of its menu entry and its confirming button.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Disabling => "Disable",
            Self::Enabling => "Enable",
            Self::Revocation => "Revoke",
            Self::Deletion => "Delete",
        }
    }

    /// What happened, after the token's name.
    #[must_use]
    pub fn past(self) -> &'static str {
        match self {
            Self::Disabling => "is disabled. Requests with it are refused until you enable it.",
            Self::Enabling => "is enabled. It works again.",
            Self::Revocation => "is revoked. It will never work again.",
            Self::Deletion => "is deleted. The audit log keeps what happened.",
        }
    }

    /// What will happen.
    #[must_use]
    pub fn consequence(self) -> &'static str {
        match self {
            Self::Disabling => {
                "Requests with this token are refused from now on. Everything about it is kept, \
                 and you can enable it at any time."
            }
            Self::Enabling => "The token works again, with the same secret and permissions.",
            Self::Revocation => {
                "Requests with this token are refused at once and for ever. A revoked token \
                 cannot be enabled again; it stays in the list until it is deleted."
            }
            Self::Deletion => {
                "The token stops working at once and disappears from the list, with its usage. \
                 This cannot be undone; the audit log keeps what happened."
            }
        }
    }

    /// Whether it cannot be undone.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Revocation | Self::Deletion)
    }
}
