//! What is asked of the groups that users are in.

use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::{Bool, Text, Uuid as SqlUuid};

use super::ask::Ask;
use super::compare::{folded, id, unsupported};
use super::{Condition, combined, constant};
use crate::access::OrganizationId;
use crate::db::lower;
use crate::db::schema::groups;
use crate::scim::criterion::Leaf;
use crate::scim::queries::directory::expression_of_users;
use crate::web::Error;

/// That a user is in a group that is so.
pub struct InGroup {
    organization: OrganizationId,
    groups: groups::BoxedQuery<'static, Pg, SqlUuid>,
    ask: Ask,
}

impl InGroup {
    /// # Errors
    /// `invalidFilter` for what is not looked for.
    pub fn of(leaf: &Leaf, organization: OrganizationId, ask: Ask) -> Result<Self, Error> {
        let groups = groups::table
            .filter(groups::organization_id.eq(organization))
            .select(groups::id)
            .into_boxed::<Pg>()
            .filter(one_group(leaf)?);
        Ok(Self {
            organization,
            groups,
            ask,
        })
    }
}

impl QueryFragment<Pg> for InGroup {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.ask.push_exists(out.reborrow(), |mut out| {
            out.push_sql("group_members WHERE group_members.organization_id = ");
            out.push_bind_param::<SqlUuid, _>(&self.organization)?;
            out.push_sql(" AND group_members.group_id IN (");
            QueryFragment::<Pg>::walk_ast(&self.groups, out.reborrow())?;
            out.push_sql(")");
            Ok(())
        })
    }
}

expression_of_users!(InGroup, Bool);

fn one_group(leaf: &Leaf) -> Result<Condition<groups::table>, Error> {
    let (place, operator, literal) = match leaf {
        Leaf::Present(_) => return Ok(constant(true)),
        Leaf::Has(_, criterion) => return combined(criterion, &one_group),
        Leaf::Compare(place, operator, literal) => (place, operator, literal),
    };
    match place.target().name {
        "value" => Ok(id(
            Box::new(groups::id),
            Box::new(sql::<Text>("groups.id::text")),
            *operator,
            literal,
        )),
        "display" => Ok(folded(Box::new(lower(groups::name)), *operator, literal)),
        "type" => Ok(folded(
            Box::new("direct".into_sql::<Text>()),
            *operator,
            literal,
        )),
        name => Err(unsupported("groups", name, *operator)),
    }
}
