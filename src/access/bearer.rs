//! A user who came with an MCP token instead of a session.

use super::{
    Actor, Admin, Author, Credential, OrganizationId, Reach, Role, UserId, Viewer, queries,
};
use crate::db::Connection;
use crate::web::Error;

/// The owner of a token that the gate let in: to be made of what the gate knows of it, and of
/// nothing else.
#[derive(Clone, Debug)]
pub struct Bearer {
    viewer: Viewer,
    /// If what is done is bounded by it and told with it, and the name of one that is not the
    /// user's own.
    token: Option<(Credential, Option<String>)>,
}

impl std::ops::Deref for Bearer {
    type Target = Viewer;

    fn deref(&self) -> &Viewer {
        &self.viewer
    }
}

impl Bearer {
    /// # Errors
    /// [`Error::Forbidden`] for one who is no active member of the organisation any more. Whether
    /// they have joined does not matter: who made the token is the organisation's.
    pub async fn load(
        connection: &mut Connection,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Self, Error> {
        let viewer = queries::member(connection, user, organization).await?;
        let viewer = viewer.ok_or(Error::Forbidden)?;
        Ok(Self {
            viewer,
            token: None,
        })
    }

    /// The active member with this email (as emails are stored), on whose behalf a program comes
    /// with an API token.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn on_behalf(
        connection: &mut Connection,
        email: &str,
        organization: OrganizationId,
        (token, name): (Credential, &str),
    ) -> Result<Self, Error> {
        let user = queries::active_member(connection, email, organization).await?;
        let bearer = Self::load(connection, user, organization).await?;
        Ok(Self {
            token: Some((token, Some(name.to_owned()))),
            ..bearer
        })
    }

    /// Bounded by the user's own token.
    #[must_use]
    pub fn within(self, token: Credential) -> Self {
        Self {
            token: Some((token, None)),
            ..self
        }
    }

    #[must_use]
    pub fn admin(&self) -> Option<Admin> {
        (self.role == Role::Admin).then(|| Admin(self.viewer.clone()))
    }

    /// They may change what is their own: no other site can make a browser send the token.
    #[must_use]
    pub fn oneself(&self) -> Actor {
        let name = self.name.clone();
        let author = match &self.token {
            None => Author::User {
                id: self.user,
                name,
            },
            Some((credential, program)) => Author::Token {
                credential: *credential,
                name: match program {
                    Some(program) => format!("{name} (API token “{program}”)"),
                    None => name,
                },
                user: Some(self.user),
            },
        };
        Actor {
            organization: self.organization.id,
            author,
            reach: Reach::Own,
        }
    }
}
