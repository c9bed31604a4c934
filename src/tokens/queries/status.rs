//! A token's status in queries of Diesel's.

use chrono::{DateTime, Utc};
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::db::schema::tokens;
use crate::tokens::{Standing, Status};

impl Status {
    /// [`Status::sql`] for a query of Diesel's in which `tokens` is.
    #[must_use]
    pub fn condition<Source>(
        self,
        now: DateTime<Utc>,
    ) -> Box<dyn BoxableExpression<Source, Pg, SqlType = Bool>>
    where
        Source: 'static,
        tokens::standing: SelectableExpression<Source>,
        tokens::expires_sort: SelectableExpression<Source>,
    {
        let is = |standing: Standing| tokens::standing.eq(standing);
        match self {
            Self::Active => Box::new(is(Standing::Active).and(tokens::expires_sort.gt(now))),
            Self::Inactive => Box::new(is(Standing::Disabled).and(tokens::expires_sort.gt(now))),
            Self::Expired => {
                let ended = tokens::standing.eq_any([Standing::Active, Standing::Disabled]);
                Box::new(ended.and(tokens::expires_sort.le(now)))
            }
            Self::Revoked => Box::new(is(Standing::Revoked)),
        }
    }
}
