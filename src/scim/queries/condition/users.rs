//! Which users a filter means.

use diesel::dsl::{not, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Jsonb, Nullable, Text};
use serde_json::Value;

use super::compare::{
    Times, escaped_backwards, exact, folded, has_schema, id, lower, meta, perhaps, unsupported,
};
use super::kept::kept_text;
use super::spelled_out::SpelledOut;
use super::{Condition, all, combined, constant};
use crate::access::OrganizationId;
use crate::db::schema::{group_members, groups, scim_documents, scim_users};
use crate::db::{Connection, escaped};
use crate::scim::criterion::{Criterion, Leaf, Literal};
use crate::scim::filter::Operator;
use crate::scim::queries::directory::{FoundByOne, UserIds, Users, users_of};
use crate::scim::queries::json_path;
use crate::scim::schema::USER;
use crate::web::Error;

diesel::define_sql_function! { fn reverse(text: Text) -> Text; }
diesel::define_sql_function! { fn scim_contains(folded: Nullable<Jsonb>, part: Text) -> Bool; }
diesel::define_sql_function! { fn scim_meets(folded: Nullable<Jsonb>, path: Text) -> Bool; }

/// Finds users of an organisation.
pub struct Finder<'a> {
    organization: OrganizationId,
    /// `None`: all.
    criterion: Option<&'a Criterion>,
    spelled_out: SpelledOut,
}

impl<'a> Finder<'a> {
    /// # Errors
    /// When the database fails.
    pub async fn of(
        connection: &mut Connection,
        organization: OrganizationId,
        criterion: Option<&'a Criterion>,
    ) -> QueryResult<Self> {
        let spelled_out = match criterion {
            Some(criterion) => SpelledOut::of(connection, organization, criterion).await?,
            None => SpelledOut::default(),
        };
        Ok(Self {
            organization,
            criterion,
            spelled_out,
        })
    }

    /// Those who are found, in no order.
    ///
    /// # Errors
    /// `invalidFilter` for what is not looked for.
    pub fn found(&self) -> Result<UserIds<'static>, Error> {
        match self.criterion {
            Some(criterion) => self.meeting(criterion),
            None => Ok(self.all()),
        }
    }

    /// Whether a user is found.
    ///
    /// # Errors
    /// `invalidFilter` for what is not looked for.
    pub fn condition(&self) -> Result<Condition<Users>, Error> {
        match self.criterion {
            Some(criterion) => self.meets(criterion),
            None => Ok(constant(true)),
        }
    }

    /// Those among whom they are.
    pub fn all(&self) -> UserIds<'static> {
        users_of(self.organization)
    }

    fn meeting(&self, criterion: &Criterion) -> Result<UserIds<'static>, Error> {
        Ok(self.all().filter(self.meets(criterion)?))
    }

    /// Alternatives that read documents are queries of their own, but not where they are denied:
    /// there no index is of use, and everybody is looked at once.
    fn meets(&self, criterion: &Criterion) -> Result<Condition<Users>, Error> {
        match criterion {
            Criterion::Any(criteria) if self.reads_documents(criterion)? => {
                let queries: Result<_, Error> =
                    criteria.iter().map(|it| self.meeting(it)).collect();
                Ok(Box::new(FoundByOne(queries?)))
            }
            Criterion::All(criteria) => {
                let conditions: Result<_, Error> =
                    criteria.iter().map(|it| self.meets(it)).collect();
                Ok(all(conditions?))
            }
            _ => combined(criterion, &|leaf| {
                Ok(match self.of_columns(leaf)? {
                    Some(condition) => condition,
                    None => of_document(leaf),
                })
            }),
        }
    }

    fn reads_documents(&self, criterion: &Criterion) -> Result<bool, Error> {
        match criterion {
            Criterion::Any(criteria) | Criterion::All(criteria) => criteria
                .iter()
                .try_fold(false, |reads, it| Ok(reads || self.reads_documents(it)?)),
            Criterion::Not(criterion) => self.reads_documents(criterion),
            Criterion::Leaf(leaf) => Ok(self.of_columns(leaf)?.is_none()),
        }
    }

    /// What is asked without the document; `None` where only that knows.
    fn of_columns(&self, leaf: &Leaf) -> Result<Option<Condition<Users>>, Error> {
        let place = leaf.place();
        if let Some(condition) = self.of_kept_text(leaf).or_else(|| of_addresses(leaf)) {
            return Ok(Some(condition));
        }
        if place.extension.is_some() {
            return Ok(None);
        }
        Ok(Some(match (place.attribute.name, leaf) {
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
            ("groups", leaf) => in_groups(leaf, self.organization)?,
            _ => return Ok(None),
        }))
    }

    fn of_kept_text(&self, leaf: &Leaf) -> Option<Condition<Users>> {
        let kept = kept_text(leaf.place())?;
        let Some(texts) = self.spelled_out.texts(leaf) else {
            return Some(kept.meets(folded, leaf));
        };
        let has_one: Condition<Users> = match texts {
            // An index that has an order besides is of use.
            [text] => Box::new(kept.text.eq(text.clone())),
            texts => Box::new(kept.text.eq_any(texts.to_vec())),
        };
        Some(match leaf {
            Leaf::Compare(_, Operator::NotEqual, _) => Box::new(not(kept.is_there).or(has_one)),
            _ => Box::new(kept.is_there.and(has_one)),
        })
    }
}

/// Parts of email addresses, which stand in a column each on a line, with spaces for line breaks.
fn of_addresses(leaf: &Leaf) -> Option<Condition<Users>> {
    let Leaf::Compare(place, operator, Literal::Text(part)) = leaf else {
        return None;
    };
    if place.names()[..] != ["emails", "value"] || part.contains(['\n', ' ']) {
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

/// What has no column of its own. In the document nothing is compared by case.
fn of_document(leaf: &Leaf) -> Condition<Users> {
    match leaf {
        Leaf::Compare(place, operator, Literal::Text(urn)) if place.attribute.name == "schemas" => {
            with_schema(*operator, urn)
        }
        Leaf::Compare(place, Operator::Equal, literal) => {
            contains(json_path::part_with(*place, literal))
        }
        Leaf::Compare(place, Operator::NotEqual, literal) if !place.attribute.is_plural => {
            Box::new(not(contains(json_path::part_with(*place, literal))))
        }
        Leaf::Compare(place, operator, literal) => with_hint(
            part(*operator, literal),
            meets(json_path::compare(*place, *operator, literal)),
        ),
        Leaf::Has(place, inner) => {
            let hint = necessary(inner).and_then(|leaf| match leaf {
                Leaf::Compare(place, Operator::Equal, literal) => {
                    Some(contains(json_path::part_with(*place, literal)))
                }
                Leaf::Compare(_, operator, literal) => {
                    of_addresses(leaf).or_else(|| part(*operator, literal))
                }
                _ => None,
            });
            with_hint(hint, meets(json_path::has(*place, inner)))
        }
        Leaf::Present(place) => meets(json_path::present(*place)),
    }
}

fn contains(part: String) -> Condition<Users> {
    Box::new(scim_contains(scim_documents::folded.nullable(), part))
}

fn meets(path: String) -> Condition<Users> {
    Box::new(scim_meets(scim_documents::folded.nullable(), path))
}

/// A hint follows from the condition, and an index answers it.
fn with_hint(hint: Option<Condition<Users>>, condition: Condition<Users>) -> Condition<Users> {
    match hint {
        Some(hint) => Box::new(hint.and(condition)),
        None => condition,
    }
}

/// A comparison of the `value` without which the criterion is not met.
fn necessary(criterion: &Criterion) -> Option<&Leaf> {
    match criterion {
        Criterion::All(criteria) => criteria.iter().find_map(necessary),
        Criterion::Leaf(leaf @ Leaf::Compare(place, ..)) if place.target().name == "value" => {
            Some(leaf)
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
    if !has_trigram(part) {
        return None;
    }
    let pattern = format!("%{}%", escaped(part));
    Some(Box::new(
        scim_documents::parts
            .nullable()
            .assume_not_null()
            .like(lower(pattern)),
    ))
}

/// Whether an index of trigrams is of use for what has this part. It pads words with two spaces before
/// and one behind, where the part says that they begin or end.
fn has_trigram(part: &str) -> bool {
    let is_other = |c: char| !c.is_alphanumeric();
    let words = part.split(is_other).collect::<Vec<_>>();
    words.iter().enumerate().any(|(place, word)| {
        let begins = if place > 0 { 2 } else { 0 };
        let ends = usize::from(place + 1 < words.len());
        !word.is_empty() && word.chars().count() + begins + ends >= 3
    })
}

/// One of a user's schemas is so; none is equal, where they are to differ.
fn with_schema(operator: Operator, urn: &str) -> Condition<Users> {
    if operator == Operator::NotEqual {
        return Box::new(not(with_schema(Operator::Equal, urn)));
    }
    let always = constant(has_schema(USER.schema.urn, operator, urn));
    let extensions = USER.extensions.iter();
    let asked = extensions.filter(|extension| has_schema(extension.urn, operator, urn));
    asked.fold(always, |any, extension| {
        let is_there = meets(format!("exists($.{})", Value::from(extension.urn)));
        Box::new(any.or(is_there))
    })
}

/// Users in groups that are so.
fn in_groups(leaf: &Leaf, organization: OrganizationId) -> Result<Condition<Users>, Error> {
    let found = groups::table
        .filter(groups::organization_id.eq(organization))
        .select(groups::id)
        .into_boxed::<Pg>()
        .filter(one_group(leaf)?);
    let members = group_members::table
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::group_id.eq_any(found))
        .select(group_members::user_id);
    Ok(Box::new(scim_users::user_id.eq_any(members)))
}

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
        "type" => Ok(exact(
            Box::new("direct".into_sql::<Text>()),
            *operator,
            literal,
        )),
        name => Err(unsupported("groups", name, *operator)),
    }
}

#[cfg(test)]
mod tests {
    use super::has_trigram;

    #[test]
    fn a_trigram_takes_three_characters_or_the_end_of_a_word() {
        for (part, has_one) in [
            ("777", true),
            ("77", false),
            ("\"77", true),
            ("7\"", false),
            ("77\"", true),
            ("é12", true),
            ("+4-", true),
            ("+-\"", false),
            ("", false),
        ] {
            assert_eq!(has_trigram(part), has_one, "{part}");
        }
    }
}
