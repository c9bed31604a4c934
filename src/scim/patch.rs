//! Changes to a part of a resource (RFC 7644, section 3.5.2), and those of Entra ID, which are a
//! little different.

use itertools::Itertools;
use serde_json::{Map, Value};

use super::criterion::Criterion;
use super::document::{Document, Mode};
use super::filter::value_filter;
use super::path::Path;
use super::problem;
use super::schema::{Attribute, Kind, MEMBERS, Place, ResourceType, Schema};
use crate::web::Error;

/// In the filters of all paths of a request, and with all values that it names: each is made with
/// every value that is there.
const MOST_COMPARISONS: usize = 5_000;

/// One of the changes of a request.
#[derive(Clone, Debug)]
pub enum Operation {
    /// An addition or a replacement.
    Put {
        mode: Mode,
        /// `None`: the value names the attributes.
        target: Option<Target>,
        value: Value,
    },
    Remove {
        target: Target,
        /// Which values of a plural attribute; `None`: all.
        value: Option<Value>,
    },
}

/// What is to be changed.
#[derive(Clone, Debug)]
pub enum Target {
    Extension(&'static Schema),
    Attribute(Place),
    /// The values of an attribute that meet the criterion, or a part of each.
    Values {
        place: Place,
        criterion: Criterion,
        sub: Option<&'static Attribute>,
    },
}

impl Target {
    /// The attribute in question; none is where it is all those of an extension.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Extension(_) => None,
            Self::Attribute(place) | Self::Values { place, .. } => Some(*place),
        }
    }
}

/// Those on attributes that are in no schema are passed over, as in a whole resource: a client
/// that maps one of its own attributes to nothing here still has to deactivate somebody.
///
/// # Errors
/// `invalidSyntax`, `invalidPath`, `invalidFilter`, `mutability`
pub fn operations(kind: &'static ResourceType, body: &Value) -> Result<Vec<Operation>, Error> {
    let operations = field(body, "Operations").and_then(Value::as_array);
    let operations =
        operations.ok_or_else(|| problem::shape("The body should have an array Operations."))?;
    let wanted = operations.iter().map(|it| of_sent(kind, it));
    let wanted: Vec<Operation> = wanted.flatten_ok().try_collect()?;
    let comparisons: usize = wanted.iter().map(Operation::comparisons).sum();
    if comparisons > MOST_COMPARISONS {
        return Err(problem::shape(format!(
            "The operations make {comparisons} comparisons, of which {MOST_COMPARISONS} are the most. \
             Send several requests."
        )));
    }
    Ok(wanted)
}

/// What one of the operations asks for.
fn of_sent(kind: &'static ResourceType, sent: &Value) -> Result<Vec<Operation>, Error> {
    let verb = field(sent, "op").and_then(Value::as_str);
    let mode = match verb.map(str::to_ascii_lowercase).as_deref() {
        Some("add") => Some(Mode::Add),
        Some("replace") => Some(Mode::Replace),
        Some("remove") => None,
        _ => return Err(problem::shape("op should be add, replace or remove.")),
    };
    let target = match field(sent, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path))
            if path.is_empty() || path.eq_ignore_ascii_case(kind.schema.urn) =>
        {
            None
        }
        Some(Value::String(path)) => match target(kind, path)? {
            None => return Ok(Vec::new()),
            known => known,
        },
        Some(_) => return Err(problem::path("path should be a string.")),
    };
    let place = target.as_ref().and_then(Target::place);
    if let Some(place) = place.filter(Place::is_read_only) {
        return Err(problem::read_only(place.attribute.name));
    }
    let required = place.filter(|place| place.sub.is_none() && place.attribute.is_required);
    if let (None, Some(place)) = (mode, required) {
        return Err(problem::required(place.attribute.name));
    }
    match (mode, target, field(sent, "value").cloned()) {
        (Some(mode), None, Some(Value::Object(attributes))) => by_name(kind, mode, attributes),
        (Some(mode), target, Some(value)) => Ok(vec![Operation::Put {
            mode,
            target,
            value,
        }]),
        (Some(_), _, None) => Err(problem::value("The operation has no value.")),
        (None, Some(target), value) => Ok(vec![Operation::Remove {
            target,
            value: value.filter(|value| !value.is_null()),
        }]),
        (None, None, _) => Err(problem::target("A removal needs a path.")),
    }
}

/// The value names the attributes, some perhaps as paths do that have a filter:
/// `emails[type eq "work"].value`.
fn by_name(
    kind: &'static ResourceType,
    mode: Mode,
    attributes: Map<String, Value>,
) -> Result<Vec<Operation>, Error> {
    let (filtered, named): (Map<_, _>, Map<_, _>) = attributes
        .into_iter()
        .partition(|(name, _)| name.contains('['));
    let mut operations = vec![Operation::Put {
        mode,
        target: None,
        value: Value::Object(named),
    }];
    for (path, value) in filtered {
        let target = target(kind, &path)?;
        let target = target.filter(|it| !it.place().is_some_and(|place| place.is_read_only()));
        if let Some(target) = target {
            operations.push(Operation::Put {
                mode,
                target: Some(target),
                value,
            });
        }
    }
    Ok(operations)
}

fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let mut fields = object.as_object()?.iter();
    let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// `None` where a path leads to no attribute of the schemas.
fn target(kind: &'static ResourceType, path: &str) -> Result<Option<Target>, Error> {
    if let Some(extension) = kind.extension(path) {
        return Ok(Some(Target::Extension(extension)));
    }
    let wrong = || problem::path(format!("{path} is not the path of an attribute."));
    let find = |path: &str| {
        Path::parse(path)
            .map(|path| kind.find(&path))
            .ok_or_else(wrong)
    };
    let Some((before, rest)) = path.split_once('[') else {
        return Ok(find(path)?.map(Target::Attribute));
    };
    let place = find(before)?;
    let (filter, behind) = rest.rsplit_once(']').ok_or_else(wrong)?;
    let Some(place) = place else {
        return Ok(None);
    };
    let filter = value_filter(filter).map_err(problem::syntax)?;
    if place.sub.is_some() || !matches!(place.attribute.kind, Kind::Complex(_)) {
        return Err(wrong());
    }
    let criterion = Criterion::of_value(&filter, place)?;
    let sub = match behind.strip_prefix('.') {
        None if behind.is_empty() => None,
        Some(name) if Path::parse(name).is_some() => match place.attribute.sub(name) {
            None => return Ok(None),
            known => known,
        },
        _ => return Err(wrong()),
    };
    Ok(Some(Target::Values {
        place,
        criterion,
        sub,
    }))
}

/// How many values of plural attributes one may be made of, at least one.
fn values(sent: &Value) -> usize {
    match sent {
        Value::Array(values) => values.len().max(1),
        Value::Object(object) => {
            let of_members = |name: &str| name.eq_ignore_ascii_case(MEMBERS);
            let parts = object.iter().filter(|(name, _)| !of_members(name));
            parts.map(|(_, part)| values(part)).sum::<usize>().max(1)
        }
        _ => 1,
    }
}

impl Operation {
    fn comparisons(&self) -> usize {
        let (target, value) = match self {
            Self::Put { target, value, .. } => (target.as_ref(), Some(value)),
            Self::Remove { target, value } => (Some(target), value.as_ref()),
        };
        match target {
            Some(Target::Values { criterion, .. }) => criterion.leaves().len(),
            // Of whom there may be more, and who are looked up.
            Some(Target::Attribute(place)) if place.attribute.name == MEMBERS => 1,
            _ => value.map_or(1, values),
        }
    }

    /// # Errors
    /// `invalidValue`, `noTarget`
    pub fn apply(&self, document: &mut Document, kind: &'static ResourceType) -> Result<(), Error> {
        match self {
            Self::Put {
                mode,
                target,
                value,
            } => put(document, kind, *mode, target.as_ref(), value),
            Self::Remove { target, value } => match target {
                Target::Extension(extension) => {
                    document.0.remove(extension.urn);
                    Ok(())
                }
                Target::Attribute(place) => document.remove(*place, value.as_ref()),
                Target::Values {
                    place,
                    criterion,
                    sub,
                } => document
                    .change_where(*place, criterion, *sub, None, Mode::Replace)
                    .map(drop),
            },
        }
    }
}

fn put(
    document: &mut Document,
    kind: &'static ResourceType,
    mode: Mode,
    target: Option<&Target>,
    value: &Value,
) -> Result<(), Error> {
    match (target, value) {
        (None, Value::Object(object)) => document.merge(kind, object, mode),
        (None, _) => Err(problem::value(
            "Without a path, the value should be an object.",
        )),
        (Some(Target::Extension(extension)), value) => {
            document.merge_extension(kind, extension, value, mode)
        }
        (Some(Target::Attribute(place)), value) => document.put(*place, value, mode),
        (
            Some(Target::Values {
                place,
                criterion,
                sub,
            }),
            value,
        ) => match document.change_where(*place, criterion, *sub, Some(value), mode)? {
            0 => make(document, mode, (*place, criterion, *sub), value),
            _ => Ok(()),
        },
    }
}

/// No value meets the criterion. Adding makes one that does, where it says what that is; so
/// does replacing a part of it, as Entra ID does not add what it knows to have no value yet.
/// Nothing is made of an empty value.
fn make(
    document: &mut Document,
    mode: Mode,
    (place, criterion, sub): (Place, &Criterion, Option<&'static Attribute>),
    value: &Value,
) -> Result<(), Error> {
    if value.is_null() || value == "" {
        return Ok(());
    }
    let may_be_made = place.attribute.is_plural && (mode == Mode::Add || sub.is_some());
    let example = criterion.example().filter(|_| may_be_made);
    let Some(mut new) = example else {
        let name = place.attribute.name;
        return Err(problem::target(format!(
            "No value of {name} meets the filter."
        )));
    };
    match (sub, value) {
        (Some(sub), value) => {
            new.insert(sub.name.to_owned(), value.clone());
        }
        (None, Value::Object(parts)) => new.extend(parts.clone()),
        (None, value) => {
            new.insert("value".to_owned(), value.clone());
        }
    }
    document.put(place, &Value::Object(new), Mode::Add)
}

#[cfg(test)]
mod tests;
