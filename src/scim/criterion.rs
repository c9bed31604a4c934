//! What a filter means: its names looked up in the schema, its literals of the attribute's type.
//! Here it is decided of one value in memory; of resources the database decides, by `queries`,
//! and a test holds the two to one another.

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};
use serde_json::Value;

use super::filter::{Filter, Operator};
use super::path::Path;
use super::problem;
use super::schema::{Attribute, Kind, Place, ResourceType, TYPES};
use crate::web::Error;

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Criterion {
    Any(Vec<Criterion>),
    All(Vec<Criterion>),
    Not(Box<Criterion>),
    Leaf(Leaf),
}

/// What is asked of one attribute.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Leaf {
    Present(Place),
    Compare(Place, Operator, Literal),
    /// One value of the attribute meets all of it; the places in it have sub-attributes.
    Has(Place, Box<Criterion>),
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Literal {
    Text(String),
    Flag(bool),
    Instant(DateTime<Utc>),
}

impl From<Leaf> for Criterion {
    fn from(leaf: Leaf) -> Self {
        Self::Leaf(leaf)
    }
}

/// Where the paths of a filter begin.
#[derive(Clone, Copy)]
enum Scope {
    Resource(&'static ResourceType),
    /// A resource of this type among those of others.
    Among(&'static ResourceType),
    /// Between the brackets behind this attribute.
    Values(Place),
}

impl Criterion {
    /// # Errors
    /// `invalidFilter`
    pub fn of(filter: &Filter, kind: &'static ResourceType) -> Result<Self, Error> {
        Scope::Resource(kind).criterion(filter)
    }

    /// Where resources of other types are looked for too: what only they have, one of this type has
    /// no value of (RFC 7644, section 3.4.2.1).
    ///
    /// # Errors
    /// `invalidFilter`
    pub fn among(filter: &Filter, kind: &'static ResourceType) -> Result<Self, Error> {
        Scope::Among(kind).criterion(filter)
    }

    /// Of one value of the attribute.
    ///
    /// # Errors
    /// `invalidFilter`
    pub fn of_value(filter: &Filter, attribute: Place) -> Result<Self, Error> {
        Scope::Values(attribute).criterion(filter)
    }

    /// Whether a value of an attribute meets it.
    #[must_use]
    pub fn is_met_by(&self, value: &Value) -> bool {
        match self {
            Self::Any(criteria) => criteria.iter().any(|it| it.is_met_by(value)),
            Self::All(criteria) => criteria.iter().all(|it| it.is_met_by(value)),
            Self::Not(criterion) => !criterion.is_met_by(value),
            Self::Leaf(leaf) => leaf.is_met_by(value),
        }
    }

    /// All that is asked of attributes.
    #[must_use]
    pub fn leaves(&self) -> Vec<&Leaf> {
        match self {
            Self::Any(criteria) | Self::All(criteria) => {
                criteria.iter().flat_map(Self::leaves).collect()
            }
            Self::Not(criterion) => criterion.leaves(),
            Self::Leaf(leaf) => vec![leaf],
        }
    }

    /// Whether all that meets it lies between two values of the attribute, by its order.
    #[must_use]
    pub fn is_range_of(&self, of: Place) -> bool {
        match self {
            Self::All(criteria) => criteria.iter().any(|it| it.is_range_of(of)),
            Self::Leaf(Leaf::Compare(place, operator, _)) => {
                let is_scattered = matches!(
                    operator,
                    Operator::NotEqual | Operator::Contains | Operator::EndsWith
                );
                *place == of && !is_scattered
            }
            _ => false,
        }
    }

    /// What a value is that meets it, if that is said in full.
    #[must_use]
    pub fn example(&self) -> Option<serde_json::Map<String, Value>> {
        match self {
            Self::All(criteria) => criteria.iter().map(Self::example).try_fold(
                serde_json::Map::new(),
                |mut whole, part| {
                    whole.extend(part?);
                    Some(whole)
                },
            ),
            Self::Leaf(Leaf::Compare(place, Operator::Equal, literal)) => {
                let value = match literal {
                    Literal::Text(text) => text.as_str().into(),
                    Literal::Flag(flag) => (*flag).into(),
                    Literal::Instant(_) => return None,
                };
                Some(
                    [(place.target().name.to_owned(), value)]
                        .into_iter()
                        .collect(),
                )
            }
            _ => None,
        }
    }
}

impl Leaf {
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Present(place) | Self::Compare(place, ..) | Self::Has(place, _) => *place,
        }
    }

    /// Whether a value of an attribute meets what is asked of its parts.
    #[must_use]
    pub fn is_met_by(&self, value: &Value) -> bool {
        match self {
            Self::Present(place) => !value[place.target().name].is_null(),
            Self::Compare(place, operator, literal) => compare(
                &value[place.target().name],
                *operator,
                literal,
                place.target(),
            ),
            Self::Has(..) => false,
        }
    }
}

impl Scope {
    fn criterion(self, filter: &Filter) -> Result<Criterion, Error> {
        let all = |filters: &[Filter]| -> Result<Vec<_>, Error> {
            filters.iter().map(|it| self.criterion(it)).collect()
        };
        if let Some(path) = filter.path()
            && let Some(place) = self.place_in_others(path)
        {
            return Ok(met_by_nothing(filter, place));
        }
        Ok(match filter {
            Filter::Any(filters) => Criterion::Any(all(filters)?),
            Filter::All(filters) => Criterion::All(all(filters)?),
            Filter::Not(filter) => Criterion::Not(Box::new(self.criterion(filter)?)),
            Filter::Present(path) => Leaf::Present(self.place(path)?).into(),
            Filter::Compare(path, operator, value) => self.comparison(path, *operator, value)?,
            Filter::Has(path, filter) => {
                let place = self.place(path)?;
                if place.attribute.subs().is_empty() || place.sub.is_some() {
                    return Err(problem::filter(format!("{path} has no values with parts.")));
                }
                let inner = Self::Values(place).criterion(filter)?;
                Leaf::Has(place, Box::new(inner)).into()
            }
        })
    }

    /// Where resources of another type have it, and those of this one have no such attribute.
    fn place_in_others(self, path: &Path) -> Option<Place> {
        match self {
            Self::Among(kind) if kind.find(path).is_none() => {
                TYPES.into_iter().find_map(|kind| kind.find(path))
            }
            _ => None,
        }
    }

    fn place(self, path: &Path) -> Result<Place, Error> {
        let place = match self {
            Self::Resource(kind) | Self::Among(kind) => kind.find(path),
            Self::Values(parent) if path.schema.is_none() && path.sub.is_none() => {
                let sub = parent.attribute.sub(&path.attribute);
                sub.map(|sub| Place {
                    sub: Some(sub),
                    ..parent
                })
            }
            Self::Values(_) => None,
        };
        place.ok_or_else(|| problem::filter(format!("There is no attribute {path} here.")))
    }

    fn comparison(
        self,
        path: &Path,
        operator: Operator,
        value: &Value,
    ) -> Result<Criterion, Error> {
        let place = with_value(self.place(path)?);
        let target = place.target();
        if value.is_null() {
            return match operator {
                Operator::Equal => Ok(Criterion::Not(Box::new(Leaf::Present(place).into()))),
                Operator::NotEqual => Ok(Leaf::Present(place).into()),
                _ => Err(problem::filter(format!(
                    "null can be compared by eq and ne only, not by {operator}."
                ))),
            };
        }
        let is_whole = matches!(operator, Operator::Equal | Operator::NotEqual);
        // Of the names of users and groups, which are kept without space around them.
        let is_trimmed = is_whole && target.is_unique && !target.is_exact;
        let trimmed = value.as_str().filter(|_| is_trimmed).map(str::trim);
        let value = &trimmed.map_or_else(|| value.clone(), Value::from);
        let literal = literal(target, value)
            .ok_or_else(|| problem::filter(format!("{path} cannot be compared with {value}.")))?;
        if !is_comparable(target.kind, operator) {
            return Err(problem::filter(format!(
                "{path} cannot be compared by {operator}."
            )));
        }
        let comparison = Leaf::Compare(place, operator, literal).into();
        Ok(match self {
            Self::Resource(_) | Self::Among(_) if operator == Operator::NotEqual => {
                of_one_value(place, comparison)
            }
            _ => comparison,
        })
    }
}

/// Of several values one differs, and not that none is equal (RFC 7644, section 3.4.2.2).
fn of_one_value(place: Place, differs: Criterion) -> Criterion {
    if !place.attribute.is_plural || place.sub.is_none() {
        return differs;
    }
    let attribute = Place { sub: None, ..place };
    let is_there = Leaf::Present(place).into();
    Leaf::Has(attribute, Box::new(Criterion::All(vec![is_there, differs]))).into()
}

/// What is decided of a resource without any value at the path.
fn met_by_nothing(filter: &Filter, place: Place) -> Criterion {
    let is_met = match filter {
        Filter::Compare(_, Operator::Equal, value) => value.is_null(),
        Filter::Compare(_, Operator::NotEqual, value) => {
            !value.is_null() && !place.attribute.is_plural
        }
        _ => false,
    };
    if is_met {
        Criterion::All(Vec::new())
    } else {
        Criterion::Any(Vec::new())
    }
}

/// A complex attribute stands for its `value`.
fn with_value(place: Place) -> Place {
    match place.sub {
        None => Place {
            sub: place.attribute.sub("value"),
            ..place
        },
        Some(_) => place,
    }
}

fn literal(attribute: &Attribute, value: &Value) -> Option<Literal> {
    match (attribute.kind, value) {
        (Kind::Text | Kind::Reference(_) | Kind::Binary, Value::String(text)) => {
            Some(Literal::Text(text.clone()))
        }
        (Kind::Flag, Value::Bool(flag)) => Some(Literal::Flag(*flag)),
        (Kind::Flag, Value::String(text)) => flag(text).map(Literal::Flag),
        (Kind::Instant, Value::String(text)) => instant(text).map(Literal::Instant),
        _ => None,
    }
}

/// As Entra writes them: `"True"`, `"False"`.
#[must_use]
pub fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Of a year of four digits, which the database holds, too; without a zone, in UTC.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let zoned = text.parse();
    let at: DateTime<Utc> = zoned
        .or_else(|_| text.parse().map(|at: NaiveDateTime| at.and_utc()))
        .ok()?;
    (1..=9999).contains(&at.year()).then_some(at)
}

/// RFC 7644, table 3: there is no order among booleans or binary values.
fn is_comparable(kind: Kind, operator: Operator) -> bool {
    use Operator::{Contains, EndsWith, Equal, NotEqual, StartsWith};
    match kind {
        Kind::Text | Kind::Reference(_) => true,
        Kind::Flag | Kind::Binary => matches!(operator, Equal | NotEqual),
        Kind::Instant => !matches!(operator, Contains | StartsWith | EndsWith),
        Kind::Complex(_) => false,
    }
}

fn compare(value: &Value, operator: Operator, literal: &Literal, attribute: &Attribute) -> bool {
    let folded = |text: &str| {
        if attribute.is_exact {
            text.to_owned()
        } else {
            text.to_lowercase()
        }
    };
    match (value, literal) {
        (Value::String(value), Literal::Text(literal)) => {
            let (value, literal) = (folded(value), folded(literal));
            match operator {
                Operator::Equal => value == literal,
                Operator::NotEqual => value != literal,
                Operator::Contains => value.contains(&literal),
                Operator::StartsWith => value.starts_with(&literal),
                Operator::EndsWith => value.ends_with(&literal),
                Operator::Greater => value > literal,
                Operator::GreaterOrEqual => value >= literal,
                Operator::Less => value < literal,
                Operator::LessOrEqual => value <= literal,
            }
        }
        (Value::Bool(value), Literal::Flag(literal)) => {
            (operator == Operator::Equal) == (value == literal)
        }
        _ => operator == Operator::NotEqual,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::schema::USER;

    fn criterion(text: &str) -> Result<Criterion, Error> {
        Criterion::of(&text.parse().unwrap(), &USER)
    }

    #[test]
    fn what_the_schema_does_not_have_is_no_filter() {
        for bad in [
            r#"nonsense eq "x""#,
            r#"name eq "x""#,
            "name.givenName eq true",
            "name.givenName eq 1",
            r#"active eq "maybe""#,
            "active gt true",
            r#"active co "t""#,
            r#"x509Certificates.value gt "MII""#,
            r#"meta.created gt "yesterday""#,
            r#"meta.created gt "-9999-01-01T00:00:00Z""#,
            r#"meta.created sw "2026-01-01T00:00:00Z""#,
            "title gt null",
            r#"userName[value eq "x"]"#,
            r#"emails[emails.value eq "x"]"#,
            r#"emails[urn:x:value eq "x"]"#,
            "emails[nonsense pr]",
            r#"emails.value[type eq "work"]"#,
        ] {
            assert!(matches!(criterion(bad), Err(Error::Rejected(_))), "{bad}");
        }
    }

    #[test]
    fn values_in_brackets_are_decided_one_by_one() {
        let value = json!({ "type": "Work", "value": "ada@example.com", "primary": true });
        for (filter, is_met) in [
            (r#"type eq "work""#, true),
            (r#"type eq "home""#, false),
            (r#"type ne "home" and display ne "x""#, true),
            (r#"value ew "@EXAMPLE.com" and primary eq "True""#, true),
            ("display pr or not (type pr)", false),
            ("display eq null", true),
            (r#"value gt "b""#, false),
            (r#"value le "ADA@example.com""#, true),
        ] {
            let filter = crate::scim::filter::value_filter(filter).unwrap();
            let emails = USER.find(&Path::parse("emails").unwrap()).unwrap();
            let criterion = Criterion::of_value(&filter, emails).unwrap();
            assert_eq!(criterion.is_met_by(&value), is_met, "{filter}");
        }
    }
}
