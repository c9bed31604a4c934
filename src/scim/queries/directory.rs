//! Users among whom some are found, and what of that Diesel has no words for.

use diesel::dsl::{And, Eq};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{
    AstPass, BoxedSelectStatement, FromClause, Query, QueryFragment, QueryId,
};
use diesel::sql_types::{BigInt, Bool, Uuid as SqlUuid};

use crate::access::OrganizationId;
use crate::db::schema::{scim_documents, scim_users};

pub type Users = scim_users::table;
type OfUser = And<
    Eq<scim_documents::organization_id, scim_users::organization_id>,
    Eq<scim_documents::user_id, scim_users::user_id>,
>;
/// Which users are found.
pub type UserIds<'a> = BoxedSelectStatement<'a, SqlUuid, FromClause<Users>, Pg>;

/// Whose document it is.
pub fn of_user() -> OfUser {
    scim_documents::organization_id
        .eq(scim_users::organization_id)
        .and(scim_documents::user_id.eq(scim_users::user_id))
}

pub fn users_of(organization: OrganizationId) -> UserIds<'static> {
    scim_users::table
        .filter(scim_users::organization_id.eq(organization))
        .select(scim_users::user_id)
        .into_boxed()
}

/// Makes an expression of a type that is asked of each user.
macro_rules! expression_of_users {
    ($name:ty, $type:ty) => {
        impl diesel::expression::Expression for $name {
            type SqlType = $type;
        }

        impl<GroupBy> diesel::expression::ValidGrouping<GroupBy> for $name {
            type IsAggregate = diesel::expression::is_aggregate::No;
        }

        impl diesel::AppearsOnTable<$crate::scim::queries::directory::Users> for $name {}
        impl diesel::SelectableExpression<$crate::scim::queries::directory::Users> for $name {}

        impl diesel::query_builder::QueryId for $name {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
    };
}
pub(super) use expression_of_users;

/// A page of those who are found among users whom one walks past in an order, each with whether they
/// are. No more is looked at than the page takes.
pub struct Passed {
    pub users: BoxedSelectStatement<'static, (SqlUuid, Bool), FromClause<Users>, Pg>,
    pub offset: i64,
    pub limit: i64,
}

impl QueryFragment<Pg> for Passed {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("SELECT user_id FROM (");
        QueryFragment::<Pg>::walk_ast(&self.users, out.reborrow())?;
        out.push_sql(") AS passed (user_id, is_found) WHERE is_found OFFSET ");
        out.push_bind_param::<BigInt, _>(&self.offset)?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl Query for Passed {
    type SqlType = SqlUuid;
}

impl QueryId for Passed {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
