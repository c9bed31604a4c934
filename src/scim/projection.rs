//! Which attributes are returned (RFC 7644, section 3.9).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::path::Path;
use super::schema::ResourceType;

/// The names to an attribute from the resource down.
type Names = Vec<&'static str>;

/// What is returned whatever is asked for.
const ALWAYS: [&str; 2] = ["schemas", "id"];

#[derive(Clone, Debug, Default)]
pub struct Projection {
    /// `None`: all.
    only: Option<BTreeSet<Names>>,
    without: BTreeSet<Names>,
}

impl Projection {
    /// Names that are not known are passed over.
    #[must_use]
    pub fn of(kind: &'static ResourceType, attributes: &[String], excluded: &[String]) -> Self {
        let names = |listed: &[String]| -> BTreeSet<Names> {
            listed.iter().filter_map(|name| names(kind, name)).collect()
        };
        let mut without = names(excluded);
        without.retain(|names| !ALWAYS.contains(&names[0]));
        let only = (!attributes.is_empty()).then(|| {
            let mut only = names(attributes);
            only.extend(ALWAYS.map(|name| vec![name]));
            only
        });
        Self { only, without }
    }

    /// Whether anything of an attribute is returned.
    #[must_use]
    pub fn wants(&self, attribute: &str) -> bool {
        let only = self.only.as_ref();
        only.is_none_or(|only| only.iter().any(|names| names[0] == attribute))
            && !self.without.iter().any(|names| names[..] == [attribute])
    }

    /// What is returned of a resource.
    #[must_use]
    pub fn apply(&self, resource: Map<String, Value>) -> Map<String, Value> {
        let mut returned = match &self.only {
            None => resource,
            Some(only) => only.iter().fold(Map::new(), |mut returned, names| {
                keep(&resource, &mut returned, names);
                returned
            }),
        };
        for names in &self.without {
            drop_at(&mut returned, names);
        }
        if self.only.is_some() || !self.without.is_empty() {
            returned.retain(|_, value| has_rest(value));
        }
        returned
    }
}

fn names(kind: &'static ResourceType, listed: &str) -> Option<Names> {
    let listed = listed.trim();
    if let Some(extension) = kind.extension(listed) {
        return Some(vec![extension.urn]);
    }
    kind.find(&Path::parse(listed)?).map(|place| place.names())
}

fn keep(from: &Map<String, Value>, to: &mut Map<String, Value>, names: &[&str]) {
    let Some((name, rest)) = names.split_first() else {
        return;
    };
    let Some(value) = from.get(*name) else {
        return;
    };
    match value {
        _ if rest.is_empty() => {
            to.insert((*name).to_owned(), value.clone());
        }
        Value::Object(object) => {
            let kept = to.entry(*name).or_insert_with(|| Map::new().into());
            if let Value::Object(kept) = kept {
                keep(object, kept, rest);
            }
        }
        Value::Array(values) => {
            let empty = || vec![Value::Object(Map::new()); values.len()].into();
            let kept = to.entry(*name).or_insert_with(empty);
            let kept = kept.as_array_mut().into_iter().flatten();
            for (value, kept) in values.iter().zip(kept) {
                if let (Value::Object(value), Value::Object(kept)) = (value, kept) {
                    keep(value, kept, rest);
                }
            }
        }
        _ => {}
    }
}

/// Whether anything is left of a value, without what nothing is left of in it.
fn has_rest(value: &mut Value) -> bool {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| has_rest(value));
            !object.is_empty()
        }
        Value::Array(values) => {
            let was_empty = values.is_empty();
            values.retain_mut(has_rest);
            was_empty || !values.is_empty()
        }
        _ => true,
    }
}

fn drop_at(object: &mut Map<String, Value>, names: &[&str]) {
    let Some((name, rest)) = names.split_first() else {
        return;
    };
    if rest.is_empty() {
        object.remove(*name);
        return;
    }
    match object.get_mut(*name) {
        Some(Value::Object(inner)) => drop_at(inner, rest),
        Some(Value::Array(values)) => {
            for value in values.iter_mut().filter_map(Value::as_object_mut) {
                drop_at(value, rest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::schema::USER;

    const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn returned(attributes: &[&str], excluded: &[&str]) -> Value {
        let mut resource = json!({
            "schemas": ["x"], "id": "1", "userName": "ada", "active": true,
            "name": { "givenName": "Ada", "familyName": "Lovell" },
            "emails": [{ "value": "a", "type": "work" }, { "value": "b" }],
        });
        resource[URN] = json!({ "department": "Engines", "division": "North" });
        let owned = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let projection = Projection::of(&USER, &owned(attributes), &owned(excluded));
        Value::Object(projection.apply(resource.as_object().unwrap().clone()))
    }

    #[test]
    fn only_what_is_asked_for_is_returned_with_the_id() {
        assert_eq!(
            returned(&["USERNAME", " name.givenname", "nonsense"], &[]),
            json!({ "schemas": ["x"], "id": "1", "userName": "ada", "name": { "givenName": "Ada" } })
        );
        assert_eq!(
            returned(&["emails.value", "emails.type"], &[]),
            json!({ "schemas": ["x"], "id": "1",
                "emails": [{ "value": "a", "type": "work" }, { "value": "b" }] })
        );
        assert_eq!(
            returned(&["emails.type", "name.middleName"], &[]),
            json!({ "schemas": ["x"], "id": "1", "emails": [{ "type": "work" }] })
        );
        let department = returned(&[&format!("{URN}:department")], &[]);
        assert_eq!(department[URN], json!({ "department": "Engines" }));
        assert_eq!(returned(&[URN], &[])[URN].as_object().unwrap().len(), 2);
    }

    #[test]
    fn what_is_excluded_is_left_out_but_for_the_id() {
        let rest = returned(
            &[],
            &["id", "schemas", "emails.type", "name", "active", URN],
        );
        assert_eq!(
            rest,
            json!({ "schemas": ["x"], "id": "1", "userName": "ada",
                "emails": [{ "value": "a" }, { "value": "b" }] })
        );
        let all_of_it = ["department", "division"].map(|name| format!("{URN}:{name}"));
        let rest = returned(
            &[],
            &[
                "name.givenName",
                "name.familyName",
                "emails.value",
                &all_of_it[0],
                &all_of_it[1],
            ],
        );
        assert_eq!(
            rest,
            json!({ "schemas": ["x"], "id": "1", "userName": "ada", "active": true,
                "emails": [{ "type": "work" }] })
        );
    }

    #[test]
    fn what_nobody_wants_need_not_be_read() {
        let of = |only: &[&str], without: &[&str]| {
            let owned =
                |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
            Projection::of(&USER, &owned(only), &owned(without)).wants("groups")
        };
        assert!(of(&[], &[]) && of(&["groups.display"], &[]) && of(&[], &["groups.display"]));
        assert!(!of(&["userName"], &[]) && !of(&[], &["groups"]) && !of(&["nonsense"], &[]));
    }
}
