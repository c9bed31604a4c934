//! Which users a filter means.

use diesel::dsl::{not, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::apart::{FoundApart, FoundByQuery};
use super::ask::Ask;
use super::compare::{
    Times, beginning, escaped_backwards, exact, folded, has_schema, id, meta, perhaps,
};
use super::in_group::InGroup;
use super::kept::kept_text;
use super::kinds::kinds_of;
use super::spelled_out::{SpelledOut, Texts, has_few_texts};
use super::values::HasValue;
use super::{Boxed, Condition, all, any, combined, constant};
use crate::access::OrganizationId;
use crate::db::schema::scim_users;
use crate::db::{escaped, lower};
use crate::scim::criterion::{Criterion, Leaf, Literal};
use crate::scim::filter::Operator;
use crate::scim::problem;
use crate::scim::queries::directory::{UserIds, Users, users_of};
use crate::scim::schema::{ENTERPRISE_URN, Place, USER};
use crate::web::Error;

diesel::define_sql_function! { fn reverse(text: Text) -> Text; }

/// What a filter asks of users of an organisation.
pub struct Conditions<'a> {
    pub organization: OrganizationId,
    pub spelled_out: &'a SpelledOut,
    pub ask: Ask,
}

impl Conditions<'_> {
    pub fn meeting(&self, criterion: &Criterion) -> Result<UserIds<'static>, Error> {
        Ok(users_of(self.organization).filter(self.meets(criterion)?))
    }

    pub fn meets(&self, criterion: &Criterion) -> Result<Condition<Users>, Error> {
        if let Some(found) = self.apart(criterion)? {
            return Ok(Box::new(found));
        }
        if let Criterion::Not(denied) = criterion
            && let Criterion::Leaf(leaf) = &**denied
            && let Some(condition) = of_texts(leaf, self.spelled_out, true)
        {
            return Ok(condition);
        }
        match criterion {
            Criterion::All(criteria) => {
                let conditions: Result<_, Error> =
                    criteria.iter().map(|it| self.meets(it)).collect();
                Ok(all(conditions?))
            }
            _ => combined(criterion, &|leaf| self.of(leaf)),
        }
    }

    /// Alternatives that ask other tables are queries of their own, but not where they are denied:
    /// there no index is of use, and everybody is looked at once.
    pub fn apart(&self, criterion: &Criterion) -> Result<Option<FoundApart>, Error> {
        if let Some(has_value) = self.of_values(criterion)? {
            return Ok(Some(FoundApart::ByValue(has_value)));
        }
        let Criterion::Any(criteria) = criterion else {
            return Ok(None);
        };
        let mut leaves = criterion.leaves().into_iter();
        let is_joined =
            self.ask == Ask::Joined && leaves.any(|leaf| asks_others(leaf, self.spelled_out));
        if !is_joined {
            return Ok(None);
        }
        let query = |criterion| {
            Ok(match self.of_values(criterion)? {
                Some(has_value) => FoundByQuery::OfValues(has_value),
                None => FoundByQuery::OfUsers(self.meeting(criterion)?),
            })
        };
        let queries: Result<_, Error> = criteria.iter().map(query).collect();
        Ok(Some(FoundApart::ByOne(queries?)))
    }

    fn of(&self, leaf: &Leaf) -> Result<Condition<Users>, Error> {
        if let Some(condition) = of_kinds(leaf, self.spelled_out).or_else(|| of_addresses(leaf)) {
            return Ok(condition);
        }
        if let Some(kept) = kept_text(leaf.place()) {
            let of_texts = of_texts(leaf, self.spelled_out, false);
            return Ok(of_texts.unwrap_or_else(|| kept.meets(beginning, leaf)));
        }
        if let Some(has_value) = self.of_value(leaf)? {
            return Ok(Box::new(has_value));
        }
        let place = leaf.place();
        Ok(match (place.attribute.name, leaf) {
            ("id" | "userName" | "active" | "schemas", Leaf::Present(_)) => constant(true),
            ("id", Leaf::Compare(_, operator, literal)) => id(
                Box::new(scim_users::user_id),
                Box::new(sql::<Text>("scim_users.user_id::text")),
                *operator,
                literal,
            ),
            ("userName", Leaf::Compare(_, Operator::EndsWith, Literal::Text(end))) => {
                // Read backwards, it begins with the end.
                let pattern = format!("%{}", escaped_backwards(end));
                Box::new(scim_users::user_name_reversed.like(reverse(lower(pattern))))
            }
            ("userName", Leaf::Compare(_, operator, literal)) => {
                folded(Box::new(scim_users::user_name_folded), *operator, literal)
            }
            ("active", Leaf::Compare(_, operator, literal)) => {
                let wanted = (*operator == Operator::Equal) == (*literal == Literal::Flag(true));
                Box::new(scim_users::active.eq(wanted))
            }
            ("externalId", leaf) => perhaps!(scim_users::external_id).meets(exact, leaf),
            ("meta", leaf) => meta(leaf, USER.name, &|| Times {
                created: Box::new(scim_users::created_at),
                modified: Box::new(scim_users::modified_at),
            })?,
            ("groups", leaf) => Box::new(InGroup::of(leaf, self.organization, self.ask)?),
            ("schemas", Leaf::Compare(_, operator, Literal::Text(urn))) => {
                with_schema(*operator, urn)
            }
            (_, Leaf::Present(place)) => has_any(*place),
            // Where there is none, there is none that meets it.
            (_, Leaf::Has(_, criterion)) => all(vec![
                has_any(place),
                combined(criterion, &|leaf| self.of(leaf))?,
            ]),
            (name, _) => return Err(problem::filter(format!("{name} cannot be looked for so."))),
        })
    }

    /// What is asked of values of one attribute that have rows of their own.
    fn of_values(&self, criterion: &Criterion) -> Result<Option<HasValue>, Error> {
        match criterion {
            Criterion::Leaf(leaf) => self.of_value(leaf),
            Criterion::Any(criteria) => {
                let each: Result<Vec<_>, Error> =
                    criteria.iter().map(|it| self.of_values(it)).collect();
                let each: Option<Vec<_>> = each?.into_iter().collect();
                Ok(each.and_then(HasValue::any))
            }
            Criterion::All(_) | Criterion::Not(_) => Ok(None),
        }
    }

    fn of_value(&self, leaf: &Leaf) -> Result<Option<HasValue>, Error> {
        let attribute = leaf.place().attribute;
        if attribute.name == "groups" || !asks_others(leaf, self.spelled_out) {
            return Ok(None);
        }
        HasValue::of(leaf, self.organization, self.ask).map(Some)
    }
}

/// To compare a user's text with more of them takes longer than to look into it.
const SEVERAL: usize = 20;

/// Whether a user has, or has not, one of the texts that meet it.
fn of_texts(leaf: &Leaf, spelled_out: &SpelledOut, is_denied: bool) -> Option<Condition<Users>> {
    let Texts { met, others } = spelled_out.texts(leaf)?;
    let place = leaf.place();
    let kept = match kinds_of(place) {
        Some(kinds) => perhaps!(kinds.clone()),
        None => kept_text(place)?,
    };
    let texts = if is_denied { others } else { met };
    let begins = matches!(leaf, Leaf::Compare(_, Operator::StartsWith, _));
    // Of what begins so, an index has all in one place.
    if texts.len() > SEVERAL && (is_denied || begins && !place.attribute.is_plural) {
        return None;
    }
    let has_one = is_one_of(kept.text, texts);
    let meets_without = matches!(leaf, Leaf::Compare(_, Operator::NotEqual, _));
    Some(if meets_without == is_denied {
        Box::new(kept.is_there.and(has_one))
    } else {
        Box::new(not(kept.is_there).or(has_one))
    })
}

/// Whether what is asked of it has rows in other tables.
pub fn asks_others(leaf: &Leaf, spelled_out: &SpelledOut) -> bool {
    let attribute = leaf.place().attribute;
    let is_known = || has_kinds(leaf, spelled_out) || of_addresses(leaf).is_some();
    attribute.is_plural && attribute.name != "schemas" && !is_known()
}

/// Whether one index has all that is asked.
pub fn is_shared(leaf: &Leaf, spelled_out: &SpelledOut) -> bool {
    let place = leaf.place();
    ["active", "schemas"].contains(&place.attribute.name)
        || has_few_texts(place)
        || has_kinds(leaf, spelled_out)
}

/// Whether [`of_kinds`] decides it.
fn has_kinds(leaf: &Leaf, spelled_out: &SpelledOut) -> bool {
    let is_any = matches!(leaf, Leaf::Present(Place { sub: None, .. }));
    kinds_of(leaf.place()).is_some() && (is_any || spelled_out.texts(leaf).is_some())
}

fn of_kinds(leaf: &Leaf, spelled_out: &SpelledOut) -> Option<Condition<Users>> {
    let kinds = kinds_of(leaf.place())?;
    match leaf {
        Leaf::Present(Place { sub: None, .. }) => Some(Box::new(kinds.is_not_null())),
        _ => of_texts(leaf, spelled_out, false),
    }
}

fn is_one_of(text: Boxed<Users, Text>, texts: &[String]) -> Condition<Users> {
    match texts {
        // An index that has an order besides is of use.
        [only] => Box::new(text.eq(only.clone())),
        texts => Box::new(text.eq_any(texts.to_vec())),
    }
}

/// Parts of email addresses, which stand in a column each on a line, with spaces for line breaks.
fn of_addresses(leaf: &Leaf) -> Option<Condition<Users>> {
    if leaf.place().names()[..] != ["emails", "value"] {
        return None;
    }
    let (operator, part) = match leaf {
        Leaf::Compare(_, operator, Literal::Text(part)) => (operator, part),
        Leaf::Present(_) => return Some(Box::new(scim_users::emails.is_not_null())),
        _ => return None,
    };
    if part.contains(['\n', ' ']) {
        return None;
    }
    let part = escaped(part);
    let pattern = match operator {
        Operator::Contains => format!("%{part}%"),
        Operator::StartsWith => format!("%\n{part}%"),
        Operator::EndsWith => format!("%{part}\n%"),
        _ => return None,
    };
    let addresses = scim_users::emails;
    let is_found = addresses.assume_not_null().like(lower(pattern));
    Some(Box::new(addresses.is_not_null().and(is_found)))
}

/// One of a user's schemas is so; none is equal, where they are to differ.
fn with_schema(operator: Operator, urn: &str) -> Condition<Users> {
    if operator == Operator::NotEqual {
        return Box::new(not(with_schema(Operator::Equal, urn)));
    }
    let always = constant(has_schema(USER.schema.urn, operator, urn));
    let has_enterprise = constant(has_schema(ENTERPRISE_URN, operator, urn));
    let is_extended = sql::<Bool>("scim_users.has_enterprise");
    Box::new(always.or(has_enterprise.and(is_extended)))
}

/// That a user has one of its texts.
fn has_any(place: Place) -> Condition<Users> {
    let texts = place.parts().into_iter().filter_map(kept_text);
    any(texts.map(|text| text.is_there).collect())
}
