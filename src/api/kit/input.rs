//! What a request brings: JSON in its body, parameters in its query.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::web::json::{self, Object};
use crate::web::{Error, body};

/// A body of JSON.
pub struct Input<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Input<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let Object(content) = json::read(&bytes(&request, payload).await?)?;
            Ok(Self(content))
        })
    }
}

/// The body, if it is said to be JSON.
pub async fn bytes(request: &HttpRequest, payload: Payload) -> Result<Bytes, Error> {
    of_type("application/json", request, payload).await
}

async fn of_type(
    wanted: &'static str,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Bytes, Error> {
    if !request.content_type().eq_ignore_ascii_case(wanted) {
        return Err(Error::UnsupportedMediaType(wanted));
    }
    body::read(request, payload).await
}

/// What a body of [`Toml`] is called.
pub const TOML: &str = "application/toml";

/// A body of TOML, which is not read yet.
pub struct Toml(pub String);

impl FromRequest for Toml {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = of_type(TOML, &request, payload).await?;
            let text = String::from_utf8(bytes.to_vec());
            text.map(Self)
                .map_err(|_| Error::Malformed("the body is not UTF-8".into()))
        })
    }
}

/// The query's parameters.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(json::read_query(request.query_string()).map(Self))
    }
}

/// For a field of an edit: `None` where it was left out, `Some(None)` where it is `null`.
///
/// # Errors
/// Those of the value.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// For a list of structures, each of which is an object.
///
/// # Errors
/// Those of the items.
pub fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let items = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(items.into_iter().map(|Object(item)| item).collect())
}

/// The same for a field of an edit.
///
/// # Errors
/// The same.
pub fn present_objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    objects(deserializer).map(Some)
}

/// For a list that has an end.
///
/// # Errors
/// Those of the items, and for more than `MOST`.
pub fn few<'de, T: Deserialize<'de>, D: Deserializer<'de>, const MOST: usize>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let items = Vec::deserialize(deserializer)?;
    if items.len() > MOST {
        let expected = format!("at most {MOST}");
        return Err(D::Error::invalid_length(items.len(), &expected.as_str()));
    }
    Ok(items)
}

/// The same for a field of an edit.
///
/// # Errors
/// The same.
pub fn present_few<'de, T: Deserialize<'de>, D: Deserializer<'de>, const MOST: usize>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    few::<T, D, MOST>(deserializer).map(Some)
}
