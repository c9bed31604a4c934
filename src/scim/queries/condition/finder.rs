//! Finds users.

mod count;

use diesel::prelude::*;

use super::apart::PageApart;
use super::ask::Ask;
use super::spelled_out::SpelledOut;
use super::users::{Conditions, asks_others};
use super::values::stands_by_user;
use super::{Condition, constant};
use crate::access::{OrganizationId, UserId};
use crate::db::Connection;
use crate::db::schema::scim_users;
use crate::scim::criterion::{Criterion, Leaf};
use crate::scim::queries::directory::{UserIds, Users, users_of};
use crate::scim::search::Sort;
use crate::web::Error;

/// Finds users of an organisation.
pub struct Finder<'a> {
    organization: OrganizationId,
    /// `None`: all.
    criterion: Option<&'a Criterion>,
    spelled_out: SpelledOut,
    /// `None`: from the first on.
    behind: Option<UserId>,
}

impl<'a> Finder<'a> {
    /// # Errors
    /// When the database fails.
    pub async fn of(
        connection: &mut Connection,
        organization: OrganizationId,
        criterion: Option<&'a Criterion>,
    ) -> QueryResult<Self> {
        let mut spelled_out = SpelledOut::default();
        if let Some(criterion) = criterion {
            spelled_out = spelled_out
                .with(connection, organization, criterion)
                .await?;
        }
        Ok(Self {
            organization,
            criterion,
            spelled_out,
            behind: None,
        })
    }

    /// Only those behind a user, by their IDs.
    pub fn behind(self, user: Option<UserId>) -> Self {
        Self {
            behind: user,
            ..self
        }
    }

    #[must_use]
    pub fn is_from_first(&self) -> bool {
        self.behind.is_none()
    }

    /// Those who are found and stand on a page by their IDs, if other tables tell.
    ///
    /// # Errors
    /// `invalidFilter` for what is not looked for.
    pub fn page_apart(&self, offset: i64, limit: i64) -> Result<Option<PageApart>, Error> {
        let Some(criterion) = self.criterion else {
            return Ok(None);
        };
        let found = self.conditions(self.ask()).apart(criterion)?;
        Ok(found.map(|found| PageApart {
            found,
            behind: self.behind,
            offset,
            limit,
        }))
    }

    fn asks_others_for(&self, criterion: &Criterion) -> bool {
        let mut leaves = criterion.leaves().into_iter();
        leaves.any(|leaf| asks_others(leaf, &self.spelled_out))
    }

    /// Those who are found, in no order.
    ///
    /// # Errors
    /// `invalidFilter` for what is not looked for.
    pub fn found(&self) -> Result<UserIds<'static>, Error> {
        match self.criterion {
            Some(criterion) => {
                let found = self.conditions(self.ask()).meeting(criterion)?;
                Ok(self.of_those_behind(found))
            }
            None => Ok(self.all()),
        }
    }

    /// The same, where one walks along an order and most of them are not looked at.
    ///
    /// # Errors
    /// `invalidFilter` for what is not looked for.
    pub fn found_along(&self, sort: Option<&Sort>) -> Result<UserIds<'static>, Error> {
        let Some(criterion) = self.criterion else {
            return Ok(self.all());
        };
        let ask = match criterion {
            Criterion::Not(denied) => match &**denied {
                Criterion::Leaf(leaf) if sort.is_none() && stands_by_user(leaf) => Ask::SideBySide,
                Criterion::Leaf(_) => Ask::Apart,
                _ => self.ask(),
            },
            Criterion::Leaf(_) if sort.is_some() => Ask::Apart,
            _ => self.ask(),
        };
        let found = self.conditions(ask).meeting(criterion)?;
        Ok(self.of_those_behind(found))
    }

    /// Whether a user is found, where it is asked of few.
    ///
    /// # Errors
    /// `invalidFilter` for what is not looked for.
    pub fn condition(&self) -> Result<Condition<Users>, Error> {
        match self.criterion {
            Some(criterion) => self.conditions(Ask::OfEach).meets(criterion),
            None => Ok(constant(true)),
        }
    }

    /// Those among whom they are.
    pub fn all(&self) -> UserIds<'static> {
        self.of_those_behind(users_of(self.organization))
    }

    fn of_those_behind(&self, users: UserIds<'static>) -> UserIds<'static> {
        match self.behind {
            Some(user) => users.filter(scim_users::user_id.gt(user)),
            None => users,
        }
    }

    fn ask(&self) -> Ask {
        let asks_others = |leaf: &Leaf| asks_others(leaf, &self.spelled_out);
        self.criterion
            .map_or(Ask::Joined, |criterion| Ask::of(criterion, asks_others))
    }

    fn conditions(&self, ask: Ask) -> Conditions<'_> {
        Conditions {
            organization: self.organization,
            spelled_out: &self.spelled_out,
            ask,
        }
    }
}
