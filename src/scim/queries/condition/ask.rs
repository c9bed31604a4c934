//! How PostgreSQL is asked whether there are rows of other tables.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::AstPass;

use crate::scim::criterion::{Criterion, Leaf};

/// More joins PostgreSQL would try in ever more orders, and a guess that is wrong in one would be in all.
const MOST_JOINS: usize = 4;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ask {
    /// Of all at once, by a join.
    Joined,
    /// Of all beforehand or of each, as PostgreSQL likes, but by no join.
    Apart,
    /// Of each, as there are few.
    OfEach,
    /// Of all side by side, in the order of their IDs.
    SideBySide,
}

impl Ask {
    /// For all that meets a criterion in which some leaves ask other tables.
    pub fn of(criterion: &Criterion, asks_others: impl Fn(&Leaf) -> bool) -> Self {
        let leaves = criterion.leaves().into_iter();
        if leaves.filter(|leaf| asks_others(leaf)).count() > MOST_JOINS {
            Self::Apart
        } else {
            Self::Joined
        }
    }

    /// `EXISTS (SELECT FROM`, the rows that are the user's, `)`: of a table with a `user_id`, and a `WHERE`.
    pub fn push_exists<'b>(
        self,
        mut out: AstPass<'_, 'b, Pg>,
        push_rows: impl FnOnce(AstPass<'_, 'b, Pg>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("(EXISTS (SELECT FROM ");
        let (before, after) = match self {
            // Where nobody is to have any, PostgreSQL 15 does not see the order that an index has.
            Self::SideBySide => (
                "(SELECT user_id FROM ",
                " ORDER BY user_id OFFSET 0) AS rows WHERE ",
            ),
            _ => ("", " AND "),
        };
        out.push_sql(before);
        push_rows(out.reborrow())?;
        out.push_sql(after);
        out.push_sql("user_id = scim_users.user_id");
        out.push_sql(match self {
            Self::Joined | Self::SideBySide => "))",
            // PostgreSQL makes no join of what is compared with something, or has an offset.
            Self::Apart => ") IS TRUE)",
            Self::OfEach => " OFFSET 0))",
        });
        Ok(())
    }
}
