//! A user who came with a token instead of a session.

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
    /// What is done is bounded by it, and told with it.
    credential: Credential,
    /// The name of the API token, if it is not one of the user's own.
    program: Option<String>,
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
        credential: Credential,
    ) -> Result<Self, Error> {
        let viewer = queries::member(connection, user, organization).await?;
        let viewer = viewer.ok_or(Error::Forbidden)?;
        Ok(Self {
            viewer,
            credential,
            program: None,
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
        (credential, name): (Credential, &str),
    ) -> Result<Self, Error> {
        let user = queries::active_member(connection, email, organization).await?;
        let bearer = Self::load(connection, user, organization, credential).await?;
        Ok(Self {
            program: Some(name.to_owned()),
            ..bearer
        })
    }

    #[must_use]
    pub fn admin(&self) -> Option<Admin> {
        (self.role == Role::Admin).then(|| Admin(self.viewer.clone()))
    }

    /// They may change what is their own: no other site can make a browser send the token.
    #[must_use]
    pub fn oneself(&self) -> Actor {
        let name = &self.name;
        let author = Author::Token {
            credential: self.credential,
            name: match &self.program {
                Some(program) => format!("{name} (API token “{program}”)"),
                None => name.clone(),
            },
            user: Some(self.user),
        };
        Actor {
            organization: self.organization.id,
            author,
            reach: Reach::Own,
        }
    }
}
