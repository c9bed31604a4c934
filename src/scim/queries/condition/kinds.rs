//! What is asked of the types and countries of values that users have several of, and of which is the primary
//! one: a user has a column with a line for each different kind. Few sets of kinds are different, and of each
//! it is decided in memory.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Nullable, Text};
use serde_json::{Value, json};

use super::compare::KEPT;
use crate::scim::criterion::{Leaf, Literal};
use crate::scim::schema::Place;

/// Their column. It is empty where they are more than it takes, and has none where there is no value.
pub fn kinds_of(place: Place) -> Option<SqlLiteral<Nullable<Text>>> {
    let column = match place.attribute.name {
        "emails" => "scim_users.email_kinds",
        "phoneNumbers" => "scim_users.phone_number_kinds",
        "addresses" => "scim_users.address_kinds",
        _ => return None,
    };
    Some(sql(column))
}

/// Whether they decide it.
pub fn is_of_kinds(leaf: &Leaf) -> bool {
    kinds_of(leaf.place()).is_some() && is_of_parts(leaf)
}

fn is_of_parts(leaf: &Leaf) -> bool {
    match leaf {
        Leaf::Has(_, criterion) => criterion.leaves().into_iter().all(is_of_parts),
        Leaf::Present(place) => is_part(*place),
        Leaf::Compare(place, _, literal) => is_part(*place) && is_plain(literal),
    }
}

fn is_part(place: Place) -> bool {
    let sub = place.sub.map(|sub| sub.name);
    matches!(sub, Some("type" | "country" | "primary"))
}

/// Whether case and spaces are the same here as in the database.
fn is_plain(literal: &Literal) -> bool {
    match literal {
        Literal::Text(text) => {
            text.len() <= KEPT && text.bytes().all(|byte| byte.is_ascii_graphic())
        }
        Literal::Flag(_) => true,
        Literal::Instant(_) => false,
    }
}

/// Whether one of the kinds, as they stand in the column, meets it.
pub fn one_meets(kinds: &str, leaf: &Leaf) -> bool {
    let is_met_by = |value: &Value| match leaf {
        Leaf::Has(_, criterion) => criterion.is_met_by(value),
        leaf => leaf.is_met_by(value),
    };
    kinds.lines().any(|line| is_met_by(&value(line)))
}

/// Type, country and whether it is primary, with tabs between them: each behind `=`, if it has one.
fn value(line: &str) -> Value {
    let mut parts = line.split('\t').map(|part| part.strip_prefix('='));
    let mut part = || parts.next().flatten();
    json!({ "type": part(), "country": part(), "primary": part().map(|flag| flag == "t") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::criterion::Criterion;
    use crate::scim::schema::USER;

    fn leaf(filter: &str) -> Leaf {
        match Criterion::of(&filter.parse().unwrap(), &USER).unwrap() {
            Criterion::Leaf(leaf) => leaf,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_kind_meets_all_that_is_asked_of_one_value() {
        let kinds = "=home\t=de\t\n=work\t\t=t\n\t\t=f\n=\t\t";
        for (filter, is_met) in [
            (r#"addresses.type eq "WORK""#, true),
            (r#"addresses.type ne "work""#, true),
            (r#"addresses.type eq "other""#, false),
            (r#"addresses.type eq "hom""#, false),
            (r#"addresses.type gt "work""#, false),
            (r#"addresses[type eq "home" and country eq "DE"]"#, true),
            (r#"addresses[type eq "work" and country eq "DE"]"#, false),
            ("addresses[not (type pr) and primary eq false]", true),
            (
                r#"addresses[primary eq true and not (type eq "work")]"#,
                false,
            ),
        ] {
            let leaf = leaf(filter);
            assert!(is_of_kinds(&leaf), "{filter}");
            assert_eq!(one_meets(kinds, &leaf), is_met, "{filter}");
        }
    }

    #[test]
    fn what_kinds_do_not_tell_they_are_not_asked() {
        for filter in [
            "emails pr",
            r#"emails.value eq "a""#,
            r#"emails[type eq "work" and value eq "a"]"#,
            r#"emails.type eq "a b""#,
            r#"emails.type eq "É""#,
            r#"ims.type eq "xmpp""#,
            r#"title eq "a""#,
        ] {
            assert!(!is_of_kinds(&leaf(filter)), "{filter}");
        }
    }
}
