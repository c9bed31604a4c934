//! Versions: `ETag` and `If-Match` (RFC 9110, sections 8.8.3 and 13.1.1).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ETAG, HeaderName, IF_MATCH};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::db::Pinned;
use crate::web::Error;

/// The header that says of which version an answer is. It counts changes of what can be edited,
/// and not of usage.
#[must_use]
pub fn etag(version: i32) -> (HeaderName, String) {
    (ETAG, format!("\"{version}\""))
}

/// Something as it is in a version.
#[must_use]
pub fn versioned(version: i32, body: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag(version)).json(body)
}

/// Of one thing, by whoever does not say which version it is about.
const MOST_ATTEMPTS: usize = 50;

/// Tries again to change something as it is, when others were faster.
///
/// # Errors
/// Those of the last attempt.
pub async fn persistently<T>(
    mut attempt: impl AsyncFnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    for _ in 1..MOST_ATTEMPTS {
        match attempt().await {
            Err(Error::Overtaken) => {}
            done => return done,
        }
    }
    attempt().await
}

/// The versions that may be changed; `None`: any.
pub struct IfMatch(Option<Vec<String>>);

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut tags = Vec::new();
        for value in request.headers().get_all(IF_MATCH) {
            let value = value.to_str().unwrap_or_default();
            tags.extend(value.split(',').map(|tag| tag.trim().to_owned()));
        }
        let any = tags.is_empty() || tags.iter().any(|tag| tag == "*");
        ready(Ok(Self((!any).then_some(tags))))
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let what = "The `ETag` that was read: of another version nothing is changed.";
        let header = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .description(Some(what))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        vec![header.build()]
    }
}

impl IfMatch {
    /// # Errors
    /// [`Error::PreconditionFailed`] for another version.
    pub fn check(&self, version: i32) -> Result<(), Error> {
        let (_, own) = etag(version);
        match &self.0 {
            Some(tags) if !tags.contains(&own) => Err(Error::PreconditionFailed),
            _ => Ok(()),
        }
    }

    /// What is to be changed, as long as it stays of the version that was asked for.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`] for another version.
    pub fn pin<T>(&self, id: T, version: i32) -> Result<Pinned<T>, Error> {
        self.check(version)?;
        Ok(Pinned {
            id,
            version: self.0.is_some().then_some(version),
        })
    }

    /// Why something is not changed as it is now: because of its version, or else for this.
    pub fn refusal(&self, version: i32, otherwise: impl FnOnce() -> Error) -> Error {
        self.check(version).err().unwrap_or_else(otherwise)
    }

    /// What somebody is told who was overtaken.
    #[must_use]
    pub fn overtaken(&self) -> Error {
        match &self.0 {
            Some(_) => Error::PreconditionFailed,
            None => Error::Overtaken,
        }
    }
}
