//! Comparisons of columns.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel::dsl::not;
use diesel::prelude::*;
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::{Boxed, Condition, combined, constant};
use crate::db::{escaped, lower};
use crate::scim::criterion::{Leaf, Literal};
use crate::scim::filter::Operator;
use crate::scim::problem;
use crate::web::Error;

/// Of texts that have columns besides the document, so many characters are kept, as an index takes no
/// more.
pub const KEPT: usize = 300;

/// Of a text that is compared by case.
pub fn exact<Table: 'static>(
    column: Boxed<Table, Text>,
    operator: Operator,
    literal: &Literal,
) -> Condition<Table> {
    text(column, operator, literal, |text| {
        Box::new(text.into_sql::<Text>())
    })
}

/// Of a text that is in lower case, by the database's rules, which the other is then brought
/// into.
pub fn folded<Table: 'static>(
    column: Boxed<Table, Text>,
    operator: Operator,
    literal: &Literal,
) -> Condition<Table> {
    text(column, operator, literal, |text| Box::new(lower(text)))
}

/// Of the beginning of such a text, as far as it is kept. No more counts of the other.
pub fn beginning<Table: 'static>(
    column: Boxed<Table, Text>,
    operator: Operator,
    literal: &Literal,
) -> Condition<Table> {
    match literal {
        Literal::Text(text) => folded(column, operator, &Literal::Text(begun(text))),
        literal => folded(column, operator, literal),
    }
}

/// The first characters, as many as are kept.
pub fn begun(text: &str) -> String {
    text.chars().take(KEPT).collect()
}

fn text<Table: 'static>(
    column: Boxed<Table, Text>,
    operator: Operator,
    literal: &Literal,
    value: impl Fn(String) -> Boxed<Table, Text>,
) -> Condition<Table> {
    let Literal::Text(text) = literal else {
        return constant(operator == Operator::NotEqual);
    };
    let like = |before: &str, after: &str| value(format!("{before}{}{after}", escaped(text)));
    let text = || value(text.clone());
    match operator {
        Operator::Equal => Box::new(column.eq(text())),
        Operator::NotEqual => Box::new(column.ne(text())),
        Operator::Contains => Box::new(column.like(like("%", "%"))),
        Operator::StartsWith => Box::new(column.like(like("", "%"))),
        Operator::EndsWith => Box::new(column.like(like("%", ""))),
        Operator::Greater => Box::new(column.gt(text())),
        Operator::GreaterOrEqual => Box::new(column.ge(text())),
        Operator::Less => Box::new(column.lt(text())),
        Operator::LessOrEqual => Box::new(column.le(text())),
    }
}

/// [`exact`] or [`beginning`].
type Compare<Table> = fn(Boxed<Table, Text>, Operator, &Literal) -> Condition<Table>;

/// A text that may be missing.
pub struct Perhaps<Table> {
    pub is_there: Condition<Table>,
    pub text: Boxed<Table, Text>,
}

/// Of a column that may be empty.
macro_rules! perhaps {
    ($column:expr) => {
        $crate::scim::queries::condition::compare::Perhaps {
            is_there: Box::new($column.is_not_null()),
            text: Box::new($column.assume_not_null()),
        }
    };
}
pub(super) use perhaps;

impl<Table: 'static> Perhaps<Table> {
    /// Where it is missing nothing is equal to it, and whatever is asked for differs.
    pub fn meets(self, compare: Compare<Table>, leaf: &Leaf) -> Condition<Table> {
        let Self { is_there, text } = self;
        match leaf {
            Leaf::Compare(_, Operator::NotEqual, literal) => {
                Box::new(not(is_there.and(compare(text, Operator::Equal, literal))))
            }
            Leaf::Compare(_, operator, literal) => {
                Box::new(is_there.and(compare(text, *operator, literal)))
            }
            Leaf::Present(_) | Leaf::Has(..) => is_there,
        }
    }
}

/// Of an ID, by case, and of its text where that is not compared as a whole.
pub fn id<Table: 'static>(
    column: Boxed<Table, SqlUuid>,
    written: Boxed<Table, Text>,
    operator: Operator,
    literal: &Literal,
) -> Condition<Table> {
    let id = match literal {
        Literal::Text(text) => text
            .parse()
            .ok()
            .filter(|id: &Uuid| id.to_string() == *text),
        _ => None,
    };
    match (operator, id) {
        (Operator::Equal, Some(id)) => Box::new(column.eq(id)),
        (Operator::NotEqual, Some(id)) => Box::new(column.ne(id)),
        (Operator::Equal | Operator::NotEqual, None) => constant(operator == Operator::NotEqual),
        _ => exact(written, operator, literal),
    }
}

/// Whether a text that is the same for all is so; by case, if it is so written.
pub fn is_so(known: &str, operator: Operator, text: &str) -> bool {
    match operator {
        Operator::Equal => known == text,
        Operator::NotEqual => known != text,
        Operator::Contains => known.contains(text),
        Operator::StartsWith => known.starts_with(text),
        Operator::EndsWith => known.ends_with(text),
        Operator::Greater => known > text,
        Operator::GreaterOrEqual => known >= text,
        Operator::Less => known < text,
        Operator::LessOrEqual => known <= text,
    }
}

/// Of a schema's URN, where case does not count (RFC 8141, section 3.1).
pub fn has_schema(urn: &str, operator: Operator, text: &str) -> bool {
    is_so(&urn.to_lowercase(), operator, &text.to_lowercase())
}

/// When a resource was made, and when it last changed.
pub struct Times<Table> {
    pub created: Boxed<Table, Timestamptz>,
    pub modified: Boxed<Table, Timestamptz>,
}

/// Of what is known of a resource as such.
pub fn meta<Table: 'static>(
    leaf: &Leaf,
    resource_type: &str,
    times: &dyn Fn() -> Times<Table>,
) -> Result<Condition<Table>, Error> {
    let (place, operator, literal) = match leaf {
        Leaf::Present(_) => return Ok(constant(true)),
        Leaf::Has(_, criterion) => {
            return combined(criterion, &|leaf| meta(leaf, resource_type, times));
        }
        Leaf::Compare(place, operator, literal) => (place, operator, literal),
    };
    match (place.target().name, literal, operator) {
        ("created", Literal::Instant(at), operator) => Ok(instant(times().created, *operator, *at)),
        ("lastModified", Literal::Instant(at), operator) => {
            Ok(instant(times().modified, *operator, *at))
        }
        ("resourceType", Literal::Text(name), operator) => {
            Ok(constant(is_so(resource_type, *operator, name)))
        }
        (name, _, operator) => Err(unsupported("meta", name, *operator)),
    }
}

/// PostgreSQL knows no shorter time.
const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

/// By the millisecond that is answered.
fn instant<Table: 'static>(
    column: Boxed<Table, Timestamptz>,
    operator: Operator,
    at: DateTime<Utc>,
) -> Condition<Table> {
    let begun = at.trunc_subsecs(3);
    let next = begun + TimeDelta::milliseconds(1);
    // No millisecond is equal to a time within one.
    let first = if begun == at { begun } else { next };
    match operator {
        Operator::Greater => Box::new(column.ge(next)),
        Operator::GreaterOrEqual => Box::new(column.ge(first)),
        Operator::Less => Box::new(column.lt(first)),
        Operator::LessOrEqual => Box::new(column.lt(next)),
        Operator::NotEqual => Box::new(not(column.between(first, next - MICROSECOND))),
        _ => Box::new(column.between(first, next - MICROSECOND)),
    }
}

pub fn unsupported(attribute: &str, sub: &str, operator: Operator) -> Error {
    problem::filter(format!(
        "{attribute}.{sub} cannot be looked for by {operator}."
    ))
}

/// For LIKE, once it is reversed.
pub fn escaped_backwards(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('%', r"%\")
        .replace('_', r"_\")
}
