//! Which groups a filter means.

use diesel::dsl::{InnerJoinQuerySource, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::ask::Ask;
use super::compare::{Times, exact, folded, has_schema, id, meta, perhaps, unsupported};
use super::{Condition, combined, constant};
use crate::access::{OrganizationId, known_as};
use crate::db::lower;
use crate::db::schema::{group_members, groups, memberships, users};
use crate::scim::criterion::{Criterion, Leaf, Literal};
use crate::scim::problem;
use crate::scim::schema::GROUP;
use crate::web::Error;

type Groups = groups::table;
type Members = InnerJoinQuerySource<memberships::table, users::table>;

/// # Errors
/// `invalidFilter` for what is not looked for.
pub fn of_groups(
    criterion: &Criterion,
    organization: OrganizationId,
) -> Result<Condition<Groups>, Error> {
    let ask = Ask::of(criterion, |leaf| leaf.place().attribute.name == "members");
    combined(criterion, &|leaf| group(leaf, organization, ask))
}

fn group(leaf: &Leaf, organization: OrganizationId, ask: Ask) -> Result<Condition<Groups>, Error> {
    match (leaf.place().attribute.name, leaf) {
        ("members", leaf) => with_members(leaf, organization, ask),
        ("externalId", leaf) => Ok(perhaps!(groups::external_id).meets(exact, leaf)),
        ("meta", leaf) => meta(leaf, GROUP.name, &|| Times {
            created: Box::new(groups::created_at),
            modified: Box::new(groups::modified_at),
        }),
        ("id", Leaf::Compare(_, operator, literal)) => Ok(id(
            Box::new(groups::id),
            Box::new(sql::<Text>("groups.id::text")),
            *operator,
            literal,
        )),
        ("displayName", Leaf::Compare(_, operator, literal)) => {
            Ok(folded(Box::new(lower(groups::name)), *operator, literal))
        }
        ("schemas", Leaf::Compare(_, operator, Literal::Text(urn))) => {
            Ok(constant(has_schema(GROUP.schema.urn, *operator, urn)))
        }
        ("id" | "displayName" | "schemas", Leaf::Present(_)) => Ok(constant(true)),
        (name, _) => Err(problem::filter(format!("{name} cannot be looked for so."))),
    }
}

/// Groups with members who are so.
fn with_members(
    leaf: &Leaf,
    organization: OrganizationId,
    ask: Ask,
) -> Result<Condition<Groups>, Error> {
    let users = memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization))
        .select(users::id)
        .into_boxed::<Pg>()
        .filter(one_member(leaf)?);
    let found = group_members::table
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::user_id.eq_any(users))
        .select(group_members::group_id)
        .distinct();
    let is_found = groups::id.eq_any(found);
    Ok(match ask {
        Ask::Joined => Box::new(is_found),
        // No join is made of what is compared with something.
        _ => Box::new(is_found.is_not_distinct_from(true)),
    })
}

fn one_member(leaf: &Leaf) -> Result<Condition<Members>, Error> {
    let (place, operator, literal) = match leaf {
        Leaf::Present(_) => return Ok(constant(true)),
        Leaf::Has(_, criterion) => return combined(criterion, &one_member),
        Leaf::Compare(place, operator, literal) => (place, operator, literal),
    };
    match place.target().name {
        "value" => Ok(id(
            Box::new(users::id),
            Box::new(sql::<Text>("users.id::text")),
            *operator,
            literal,
        )),
        "display" => Ok(folded(Box::new(lower(known_as())), *operator, literal)),
        "type" => Ok(folded(
            Box::new("user".into_sql::<Text>()),
            *operator,
            literal,
        )),
        name => Err(unsupported("members", name, *operator)),
    }
}
