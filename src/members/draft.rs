//! The forms about members: what was typed, and what it means.

use serde::Deserialize;
use uuid::Uuid;

use super::queries::ApiTokens;
use crate::access::{Role, UserId};
use crate::db::types::text_enum;
use crate::identity::queries::InvitationId;
use crate::identity::{Email, PersonName};
use crate::web::form::{Field, first_refused};

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct InvitationForm {
    email: String,
    name: String,
    role: String,
    renews: Option<InvitationId>,
}

/// Somebody to invite.
#[derive(Clone, Debug)]
pub struct InvitationDraft {
    pub email: Field,
    pub name: Field,
    pub role: Field,
    /// The pending invitation whose link stops working for the new one.
    pub renews: Option<InvitationId>,
    /// The one that is there, if it was not chosen to be renewed.
    pub pending: Option<InvitationId>,
}

impl Default for InvitationDraft {
    fn default() -> Self {
        Self {
            email: Field::default(),
            name: Field::default(),
            role: Field::new(Role::Member.as_str()),
            renews: None,
            pending: None,
        }
    }
}

impl InvitationDraft {
    /// A member, unless something else is known.
    #[must_use]
    pub fn prefilled(known: InvitationForm) -> Self {
        let role = Some(known.role.clone()).filter(|role| !role.is_empty());
        Self {
            role: role.map_or(Self::default().role, Field::new),
            renews: None,
            ..Self::from(known)
        }
    }
}

impl From<InvitationForm> for InvitationDraft {
    fn from(form: InvitationForm) -> Self {
        Self {
            email: Field::new(form.email),
            name: Field::new(form.name),
            role: Field::new(form.role),
            renews: form.renews,
            pending: None,
        }
    }
}

/// What it means.
#[derive(Clone, Debug)]
pub struct Guest {
    pub email: Email,
    pub name: PersonName,
    pub role: Role,
}

impl InvitationDraft {
    /// # Errors
    /// The draft, to be shown again.
    pub fn parse(mut self) -> Result<Guest, Box<Self>> {
        let email = self.email.parse(Email::parse);
        let name = self.name.parse(PersonName::parse);
        let role = self.role.parse(role);
        match (email, name, role) {
            (Some(email), Some(name), Some(role)) => Ok(Guest { email, name, role }),
            _ => Err(Box::new(self)),
        }
    }

    /// The form again, since they are a member already.
    #[must_use]
    pub fn already_member(mut self) -> Box<Self> {
        self.email
            .refuse("Somebody with this email is a member already.");
        Box::new(self)
    }

    /// The form again, since they have a link already, which a new one would end.
    #[must_use]
    pub fn already_invited(mut self, pending: InvitationId) -> Box<Self> {
        self.email.refuse(
            "This email has a pending invitation. Its link still works, unless you make a new one.",
        );
        self.renews = None;
        self.pending = Some(pending);
        Box::new(self)
    }

    /// The invitation that can be renewed.
    #[must_use]
    pub fn renewable(&self) -> Option<InvitationId> {
        self.renews.or(self.pending)
    }

    /// With the names of their inputs.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &Field); 3] {
        [
            ("email", &self.email),
            ("name", &self.name),
            ("role", &self.role),
        ]
    }

    /// The first field with an error, which gets the focus.
    #[must_use]
    pub fn focus(&self) -> &'static str {
        first_refused(&self.fields())
    }

    #[must_use]
    pub fn is_role(&self, role: Role) -> bool {
        self.role.value == role.as_str()
    }
}

/// # Errors
/// What to do about it.
pub fn role(text: &str) -> Result<Role, &'static str> {
    text.parse().map_err(|_| "Choose a role.")
}

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RoleForm {
    pub role: String,
}

text_enum! {
    /// What becomes of the API tokens that somebody answers for.
    Fate {
        HandOver = "hand-over",
        Revoke = "revoke",
    }
}

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ApiTokensForm {
    fate: String,
    heir: String,
}

/// What is to become of them.
#[derive(Clone, Debug)]
pub struct ApiTokensDraft {
    pub fate: Field,
    /// The ID of the administrator who gets the API tokens.
    pub heir: Field,
}

impl From<ApiTokensForm> for ApiTokensDraft {
    fn from(form: ApiTokensForm) -> Self {
        Self {
            fate: Field::new(form.fate),
            heir: Field::new(form.heir),
        }
    }
}

impl ApiTokensDraft {
    /// The API tokens go to `heir`, if there is one.
    #[must_use]
    pub fn new(heir: Option<UserId>) -> Self {
        Self {
            fate: Field::new(Fate::HandOver.as_str()),
            heir: Field::new(heir.map(|heir| heir.to_string()).unwrap_or_default()),
        }
    }

    /// # Errors
    /// The draft, to be shown again.
    pub fn parse(mut self) -> Result<ApiTokens, Box<Self>> {
        let heir = self.heir.value.parse::<Uuid>().map(UserId::from);
        match (self.fate.value.parse(), heir) {
            (Ok(Fate::Revoke), _) => Ok(ApiTokens::Revoke),
            (Ok(Fate::HandOver), Ok(heir)) => Ok(ApiTokens::HandTo(heir)),
            (Ok(Fate::HandOver), Err(_)) => Err(Box::new(self.without_heir())),
            (Err(_), _) => {
                self.fate.refuse("Choose what becomes of the API tokens.");
                Err(Box::new(self))
            }
        }
    }

    /// The form again, since whoever was to get the tokens cannot.
    #[must_use]
    pub fn without_heir(mut self) -> Self {
        self.heir.refuse("Choose another active administrator.");
        self
    }

    #[must_use]
    pub fn is_fate(&self, fate: Fate) -> bool {
        self.fate.value == fate.as_str()
    }

    #[must_use]
    pub fn is_heir(&self, user: UserId) -> bool {
        self.heir.value == user.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_tokens_has_to_be_chosen() {
        let parse = |fate: &str, heir: &str| {
            let (fate, heir) = (fate.to_owned(), heir.to_owned());
            ApiTokensDraft::from(ApiTokensForm { fate, heir }).parse()
        };
        let heir = Uuid::from_u128(7);
        assert_eq!(
            parse("hand-over", &heir.to_string()).unwrap(),
            ApiTokens::HandTo(heir.into())
        );
        assert_eq!(parse("revoke", "").unwrap(), ApiTokens::Revoke);
        assert!(parse("", "").unwrap_err().fate.is_refused());
        assert!(parse("hand-over", "x").unwrap_err().heir.is_refused());
    }
}
