//! Conditions on a user's document in SQL/JSON path language (ISO/IEC 9075-2). The texts are
//! bound as parameters; all that comes from a client stands in them as a JSON string.

use serde_json::{Map, Value};

use crate::scim::criterion::{Criterion, Leaf, Literal};
use crate::scim::filter::Operator;
use crate::scim::schema::Place;

/// `$."emails"[*]."value"`
pub fn path(place: Place) -> String {
    let step = |name: &'static str| {
        let is_plural = place.attribute.is_plural && name == place.attribute.name;
        let values = if is_plural { "[*]" } else { "" };
        format!(".{}{values}", Value::from(name))
    };
    let steps = place.names().into_iter().map(step);
    std::iter::once("$".to_owned()).chain(steps).collect()
}

/// What leads to the value that a resource is sorted by: of a plural attribute that of the
/// primary one, else of the first.
pub fn sort_paths(place: Place) -> [String; 2] {
    let path = path(place);
    if place.attribute.is_plural {
        [
            path.replacen("[*]", "[*] ? (@.\"primary\" == true)", 1),
            path.replacen("[*]", "[0]", 1),
        ]
    } else {
        [path.clone(), path]
    }
}

pub fn present(place: Place) -> String {
    format!("exists({})", path(place))
}

/// Whether any value compares so.
pub fn compare(place: Place, operator: Operator, literal: &Literal) -> String {
    match operator {
        // A value that differs, and not that none is equal (RFC 7644, section 3.4.2.2).
        Operator::NotEqual if place.attribute.is_plural => {
            let value = path(place);
            format!("exists({value} ? (@ != {}))", text(literal))
        }
        _ => comparison(&path(place), operator, literal),
    }
}

/// Whether one value of a plural attribute meets all of it.
pub fn has(place: Place, criterion: &Criterion) -> String {
    format!("exists({} ? ({}))", path(place), inner(criterion))
}

/// Of the value `@`.
fn inner(criterion: &Criterion) -> String {
    let all = |criteria: &[Criterion], operator: &str| {
        let all: Vec<String> = criteria
            .iter()
            .map(|it| format!("({})", inner(it)))
            .collect();
        all.join(operator)
    };
    match criterion {
        Criterion::Any(criteria) => all(criteria, " || "),
        Criterion::All(criteria) => all(criteria, " && "),
        Criterion::Not(criterion) => format!("!({})", inner(criterion)),
        Criterion::Leaf(Leaf::Present(place) | Leaf::Has(place, _)) => {
            format!("exists({})", part(*place))
        }
        Criterion::Leaf(Leaf::Compare(place, operator, literal)) => {
            comparison(&part(*place), *operator, literal)
        }
    }
}

/// `@."value"`
fn part(place: Place) -> String {
    format!("@.{}", Value::from(place.target().name))
}

fn comparison(value: &str, operator: Operator, literal: &Literal) -> String {
    let text = text(literal);
    match operator {
        Operator::Equal => format!("{value} == {text}"),
        Operator::NotEqual => format!("!({value} == {text})"),
        Operator::Contains => format!("{value} like_regex {text} flag \"q\""),
        Operator::StartsWith => format!("{value} starts with {text}"),
        Operator::EndsWith => format!("{value} like_regex {}", ending(literal)),
        Operator::Greater => format!("{value} > {text}"),
        Operator::GreaterOrEqual => format!("{value} >= {text}"),
        Operator::Less => format!("{value} < {text}"),
        Operator::LessOrEqual => format!("{value} <= {text}"),
    }
}

fn json(literal: &Literal) -> Value {
    match literal {
        Literal::Text(text) => text.as_str().into(),
        Literal::Flag(flag) => (*flag).into(),
        Literal::Instant(at) => at.to_rfc3339().into(),
    }
}

fn text(literal: &Literal) -> String {
    json(literal).to_string()
}

/// A regular expression that the text ends with this, whatever stands in it.
fn ending(literal: &Literal) -> String {
    let Literal::Text(text) = literal else {
        return text(literal);
    };
    let mut expression = String::new();
    for c in text.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() {
            expression.push('\\');
        }
        expression.push(c);
    }
    Value::from(expression + "$").to_string()
}

/// JSON that a document contains in which the attribute, or one value of it, is this.
pub fn part_with(place: Place, literal: &Literal) -> String {
    let mut value = json(literal);
    if let Some(sub) = place.sub {
        value = object(sub.name, value);
    }
    if place.attribute.is_plural {
        value = vec![value].into();
    }
    value = object(place.attribute.name, value);
    if let Some(extension) = place.extension {
        value = object(extension.urn, value);
    }
    value.to_string()
}

fn object(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}
