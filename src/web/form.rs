//! Submitted forms. This is the only way to a form's content, and it stands behind the
//! CSRF check: the raw extractor is banned by `clippy.toml`.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Error, body, csrf};

/// Characters of a search that count.
pub const LONGEST_TERM: usize = 100;

/// A form that this browser got from us and sent on purpose.
pub struct Submission<T> {
    content: T,
    organization: String,
}

impl<T> Submission<T> {
    #[must_use]
    pub fn into_inner(self) -> T {
        self.content
    }

    /// The ID of the organisation that the form was shown for; empty if for none.
    #[must_use]
    pub fn organization(&self) -> &str {
        &self.organization
    }
}

impl<T> std::ops::Deref for Submission<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

/// The form of a mere button.
#[derive(Deserialize)]
pub struct Nothing {}

/// What every form carries beside its content.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Frame {
    csrf: String,
    organization: String,
}

impl<T: DeserializeOwned + 'static> FromRequest for Submission<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            if request.content_type() != "application/x-www-form-urlencoded" {
                return Err(malformed("a form was expected"));
            }
            let body = body::read(&request, payload).await?;
            let Frame { csrf, organization } = decode(&body)?;
            csrf::check(&request, &csrf)?;
            let content = decode(&body)?;
            Ok(Self {
                content,
                organization,
            })
        })
    }
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_html_form::from_bytes(body).map_err(|error| malformed(error.to_string()))
}

fn malformed(why: impl Into<Cow<'static, str>>) -> Error {
    Error::Malformed(why.into())
}

/// A text field: what was typed, and what is wrong with it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Field {
    pub value: String,
    pub errors: Vec<String>,
}

impl Field {
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            errors: Vec::new(),
        }
    }

    pub fn refuse(&mut self, error: impl Into<String>) {
        self.errors.push(error.into());
    }

    /// Parses what was typed; what is wrong with it is kept beside it.
    pub fn parse<T, E: Into<String>>(
        &mut self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(&self.value) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.refuse(error);
                None
            }
        }
    }

    #[must_use]
    pub fn is_refused(&self) -> bool {
        !self.errors.is_empty()
    }
}

/// What somebody is told who edits something that others have changed meanwhile.
#[must_use]
pub fn overtaken(thing: &str) -> String {
    format!(
        "Someone else changed this {thing} after you opened this page. Nothing of yours was saved. \
         Save again to replace their changes with what stands here, or cancel to see them."
    )
}

/// The name of the first field with an error, which gets the focus; empty if there is none.
#[must_use]
pub fn first_refused(fields: &[(&'static str, &Field)]) -> &'static str {
    let refused = fields.iter().find(|(_, field)| field.is_refused());
    refused.map_or("", |(name, _)| name)
}

/// What a list is searched for; `None`: no search.
#[must_use]
pub fn term(typed: &str) -> Option<String> {
    let visible = typed.trim().chars().filter(|c| !c.is_control());
    Some(visible.take(LONGEST_TERM).collect()).filter(|term: &String| !term.is_empty())
}
