//! A user who came with an MCP token instead of a session.

use super::{Actor, Admin, Author, OrganizationId, Reach, Role, UserId, Viewer, queries};
use crate::db::Connection;
use crate::web::Error;

/// The owner of a token that the gate let in: to be made of what the gate knows of it, and of
/// nothing else.
#[derive(Clone, Debug)]
pub struct Bearer(Viewer);

impl std::ops::Deref for Bearer {
    type Target = Viewer;

    fn deref(&self) -> &Viewer {
        &self.0
    }
}

impl Bearer {
    /// # Errors
    /// [`Error::Forbidden`] for one who is no active member of the organisation any more.
    pub async fn load(
        connection: &mut Connection,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Self, Error> {
        queries::viewer(connection, user, Some(organization))
            .await?
            .filter(|viewer| viewer.organization.id == organization)
            .map(Self)
            .ok_or(Error::Forbidden)
    }

    #[must_use]
    pub fn admin(&self) -> Option<Admin> {
        (self.role == Role::Admin).then(|| Admin(self.0.clone()))
    }

    /// They may change what is their own: no other site can make a browser send the token.
    #[must_use]
    pub fn oneself(&self) -> Actor {
        Actor {
            organization: self.organization.id,
            author: Author::User {
                id: self.user,
                name: self.name.clone(),
            },
            reach: Reach::Own,
        }
    }
}
