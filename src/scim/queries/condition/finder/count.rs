//! Counts those who are found, as every page tells how many they are in all.

use diesel::dsl::{count_star, not, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use super::Finder;
use crate::db::{Connection, expected_rows};
use crate::scim::criterion::{Criterion, Leaf};
use crate::scim::queries::condition::apart::CountApart;
use crate::scim::queries::condition::difference::Difference;
use crate::scim::queries::condition::spelled_out::SpelledOut;
use crate::scim::queries::condition::users::is_shared;
use crate::web::Error;

/// So many are soon looked at one by one.
const FEW: u64 = 10_000;
/// So many are tried.
const MOST_DIFFERENCES: usize = 4;
/// Of a filter with more conditions none is left out: each takes some statements.
const MOST_CONDITIONS: usize = 8;

impl Finder<'_> {
    /// How many they are.
    ///
    /// # Errors
    /// `invalidFilter` for what is not looked for.
    pub async fn count(&self, connection: &mut Connection) -> Result<i64, Error> {
        match self.count_soon(connection).await? {
            Some(total) => Ok(total),
            None => self.count_at_once(connection).await,
        }
    }

    /// The same, by looking for all of them.
    ///
    /// # Errors
    /// `invalidFilter` for what is not looked for.
    pub async fn count_at_once(&self, connection: &mut Connection) -> Result<i64, Error> {
        if !self.asks_what_is_shared() {
            let found = self.found()?.select(count_star());
            return Ok(found.get_result(connection).await?);
        }
        // An index has all of it, but of those who have too much.
        let is_short = || sql::<Bool>("scim_users.is_short");
        let short = self.found()?.filter(is_short()).select(count_star());
        let long = self.found()?.filter(not(is_short())).select(count_star());
        let short: i64 = short.get_result(connection).await?;
        let long: i64 = long.get_result(connection).await?;
        Ok(short + long)
    }

    /// How many they are, where that is told faster than by looking for all of them, and PostgreSQL's guess at
    /// it is bad.
    ///
    /// # Errors
    /// `invalidFilter` for what is not looked for.
    pub async fn count_soon(&self, connection: &mut Connection) -> Result<Option<i64>, Error> {
        match self.difference(connection).await? {
            Some(difference) => Ok(Some(self.count_by(connection, difference).await?)),
            None => self.count_apart(connection).await,
        }
    }

    async fn count_by(
        &self,
        connection: &mut Connection,
        (difference, spelled_out): (Difference, SpelledOut),
    ) -> Result<i64, Error> {
        let those = self.finder(&difference.those, spelled_out);
        let are_told = difference
            .among
            .is_none_or(|among| those.asks_others_for(&among));
        let those = if are_told {
            those.count_at_once(connection).await?
        } else {
            those.count_each(connection).await?
        };
        let other = self.finder(&difference.other, self.spelled_out.clone());
        let other = Box::pin(other.count(connection)).await?;
        Ok(if difference.are_more {
            other + those
        } else {
            other - those
        })
    }

    /// Where few are to be asked, and no other table tells who these are.
    async fn count_each(&self, connection: &mut Connection) -> Result<i64, Error> {
        let found = self.all().filter(self.condition()?).select(count_star());
        Ok(found.get_result(connection).await?)
    }

    /// One by which they are counted faster, with what is spelled out of it.
    async fn difference(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<(Difference, SpelledOut)>, Error> {
        let Some(criterion) = self.criterion else {
            return Ok(None);
        };
        let are_too_many = criterion.leaves().len() > MOST_CONDITIONS;
        if !self.is_from_first() || self.asks_what_is_shared() || are_too_many {
            return Ok(None);
        }
        for difference in Difference::all(criterion)
            .into_iter()
            .take(MOST_DIFFERENCES)
        {
            let Some(among) = &difference.among else {
                return Ok(Some((difference, self.spelled_out.clone())));
            };
            let known = self.spelled_out.clone();
            let spelled_out = known.with(connection, self.organization, among).await?;
            let among = self.finder(among, spelled_out.clone());
            if expected_rows(connection, among.found()?).await? <= FEW {
                return Ok(Some((difference, spelled_out)));
            }
        }
        Ok(None)
    }

    /// How many they are, where other tables tell.
    async fn count_apart(&self, connection: &mut Connection) -> Result<Option<i64>, Error> {
        let (criterion, are_others) = match self.criterion {
            Some(Criterion::Not(criterion)) => (&**criterion, true),
            Some(criterion) => (criterion, false),
            None => return Ok(None),
        };
        if !self.is_from_first() {
            return Ok(None);
        }
        let Some(found) = self.conditions(self.ask()).apart(criterion)? else {
            return Ok(None);
        };
        let count = CountApart {
            organization: self.organization,
            found,
            are_others,
        };
        Ok(Some(count.get_result(connection).await?))
    }

    fn asks_what_is_shared(&self) -> bool {
        let leaves = self.criterion.map(Criterion::leaves).unwrap_or_default();
        let is_shared = |leaf: &Leaf| is_shared(leaf, &self.spelled_out);
        // A single attribute has an index of its own, which is faster.
        let has_index = match &leaves[..] {
            [] => true,
            [first, others @ ..] => {
                let place = first.place();
                place.attribute.name != "schemas" && others.iter().all(|it| it.place() == place)
            }
        };
        !has_index && self.is_from_first() && leaves.into_iter().all(is_shared)
    }

    fn finder<'b>(&self, criterion: &'b Criterion, spelled_out: SpelledOut) -> Finder<'b> {
        Finder {
            organization: self.organization,
            criterion: Some(criterion),
            spelled_out,
            behind: None,
        }
    }
}
