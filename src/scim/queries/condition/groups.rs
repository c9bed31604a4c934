//! Which groups a filter means.

use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::compare::{exact, folded, has_schema, id, lower, meta, perhaps, unsupported};
use super::{Condition, combined, constant};
use crate::access::OrganizationId;
use crate::db::schema::{group_members, groups, users};
use crate::scim::criterion::{Criterion, Literal};
use crate::scim::schema::GROUP;
use crate::web::Error;

type Groups = groups::table;

/// # Errors
/// `invalidFilter` for what is not looked for.
pub fn of_groups(
    criterion: &Criterion,
    organization: OrganizationId,
) -> Result<Condition<Groups>, Error> {
    combined(criterion, &|leaf| group(leaf, organization))
}

fn group(leaf: &Criterion, organization: OrganizationId) -> Result<Condition<Groups>, Error> {
    let (Criterion::Present(place) | Criterion::Compare(place, ..) | Criterion::Has(place, _)) =
        leaf
    else {
        return Ok(constant(true));
    };
    match (place.attribute.name, leaf) {
        ("members", leaf) => with_members(leaf, organization),
        ("externalId", leaf) => Ok(perhaps!(groups::external_id).meets(exact, leaf)),
        ("meta", leaf) => meta(
            leaf,
            GROUP.name,
            Box::new(groups::created_at),
            Box::new(groups::modified_at),
        ),
        ("id", Criterion::Compare(_, operator, literal)) => Ok(id(
            Box::new(groups::id),
            Box::new(sql::<Text>("groups.id::text")),
            *operator,
            literal,
        )),
        ("displayName", Criterion::Compare(_, operator, literal)) => {
            Ok(folded(Box::new(lower(groups::name)), *operator, literal))
        }
        ("schemas", Criterion::Compare(_, operator, Literal::Text(urn))) => {
            Ok(constant(has_schema(GROUP.schema.urn, *operator, urn)))
        }
        _ => Ok(constant(true)),
    }
}

/// Groups with members who are so.
fn with_members(
    leaf: &Criterion,
    organization: OrganizationId,
) -> Result<Condition<Groups>, Error> {
    let condition = match leaf {
        Criterion::Has(_, criterion) => combined(criterion, &one_member)?,
        leaf => one_member(leaf)?,
    };
    let users = users::table
        .select(users::id)
        .into_boxed::<Pg>()
        .filter(condition);
    let found = group_members::table
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::user_id.eq_any(users))
        .select(group_members::group_id);
    Ok(Box::new(groups::id.eq_any(found)))
}

fn one_member(leaf: &Criterion) -> Result<Condition<users::table>, Error> {
    let Criterion::Compare(place, operator, literal) = leaf else {
        return Ok(constant(true));
    };
    match place.target().name {
        "value" => Ok(id(
            Box::new(users::id),
            Box::new(sql::<Text>("users.id::text")),
            *operator,
            literal,
        )),
        "display" => Ok(folded(Box::new(lower(users::name)), *operator, literal)),
        "type" => Ok(exact(
            Box::new("User".into_sql::<Text>()),
            *operator,
            literal,
        )),
        name => Err(unsupported("members", name, *operator)),
    }
}
