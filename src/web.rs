//! The kit of which pages and APIs are made. It knows nothing of tokens or people.

pub mod assets;
pub mod body;
pub mod client_address;
pub mod cookie;
pub mod csrf;
pub mod error;
pub mod fixed;
pub mod form;
pub mod format;
pub mod head;
pub mod headers;
pub mod json;
pub mod page;
pub mod paging;
pub mod request_id;
pub mod text;

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};

use crate::clock::Clock;

pub use error::Error;
pub use form::Submission;
pub use page::Page;

/// What a handler answers.
pub type Answer = Result<HttpResponse, Error>;

/// The instant at which the request is handled.
#[derive(Clone, Copy, Debug)]
pub struct Now(pub DateTime<Utc>);

impl FromRequest for Now {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(now(request))))
    }
}

/// # Panics
/// When the application was mounted without a clock.
#[must_use]
pub fn now(request: &HttpRequest) -> DateTime<Utc> {
    state::<Clock>(request).now()
}

/// A part of the application's state.
///
/// # Panics
/// When the application was mounted without it.
#[must_use]
pub fn state<T: 'static>(request: &HttpRequest) -> &T {
    request
        .app_data::<Data<T>>()
        .expect("app.rs mounts the state")
}

/// After a form was accepted: look there (303).
#[must_use]
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .finish()
}
