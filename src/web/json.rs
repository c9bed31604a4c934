//! JSON that programs send: read with the place of the first mistake, and nothing of what was
//! sent, which may be a secret.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Error;

/// What is read from an object only: serde reads a structure from an array too, its fields one after
/// another, and no document says in which order they stand.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByName<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ByName<T> {
            type Value = Object<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }
        deserializer.deserialize_map(ByName(PhantomData))
    }
}

/// # Errors
/// [`Error::Malformed`] for what is no JSON, [`Error::Invalid`] for what is of another shape.
pub fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Error> {
    let json = &mut serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut *json).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        if inner.is_data() {
            return invalid(path, &inner.to_string());
        }
        let (line, column) = (inner.line(), inner.column());
        Error::Malformed(format!("it is no JSON at line {line}, column {column}").into())
    })?;
    json.end()
        .map_err(|_| Error::Malformed("something follows the JSON".into()))?;
    Ok(read)
}

/// The parameters of a query.
///
/// # Errors
/// [`Error::Invalid`] for one that is not known, or has another form.
pub fn read_query<T: for<'de> Deserialize<'de>>(query: &str) -> Result<T, Error> {
    let pairs = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| invalid(error.path().to_string(), &error.inner().to_string()))
}

/// What serde says, without what was sent: `invalid value: string "…", expected a number`.
fn invalid(path: String, message: &str) -> Error {
    let end = message.rfind(" at line ").unwrap_or(message.len());
    let message = &message[..end];
    let named = |prefix: &str| {
        let rest = message.strip_prefix(prefix)?;
        rest.split('`').next()
    };
    if let Some(field) = named("missing field `") {
        return Error::invalid(below(&path, field), "it is missing.");
    }
    if let Some(field) = named("duplicate field `") {
        return Error::invalid(below(&path, field), "it is there twice.");
    }
    if message.starts_with("unknown field") {
        return Error::invalid(path, "there is no such field.");
    }
    let detail = match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}."),
        None if message.starts_with("invalid ") => "it has another form.".to_owned(),
        None if message.starts_with("UUID parsing failed") => "expected an ID.".to_owned(),
        None => format!("{message}."),
    };
    Error::invalid(path, detail)
}

fn below(path: &str, field: &str) -> String {
    match path {
        "." => field.to_owned(),
        _ => format!("{path}.{field}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct New {
        #[expect(dead_code, reason = "it is only read")]
        name: String,
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (body, told) in [
            ("{}", "name: it is missing."),
            (r#"{"name":"a","name":"b"}"#, "name: it is there twice."),
            (r#"{"name":"a","x":1}"#, "x: there is no such field."),
        ] {
            let Err(Error::Invalid(mistakes)) = read::<New>(body.as_bytes()) else {
                panic!("{body} is taken");
            };
            let mistake = &mistakes[0];
            assert_eq!(format!("{}: {}", mistake.field, mistake.detail), told);
        }
    }
}
