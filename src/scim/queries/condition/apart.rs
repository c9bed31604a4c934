//! What is found apart from the users' own table, by indexes of others.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Uuid as SqlUuid};

use super::values::HasValue;
use crate::access::{OrganizationId, UserId};
use crate::scim::queries::directory::{UserIds, expression_of_users};

/// That a user is found so.
pub enum FoundApart {
    ByValue(HasValue),
    ByOne(Vec<FoundByQuery>),
}

/// One of several queries that find the user. Each of them has its index, where conditions on several
/// tables, joined by OR, have none. Of a UNION, unlike of a UNION ALL, PostgreSQL expects as many as
/// there are.
pub enum FoundByQuery {
    OfValues(HasValue),
    OfUsers(UserIds<'static>),
}

impl FoundApart {
    /// A query of their IDs in order, each once. No more is read than is asked for, where indexes have that
    /// order: DISTINCT alone would bring all together first.
    fn push_ids<'b>(
        &'b self,
        behind: Option<&'b UserId>,
        mut out: AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        out.push_sql("SELECT DISTINCT ON (user_id) user_id FROM (");
        match self {
            Self::ByValue(has_value) => has_value.push_owners(out.reborrow())?,
            Self::ByOne(queries) => {
                out.push_sql("(SELECT user_id FROM (");
                let between = ") AS one ORDER BY user_id) UNION ALL (SELECT user_id FROM (";
                push_each(queries, between, out.reborrow())?;
                out.push_sql(") AS one ORDER BY user_id)");
            }
        }
        out.push_sql(") AS found");
        if let Some(user) = behind {
            out.push_sql(" WHERE user_id > ");
            out.push_bind_param::<SqlUuid, _>(user)?;
        }
        out.push_sql(" ORDER BY user_id");
        Ok(())
    }

    fn push_count<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Self::ByValue(has_value) => has_value.push_count_of_owners(out),
            Self::ByOne(_) => {
                out.push_sql("SELECT count(*) FROM (");
                self.push_ids(None, out.reborrow())?;
                out.push_sql(") AS each");
                Ok(())
            }
        }
    }
}

impl QueryFragment<Pg> for FoundApart {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        match self {
            Self::ByValue(has_value) => has_value.walk_ast(out),
            Self::ByOne(queries) => {
                out.push_sql("scim_users.user_id IN (");
                push_each(queries, " UNION ", out.reborrow())?;
                out.push_sql(")");
                Ok(())
            }
        }
    }
}

expression_of_users!(FoundApart, Bool);

fn push_each<'b>(
    queries: &'b [FoundByQuery],
    between: &str,
    mut out: AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    for (number, query) in queries.iter().enumerate() {
        if number > 0 {
            out.push_sql(between);
        }
        match query {
            FoundByQuery::OfValues(has_value) => has_value.push_owners(out.reborrow())?,
            FoundByQuery::OfUsers(ids) => QueryFragment::<Pg>::walk_ast(ids, out.reborrow())?,
        }
    }
    Ok(())
}

/// A page of the users who are found so, in the order of their IDs: their own rows have no more to tell.
pub struct PageApart {
    pub found: FoundApart,
    /// Only those behind this one.
    pub behind: Option<UserId>,
    pub offset: i64,
    pub limit: i64,
}

impl QueryFragment<Pg> for PageApart {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        self.found.push_ids(self.behind.as_ref(), out.reborrow())?;
        out.push_sql(" OFFSET ");
        out.push_bind_param::<BigInt, _>(&self.offset)?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl Query for PageApart {
    type SqlType = SqlUuid;
}

impl QueryId for PageApart {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// How many users are found so, or how many are not. To count them asks for as few of the users' own
/// rows as can be.
pub struct CountApart {
    pub organization: OrganizationId,
    pub found: FoundApart,
    pub are_others: bool,
}

impl QueryFragment<Pg> for CountApart {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("SELECT ");
        if self.are_others {
            out.push_sql("(SELECT count(*) FROM scim_users WHERE organization_id = ");
            out.push_bind_param::<SqlUuid, _>(&self.organization)?;
            out.push_sql(") - ");
        }
        out.push_sql("(");
        self.found.push_count(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl Query for CountApart {
    type SqlType = BigInt;
}

impl QueryId for CountApart {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
