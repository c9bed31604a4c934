//! Why members are not changed.

use diesel::result::Error as QueryError;

use super::appointment::Beyond;
use super::charge::LastAdministrator;
use crate::members::Member;
use crate::web::Error;

/// Why nothing was changed.
#[derive(Debug)]
pub enum ChangeError {
    /// Nobody would be left to administer the organisation.
    LastAdministrator,
    /// Whoever was to get the API tokens is no active administrator, or the one who leaves them.
    NotAdministrator,
    /// The token with which it is done may make nobody an administrator.
    Beyond(Beyond),
    /// The member is not any more what the form was made for.
    Outdated(Box<Member>),
    Query(QueryError),
}

impl From<QueryError> for ChangeError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<LastAdministrator> for ChangeError {
    fn from(_: LastAdministrator) -> Self {
        Self::LastAdministrator
    }
}

impl From<Beyond> for ChangeError {
    fn from(beyond: Beyond) -> Self {
        Self::Beyond(beyond)
    }
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::LastAdministrator => Self::Conflict(
                "This is the last active administrator who can sign in. Make somebody else one first.",
            ),
            ChangeError::NotAdministrator => {
                Self::Conflict("Tokens can be handed to another active administrator only.")
            }
            ChangeError::Beyond(beyond) => beyond.into(),
            ChangeError::Outdated(_) => {
                Self::Conflict("Someone else changed this member meanwhile. Nothing was changed.")
            }
            ChangeError::Query(error) => error.into(),
        }
    }
}
