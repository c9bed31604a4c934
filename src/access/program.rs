//! A program that came with an API token or with `AUTH_SECRET` instead of a session.

use uuid::Uuid;

use super::{API_TOKEN, Actor, Author, Credential, OrganizationId, Overseer, Reach};

/// A program that the gate let in: to be made of what the gate knows of its credential, and of
/// nothing else.
#[derive(Clone, Debug)]
pub struct Program {
    organization: OrganizationId,
    /// `None`: `AUTH_SECRET`.
    token: Option<(Credential, String)>,
}

impl Overseer for Program {
    fn overseen(&self) -> OrganizationId {
        self.organization
    }
}

impl Program {
    /// With an API token, and its name.
    #[must_use]
    pub fn with_token(organization: OrganizationId, token: Credential, name: &str) -> Self {
        Self {
            organization,
            token: Some((token, name.to_owned())),
        }
    }

    #[must_use]
    pub fn with_auth_secret(organization: OrganizationId) -> Self {
        Self {
            organization,
            token: None,
        }
    }

    /// The ID of its API token; `None` for `AUTH_SECRET`.
    #[must_use]
    pub fn token(&self) -> Option<Uuid> {
        self.token.as_ref().map(|(credential, _)| credential.token)
    }

    /// It may change things in the organisation, as far as its scope goes: no site can make a
    /// browser send its credential.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let author = match &self.token {
            Some((credential, name)) => Author::Token {
                credential: *credential,
                name: format!("{API_TOKEN} “{name}”"),
                user: None,
            },
            None => Author::AuthSecret,
        };
        Actor {
            organization: self.organization,
            author,
            reach: Reach::Organization,
        }
    }
}
