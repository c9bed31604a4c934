//! The forms of the profile: what was typed, and what it means.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::catalogue::Scope;
use crate::secret::Password;
use crate::tokens::draft::{Expiry, NewToken};
use crate::tokens::pages::no_room;
use crate::tokens::queries::LeastUsed;
use crate::tokens::{Name, Ranges, Token};
use crate::web::form::{Field, first_refused};

/// The choices under *Expires*.
pub const EXPIRIES: [Expiry; 4] = [Expiry::Never, Expiry::Month, Expiry::Quarter, Expiry::Year];

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Form {
    name: String,
    scope: Vec<String>,
    expiry: String,
}

/// A token to generate.
#[derive(Clone, Debug)]
pub struct Draft {
    pub name: Field,
    /// The check boxes; its errors are those of the group.
    pub scope: Field,
    pub scopes: Vec<Scope>,
    pub expiry: Field,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            name: Field::default(),
            scope: Field::default(),
            scopes: Scope::FOR_MCP_TOKENS.to_vec(),
            expiry: Field::new(Expiry::Never.as_str()),
        }
    }
}

impl From<Form> for Draft {
    fn from(form: Form) -> Self {
        let chosen = |scope: &Scope| form.scope.iter().any(|name| name == scope.as_str());
        Self {
            scopes: Scope::FOR_MCP_TOKENS.into_iter().filter(chosen).collect(),
            scope: Field::default(),
            name: Field::new(form.name),
            expiry: Field::new(form.expiry),
        }
    }
}

impl Draft {
    /// # Errors
    /// The draft, to be shown again.
    pub fn parse(mut self, now: DateTime<Utc>) -> Result<NewToken, Box<Self>> {
        let name = self.name.parse(Name::parse);
        if self.scopes.is_empty() {
            self.scope.refuse("Choose at least one scope.");
        }
        let expiry = self.expiry.value.parse::<Expiry>().ok();
        let expiry = expiry.filter(|expiry| EXPIRIES.contains(expiry));
        if expiry.is_none() {
            self.expiry.refuse("Choose when the token expires.");
        }
        match (name, expiry) {
            (Some(name), Some(expiry)) if !self.scopes.is_empty() => Ok(NewToken {
                name,
                scopes: Some(self.scopes.iter().copied().collect()),
                product: None,
                expires_at: expiry.preset(now),
                ranges: Ranges::default(),
            }),
            _ => Err(Box::new(self)),
        }
    }

    /// The form again, since the name is another token's.
    #[must_use]
    pub fn name_taken(mut self) -> Box<Self> {
        self.name.refuse(taken(&self.name.value));
        Box::new(self)
    }

    /// The form again, since there is no room for one more.
    #[must_use]
    pub fn full(mut self, least_used: &LeastUsed, now: &DateTime<Utc>) -> Box<Self> {
        self.name.refuse(no_room(least_used, now));
        Box::new(self)
    }

    #[must_use]
    pub fn has_scope(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    #[must_use]
    pub fn is_expiry(&self, expiry: Expiry) -> bool {
        self.expiry.value == expiry.as_str()
    }

    /// The first field that is wrong.
    #[must_use]
    pub fn focus(&self) -> &'static str {
        first_refused(&[
            ("name", &self.name),
            ("scope", &self.scope),
            ("expiry", &self.expiry),
        ])
    }

    /// Whether anything but the name is out of the ordinary.
    #[must_use]
    pub fn has_options(&self) -> bool {
        self.scopes.len() < Scope::FOR_MCP_TOKENS.len() || !self.is_expiry(Expiry::Never)
    }
}

#[must_use]
pub fn taken(name: &str) -> String {
    let name = name.trim();
    format!("You have a token named “{name}” already. Choose another name.")
}

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Rename {
    pub name: String,
    pub version: i32,
}

/// The token under another name.
#[must_use]
pub fn renamed(token: &Token, name: Name) -> NewToken {
    NewToken {
        name,
        scopes: token.scopes,
        product: None,
        expires_at: token.expires_at,
        ranges: token.ranges.clone(),
    }
}

/// As the browser sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    pub present: Password,
    pub password: Password,
}

/// A change of password. Neither is ever shown again.
#[derive(Clone, Debug, Default)]
pub struct PasswordDraft {
    pub present: Field,
    pub password: Field,
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_token_has_what_was_chosen() {
        let now: DateTime<Utc> = "2026-11-22T14:00:00Z".parse().unwrap();
        let form = |scope: &[&str], expiry: &str| {
            Draft::from(Form {
                name: "Laptop".into(),
                scope: scope.iter().map(ToString::to_string).collect(),
                expiry: expiry.into(),
            })
            .parse(now)
        };
        let new = form(&["render", "admin:write"], "30d").unwrap();
        assert_eq!(new.scopes.unwrap().names(), ["render"], "and no other");
        assert_eq!(new.expires_at, Some(now + TimeDelta::days(30)));
        assert!(form(&["all"], "never").unwrap_err().scope.is_refused());
        assert!(form(&["render"], "at").unwrap_err().expiry.is_refused());
    }
}
