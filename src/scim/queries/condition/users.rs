//! Which users a filter means.

use diesel::dsl::{not, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Jsonb, Text};
use serde_json::Value;

use super::compare::{escaped, exact, folded, id, lower, meta, perhaps, unsupported};
use super::{Condition, combined, constant};
use crate::access::OrganizationId;
use crate::db::schema::{group_members, groups, scim_users};
use crate::scim::criterion::{Criterion, Literal};
use crate::scim::filter::Operator;
use crate::scim::queries::json_path;
use crate::scim::schema::{ENTERPRISE_URN, Place, USER};
use crate::web::Error;

diesel::define_sql_function! { fn scim_contains(folded: Jsonb, part: Text) -> Bool; }
diesel::define_sql_function! { fn scim_meets(folded: Jsonb, path: Text) -> Bool; }

type Users = scim_users::table;

/// # Errors
/// `invalidFilter` for what is not looked for.
pub fn of_users(
    criterion: &Criterion,
    organization: OrganizationId,
) -> Result<Condition<Users>, Error> {
    combined(criterion, &|leaf| user(leaf, organization))
}

/// Of a column that may be empty.
macro_rules! perhaps {
    ($column:expr, $compare:expr, $leaf:expr) => {
        perhaps(
            Box::new($column.is_not_null()),
            Box::new($column.assume_not_null()),
            $compare,
            $leaf,
        )
    };
}

fn user(leaf: &Criterion, organization: OrganizationId) -> Result<Condition<Users>, Error> {
    let (Criterion::Present(place) | Criterion::Compare(place, ..) | Criterion::Has(place, _)) =
        leaf
    else {
        return Ok(constant(true));
    };
    if let Some(condition) = of_kept_text(*place, leaf) {
        return Ok(condition);
    }
    if place.extension.is_some() {
        return Ok(of_document(leaf));
    }
    match (place.attribute.name, leaf) {
        ("id" | "userName" | "active", Criterion::Present(_)) => Ok(constant(true)),
        ("id", Criterion::Compare(_, operator, literal)) => Ok(id(
            Box::new(scim_users::user_id),
            Box::new(sql::<Text>("scim_users.user_id::text")),
            *operator,
            literal,
        )),
        ("userName", Criterion::Compare(_, operator, literal)) => Ok(folded(
            Box::new(scim_users::user_name_folded),
            *operator,
            literal,
        )),
        ("active", Criterion::Compare(_, operator, literal)) => {
            let wanted = (*operator == Operator::Equal) == (*literal == Literal::Flag(true));
            Ok(Box::new(scim_users::active.eq(wanted)))
        }
        ("externalId", leaf) => Ok(perhaps!(scim_users::external_id, exact, leaf)),
        ("meta", leaf) => meta(
            leaf,
            USER.name,
            Box::new(scim_users::created_at),
            Box::new(scim_users::modified_at),
        ),
        ("schemas", leaf) => Ok(with_schema(leaf)),
        ("groups", leaf) => in_groups(leaf, organization),
        _ => Ok(of_document(leaf)),
    }
}

/// A text of the document that has a column besides, of which the first 300 characters count.
fn of_kept_text(place: Place, leaf: &Criterion) -> Option<Condition<Users>> {
    Some(match place.names()[..] {
        ["displayName"] => perhaps!(scim_users::display_name, folded, leaf),
        ["name", "familyName"] => perhaps!(scim_users::family_name, folded, leaf),
        ["name", "givenName"] => perhaps!(scim_users::given_name, folded, leaf),
        ["title"] => perhaps!(scim_users::title, folded, leaf),
        [ENTERPRISE_URN, "department"] => perhaps!(scim_users::department, folded, leaf),
        _ => return None,
    })
}

/// What has no column of its own. In the document nothing is compared by case.
fn of_document(leaf: &Criterion) -> Condition<Users> {
    match leaf {
        Criterion::Compare(place, Operator::Equal, literal) => {
            contains(json_path::part_with(*place, literal))
        }
        Criterion::Compare(place, Operator::NotEqual, literal) if !place.attribute.is_plural => {
            Box::new(not(contains(json_path::part_with(*place, literal))))
        }
        Criterion::Compare(place, operator, literal) => with_hint(
            part(*operator, literal),
            meets(json_path::compare(*place, *operator, literal)),
        ),
        Criterion::Has(place, inner) => {
            let hint = necessary(inner).and_then(|(place, operator, literal)| match operator {
                Operator::Equal => Some(contains(json_path::part_with(place, literal))),
                operator => part(operator, literal),
            });
            with_hint(hint, meets(json_path::has(*place, inner)))
        }
        Criterion::Present(place) => meets(json_path::present(*place)),
        Criterion::Any(_) | Criterion::All(_) | Criterion::Not(_) => constant(true),
    }
}

fn contains(part: String) -> Condition<Users> {
    Box::new(scim_contains(scim_users::folded, part))
}

fn meets(path: String) -> Condition<Users> {
    Box::new(scim_meets(scim_users::folded, path))
}

/// A hint follows from the condition, and an index answers it.
fn with_hint(hint: Option<Condition<Users>>, condition: Condition<Users>) -> Condition<Users> {
    match hint {
        Some(hint) => Box::new(hint.and(condition)),
        None => condition,
    }
}

/// A comparison of the `value` without which the criterion is not met.
fn necessary(criterion: &Criterion) -> Option<(Place, Operator, &Literal)> {
    match criterion {
        Criterion::All(criteria) => criteria.iter().find_map(necessary),
        Criterion::Compare(place, operator, literal) if place.target().name == "value" => {
            Some((*place, *operator, literal))
        }
        _ => None,
    }
}

/// That the part of a text stands in the document as it is written.
fn part(operator: Operator, literal: &Literal) -> Option<Condition<Users>> {
    let Literal::Text(text) = literal else {
        return None;
    };
    let quoted = Value::from(text.as_str()).to_string();
    let part = match operator {
        Operator::Contains => &quoted[1..quoted.len() - 1],
        Operator::StartsWith => &quoted[..quoted.len() - 1],
        Operator::EndsWith => &quoted[1..],
        _ => return None,
    };
    let pattern = format!("%{}%", escaped(part));
    Some(Box::new(scim_users::parts.like(lower(pattern))))
}

fn with_schema(leaf: &Criterion) -> Condition<Users> {
    let Criterion::Compare(_, operator, Literal::Text(urn)) = leaf else {
        return constant(true);
    };
    let equal: Condition<Users> = match USER.extension(urn) {
        Some(extension) => meets(format!("exists($.{})", Value::from(extension.urn))),
        None => constant(urn.eq_ignore_ascii_case(USER.schema.urn)),
    };
    match operator {
        Operator::NotEqual => Box::new(not(equal)),
        _ => equal,
    }
}

/// Users in groups that are so.
fn in_groups(leaf: &Criterion, organization: OrganizationId) -> Result<Condition<Users>, Error> {
    let condition = match leaf {
        Criterion::Has(_, criterion) => combined(criterion, &one_group)?,
        leaf => one_group(leaf)?,
    };
    let found = groups::table
        .filter(groups::organization_id.eq(organization))
        .select(groups::id)
        .into_boxed::<Pg>()
        .filter(condition);
    let members = group_members::table
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::group_id.eq_any(found))
        .select(group_members::user_id);
    Ok(Box::new(scim_users::user_id.eq_any(members)))
}

fn one_group(leaf: &Criterion) -> Result<Condition<groups::table>, Error> {
    let Criterion::Compare(place, operator, literal) = leaf else {
        return Ok(constant(true));
    };
    match place.target().name {
        "value" => Ok(id(
            Box::new(groups::id),
            Box::new(sql::<Text>("groups.id::text")),
            *operator,
            literal,
        )),
        "display" => Ok(folded(Box::new(lower(groups::name)), *operator, literal)),
        "type" => Ok(exact(
            Box::new("direct".into_sql::<Text>()),
            *operator,
            literal,
        )),
        name => Err(unsupported("groups", name, *operator)),
    }
}
