//! A resource as the schema has it: names in their spelling, values of their types, nothing that
//! is empty, unknown or not the client's to set. What clients write beside the standard is made
//! good here: names with dots or URIs in an object, booleans and objects as strings, arrays of
//! one.

use serde_json::{Map, Value};

use super::criterion::{Criterion, flag};
use super::path::Path;
use super::problem;
use super::schema::{Attribute, Kind, Place, ResourceType, Schema};
use crate::web::Error;

/// Bytes of JSON.
const LARGEST: usize = 128 * 1024;
/// Values of a plural attribute.
const MOST: usize = 1_000;

/// What becomes of the values that are there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    Add,
    Replace,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document(pub Map<String, Value>);

impl Document {
    /// Of a whole resource that a client sends.
    ///
    /// # Errors
    /// `invalidValue`, `invalidSyntax`
    pub fn of(kind: &'static ResourceType, body: &Value) -> Result<Self, Error> {
        let body = body
            .as_object()
            .ok_or_else(|| problem::shape("The body should be a JSON object."))?;
        let mut document = Self::default();
        document.merge(kind, body, Mode::Add)?;
        Ok(document)
    }

    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The value of the primary one, or else of the first.
    #[must_use]
    pub fn main_value(&self, plural: &str) -> Option<&str> {
        let values = self.0.get(plural)?.as_array()?;
        let primary = values.iter().find(|value| value["primary"] == true);
        primary.or(values.first())?["value"].as_str()
    }

    /// Takes in the attributes of an object. Those that are not known or not for clients are
    /// passed over (RFC 7644, sections 3.3 and 3.5.1).
    ///
    /// # Errors
    /// `invalidValue`
    pub fn merge(
        &mut self,
        kind: &'static ResourceType,
        object: &Map<String, Value>,
        mode: Mode,
    ) -> Result<(), Error> {
        for (name, value) in object {
            if let Some(extension) = kind.extension(name) {
                self.merge_extension(kind, extension, value, mode)?;
            } else if let Some(place) = Path::parse(name).and_then(|path| kind.find(&path))
                && !place.is_read_only()
            {
                self.put(place, value, mode)?;
            }
        }
        Ok(())
    }

    /// The attributes of an extension come in an object of their own.
    ///
    /// # Errors
    /// `invalidValue`
    pub fn merge_extension(
        &mut self,
        kind: &'static ResourceType,
        extension: &Schema,
        value: &Value,
        mode: Mode,
    ) -> Result<(), Error> {
        let Some(object) = value.as_object() else {
            if !value.is_null() {
                return Err(invalid(extension.urn, "an object"));
            }
            self.0.remove(extension.urn);
            return Ok(());
        };
        for (name, value) in object {
            let path = Path::parse(&format!("{}:{name}", extension.urn));
            if let Some(place) = path.and_then(|path| kind.find(&path)) {
                self.put(place, value, mode)?;
            }
        }
        Ok(())
    }

    /// # Errors
    /// `invalidValue`
    pub fn put(&mut self, place: Place, value: &Value, mode: Mode) -> Result<(), Error> {
        let attribute = place.attribute;
        let object = self.object(place);
        let old = object.remove(attribute.name);
        let new = match place.sub {
            None if attribute.is_plural => plural(attribute, old, value, mode)?,
            None => single(attribute, old, value)?,
            Some(sub) => with_sub(attribute, sub, old, value)?,
        };
        if let Some(new) = new {
            object.insert(attribute.name.to_owned(), new);
        }
        self.tidy(place);
        Ok(())
    }

    /// Of a plural attribute, with `value` only what it names.
    ///
    /// # Errors
    /// `invalidValue`
    pub fn remove(&mut self, place: Place, value: Option<&Value>) -> Result<(), Error> {
        let attribute = place.attribute;
        let object = self.object(place);
        let rest = match (object.remove(attribute.name), place.sub, value) {
            (Some(Value::Array(values)), None, Some(named)) => {
                let named = plural(attribute, None, named, Mode::Replace)?.unwrap_or_default();
                let named: Vec<&Value> = named.as_array().into_iter().flatten().collect();
                let mut values = values;
                let is_named = |value: &Value| {
                    let mut named = named.iter();
                    named.any(|named| is_within(attribute, named, value))
                };
                values.retain(|value| !is_named(value));
                some(Value::Array(values))
            }
            (Some(old), Some(sub), _) => with_sub(attribute, sub, Some(old), &Value::Null)?,
            _ => None,
        };
        if let Some(rest) = rest {
            object.insert(attribute.name.to_owned(), rest);
        }
        self.tidy(place);
        Ok(())
    }

    /// Changes the values of an attribute that meet a criterion, with `None` the whole of each,
    /// else one sub-attribute. `value` is `None` to remove. Returns how many there were.
    ///
    /// # Errors
    /// `invalidValue`
    pub fn change_where(
        &mut self,
        place: Place,
        criterion: &Criterion,
        sub: Option<&'static Attribute>,
        value: Option<&Value>,
        mode: Mode,
    ) -> Result<usize, Error> {
        let values: &mut [Value] = match self.object(place).get_mut(place.attribute.name) {
            Some(Value::Array(values)) => values,
            Some(one) => std::slice::from_mut(one),
            None => &mut [],
        };
        let mut changed = Vec::new();
        for (at, element) in values.iter_mut().enumerate() {
            if criterion.is_met_by(element) {
                let old = match mode {
                    Mode::Replace if sub.is_none() => None,
                    _ => Some(element.take()),
                };
                let new = match (sub, value) {
                    (Some(sub), value) => with_sub_of_one(sub, old, value.unwrap_or(&Value::Null))?,
                    (None, Some(value)) => element_of(place.attribute, old, value)?,
                    (None, None) => None,
                };
                *element = new.unwrap_or_default();
                changed.push(at);
            }
        }
        if let Some(last) = changed.last() {
            keep_one_primary(values, *last);
        }
        if let Some(Value::Array(values)) = self.object(place).get_mut(place.attribute.name) {
            values.retain(|value| !value.is_null());
        }
        self.tidy(place);
        Ok(changed.len())
    }

    /// # Errors
    /// `invalidValue` for what is larger than anybody needs.
    pub fn check_size(&self) -> Result<(), Error> {
        let size = serde_json::to_vec(&self.0).map_or(0, |bytes| bytes.len());
        if size > LARGEST {
            let most = LARGEST / 1024;
            return Err(problem::value(format!(
                "The resource is larger than {most} KiB."
            )));
        }
        Ok(())
    }

    /// The object in which an attribute stands.
    fn object(&mut self, place: Place) -> &mut Map<String, Value> {
        let Some(extension) = place.extension else {
            return &mut self.0;
        };
        let object = self
            .0
            .entry(extension.urn)
            .or_insert_with(|| Map::new().into());
        if !object.is_object() {
            *object = Map::new().into();
        }
        object.as_object_mut().expect("it was made one")
    }

    /// Leaves no empty array, and no empty extension.
    fn tidy(&mut self, place: Place) {
        let object = self.object(place);
        if object.get(place.attribute.name).is_some_and(is_empty) {
            object.remove(place.attribute.name);
        }
        if let Some(extension) = place.extension
            && self.0.get(extension.urn).is_some_and(is_empty)
        {
            self.0.remove(extension.urn);
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Empty values are none (RFC 7643, section 2.5).
fn some(value: Value) -> Option<Value> {
    (!is_empty(&value)).then_some(value)
}

/// Whether all that `part` says holds of `whole`, which are values of the attribute.
fn is_within(attribute: &Attribute, part: &Value, whole: &Value) -> bool {
    match part.as_object() {
        Some(part) => part.iter().all(|(name, value)| {
            let sub = attribute.sub(name).unwrap_or(attribute);
            is_same(sub, value, &whole[name])
        }),
        None => is_same(attribute, part, whole),
    }
}

/// Whether two values of a plural attribute say the same.
fn is_one(attribute: &Attribute, one: &Value, other: &Value) -> bool {
    is_within(attribute, one, other) && is_within(attribute, other, one)
}

/// Whether two values of an attribute are one, as its schema has it.
fn is_same(attribute: &Attribute, one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) if !is_exact(attribute) => folded_eq(one, other),
        _ => one == other,
    }
}

/// Of binary values and references case counts, whatever a schema says (RFC 7643, sections 2.3.6
/// and 2.3.7).
fn is_exact(attribute: &Attribute) -> bool {
    attribute.is_exact || matches!(attribute.kind, Kind::Binary | Kind::Reference(_))
}

fn folded_eq(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    let folded = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<Vec<_>>()
    };
    folded(one) == folded(other)
}

fn plural(
    attribute: &Attribute,
    old: Option<Value>,
    value: &Value,
    mode: Mode,
) -> Result<Option<Value>, Error> {
    let sent = match value {
        Value::Null => &[][..],
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    };
    let mut values = match (mode, old) {
        (Mode::Add, Some(Value::Array(values))) => values,
        _ => Vec::new(),
    };
    if values.len() + sent.len() > MOST {
        return Err(invalid(attribute.name, &format!("at most {MOST} values")));
    }
    for value in sent {
        let Some(value) = element_of(attribute, None, value)? else {
            continue;
        };
        if !values.iter().any(|known| is_one(attribute, known, &value)) {
            values.push(value);
            let last = values.len() - 1;
            keep_one_primary(&mut values, last);
        }
    }
    Ok(some(Value::Array(values)))
}

/// The one at `kept` if it is primary (RFC 7644, section 3.5.2).
fn keep_one_primary(values: &mut [Value], kept: usize) {
    if values
        .get(kept)
        .is_none_or(|value| value["primary"] != true)
    {
        return;
    }
    for (at, value) in values.iter_mut().enumerate() {
        if at != kept && value["primary"] == true {
            value["primary"] = false.into();
        }
    }
}

/// One value of a plural attribute. A bare string is its `value`.
fn element_of(
    attribute: &Attribute,
    old: Option<Value>,
    value: &Value,
) -> Result<Option<Value>, Error> {
    match value {
        Value::Object(object) => with_parts(attribute, old, object),
        Value::String(_) => match attribute.sub("value") {
            // The only one there is becomes another, of which nothing else is known.
            Some(sub) => {
                let old =
                    old.filter(|old| attribute.is_plural || is_same(sub, &old["value"], value));
                with_sub_of_one(sub, old, value)
            }
            None => Err(invalid(attribute.name, "objects")),
        },
        Value::Null => Ok(None),
        _ => Err(invalid(attribute.name, "objects")),
    }
}

/// A value that is the only one. An array of one is taken for what is in it.
fn single(
    attribute: &Attribute,
    old: Option<Value>,
    value: &Value,
) -> Result<Option<Value>, Error> {
    let value = match value.as_array().map(Vec::as_slice) {
        None => value,
        Some([]) => &Value::Null,
        Some([one]) => one,
        Some(_) => return Err(invalid(attribute.name, "one value")),
    };
    match attribute.kind {
        Kind::Complex(_) => element_of(attribute, old, value),
        _ => plain(attribute, value),
    }
}

/// A complex value with other sub-attributes; those that are not named stay.
fn with_parts(
    attribute: &Attribute,
    old: Option<Value>,
    parts: &Map<String, Value>,
) -> Result<Option<Value>, Error> {
    let mut whole = old;
    for (name, value) in parts {
        if let Some(sub) = attribute.sub(name)
            && !sub.is_read_only
        {
            whole = with_sub_of_one(sub, whole, value)?;
        }
    }
    Ok(whole.and_then(some))
}

/// Of a plural attribute, all values get the same; if there is none, one that has nothing else.
fn with_sub(
    attribute: &Attribute,
    sub: &Attribute,
    old: Option<Value>,
    value: &Value,
) -> Result<Option<Value>, Error> {
    if !attribute.is_plural {
        return with_sub_of_one(sub, old, value);
    }
    let values = match old {
        Some(Value::Array(values)) => values,
        _ => vec![Value::Null],
    };
    let primary = values.iter().position(|value| value["primary"] == true);
    let changed = values
        .into_iter()
        .map(|old| with_sub_of_one(sub, some(old), value));
    let changed: Result<Vec<_>, Error> = changed.collect();
    let mut changed: Vec<Value> = changed?.into_iter().flatten().collect();
    if sub.name == "primary" {
        keep_one_primary(&mut changed, primary.unwrap_or(0));
    }
    Ok(some(changed.into()))
}

fn with_sub_of_one(
    sub: &Attribute,
    old: Option<Value>,
    value: &Value,
) -> Result<Option<Value>, Error> {
    let mut object = match old {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    };
    match single(sub, None, value)? {
        Some(value) => object.insert(sub.name.to_owned(), value),
        None => object.remove(sub.name),
    };
    Ok(some(object.into()))
}

/// A value that has no parts.
fn plain(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Error> {
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (Kind::Flag, Value::Bool(_)) => Ok(Some(value.clone())),
        (Kind::Flag, Value::String(text)) if text.is_empty() => Ok(None),
        (Kind::Flag, Value::String(text)) => match flag(text) {
            Some(flag) => Ok(Some(flag.into())),
            None => Err(invalid(attribute.name, "true or false")),
        },
        // Some send an object where what it is of is meant.
        (Kind::Flag | Kind::Text, Value::Object(object)) if object.contains_key("value") => {
            plain(attribute, &object["value"])
        }
        (Kind::Flag, _) => Err(invalid(attribute.name, "true or false")),
        // PostgreSQL's text has no place for it.
        (_, Value::String(text)) if text.contains('\0') => {
            Err(invalid(attribute.name, "a text without the character NUL"))
        }
        (_, Value::String(_)) => Ok(some(value.clone())),
        (Kind::Text, Value::Number(number)) => Ok(Some(number.to_string().into())),
        _ => Err(invalid(attribute.name, "a string")),
    }
}

fn invalid(name: &str, wanted: &str) -> Error {
    problem::value(format!("{name} should be {wanted}."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::schema::USER;

    fn document(body: &Value) -> Value {
        Value::Object(Document::of(&USER, body).unwrap().0)
    }

    #[test]
    fn names_get_their_spelling_and_values_their_types() {
        let sent = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": "not theirs", "meta": { "version": "x" }, "groups": [{ "value": "x" }],
            "USERNAME": "ada", "Active": [{ "$ref": null, "value": "False" }], "externalid": 17,
            "password": "hunter2", "locale": { "value": "en" },
            "nickName": "", "title": null, "nonsense": { "a": 1 },
            "Name": { "GivenName": "Ada", "familyName": "", "x": 1 },
            "emails": { "Value": "a@b", "Primary": "True" },
            "phoneNumbers": ["1", null, { "value": "2" }],
        });
        let kept = json!({
            "userName": "ada", "active": false, "externalId": "17", "locale": "en",
            "name": { "givenName": "Ada" },
            "emails": [{ "value": "a@b", "primary": true }],
            "phoneNumbers": [{ "value": "1" }, { "value": "2" }],
        });
        assert_eq!(document(&sent), kept);
    }

    #[test]
    fn names_with_dots_and_uris_are_taken_apart() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let mut sent = json!({ "name.givenName": "Ada", "name": { "familyName": "Lovell" } });
        sent[format!("{urn}:department")] = "Engines".into();
        sent[urn] = json!({ "manager": "26118915", "costCenter": 4130 });
        let kept = document(&sent);
        assert_eq!(
            kept["name"],
            json!({ "givenName": "Ada", "familyName": "Lovell" })
        );
        let expected = json!({
            "department": "Engines", "costCenter": "4130", "manager": { "value": "26118915" },
        });
        assert_eq!(kept[urn], expected);
    }

    #[test]
    fn one_value_at_most_is_primary() {
        let sent = json!({ "emails": [
            { "value": "a", "primary": true }, { "value": "b", "primary": true }, { "value": "c" },
        ] });
        let kept = json!([
            { "value": "a", "primary": false }, { "value": "b", "primary": true }, { "value": "c" },
        ]);
        assert_eq!(document(&sent)["emails"], kept);
        for (was_primary, first, second) in [(true, false, true), (false, true, false)] {
            let sent =
                json!({ "emails": [{ "value": "a" }, { "value": "b", "primary": was_primary }] });
            let mut kept = Document::of(&USER, &sent).unwrap();
            let place = Path::parse("emails.primary").and_then(|path| USER.find(&path));
            kept.put(place.unwrap(), &true.into(), Mode::Replace)
                .unwrap();
            let expected = json!([
                { "value": "a", "primary": first }, { "value": "b", "primary": second },
            ]);
            assert_eq!(kept.0["emails"], expected);
        }
    }

    #[test]
    fn of_another_manager_nothing_is_known_but_the_id() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let whole = json!({ "value": "m1", "$ref": "../Users/m1", "displayName": "Boss" });
        for (sent, manager) in [
            (json!("m2"), json!({ "value": "m2" })),
            (json!("m1"), whole.clone()),
            (json!(""), Value::Null),
        ] {
            let mut kept = Document::of(&USER, &json!({ urn: { "manager": whole } })).unwrap();
            let place = Path::parse(&format!("{urn}:manager")).and_then(|path| USER.find(&path));
            kept.put(place.unwrap(), &sent, Mode::Replace).unwrap();
            assert_eq!(Value::Object(kept.0)[urn]["manager"], manager, "{sent}");
        }
    }

    #[test]
    fn what_has_another_type_is_refused_by_name() {
        for (name, bad) in [
            ("userName", json!({ "a": 1 })),
            ("userName", json!(["a", "b"])),
            ("userName", json!(true)),
            ("userName", json!("a\0b")),
            ("active", json!("maybe")),
            ("active", json!(1)),
            ("name", json!(17)),
            ("name", json!("Ada")),
            ("emails", json!([17])),
            ("emails", json!([[{ "value": "a" }]])),
        ] {
            let mut body = json!({});
            body[name] = bad.clone();
            match Document::of(&USER, &body) {
                Err(Error::Rejected(rejection)) => {
                    assert_eq!(rejection.code, "invalidValue");
                    assert!(rejection.detail.starts_with(name), "{}", rejection.detail);
                }
                other => panic!("{name} {bad}: {other:?}"),
            }
        }
        assert!(Document::of(&USER, &json!([])).is_err());
    }
}
