//! What every page needs, and the one way to render one.

use std::future::{Ready, ready};

use actix_session::{Session, SessionExt};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use askama::Template;
use chrono::{DateTime, Utc};

use super::{Answer, Error, csrf, headers, now};
use crate::db::Lent;
use crate::fleet::Fleet;

const NOTICE: &str = "notice";

/// Layouts ask for a page, and it brings its CSRF token: a form without one cannot be written.
pub struct Page {
    pub csrf: csrf::Token,
    /// What the action just before has changed.
    pub notice: Option<String>,
    pub now: DateTime<Utc>,
}

impl FromRequest for Page {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Self::of(request, payload))
    }
}

impl Page {
    fn of(request: &HttpRequest, payload: &mut Payload) -> Result<Self, Error> {
        let session = request.get_session();
        Ok(Self {
            csrf: csrf::Token::from_request(request, payload).into_inner()?,
            // A session that is not changed is not written.
            notice: if session.contains_key(NOTICE) {
                session.remove_as(NOTICE).and_then(Result::ok)
            } else {
                None
            },
            now: now(request),
        })
    }
}

/// Tells the next page to say this in a line at its top.
///
/// # Errors
/// None that a text can bring about.
pub fn notify(session: &Session, notice: impl Into<String>) -> Result<(), Error> {
    session
        .insert(NOTICE, notice.into())
        .map_err(Error::internal)
}

/// The same, and on which instances what was changed is in effect. To learn that, the connection
/// is given back first.
///
/// # Errors
/// None that a text can bring about.
pub async fn announce(
    connection: Lent,
    fleet: &Fleet,
    session: &Session,
    notice: &str,
) -> Result<(), Error> {
    drop(connection);
    let receipt = fleet.report().await;
    notify(session, format!("{notice} {receipt}"))
}

/// A page, with status 200.
///
/// # Errors
/// When the template cannot be rendered.
pub fn render(template: &impl Template) -> Answer {
    render_with(StatusCode::OK, template)
}

/// A page that holds a secret.
///
/// # Errors
/// When the template cannot be rendered.
pub fn reveal(template: &impl Template) -> Answer {
    render(template).map(headers::uncompressed)
}

/// A form to correct (422), with what was typed still in it.
///
/// # Errors
/// When the template cannot be rendered.
pub fn render_again(template: &impl Template) -> Answer {
    render_with(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// # Errors
/// When the template cannot be rendered.
pub fn render_with(status: StatusCode, template: &impl Template) -> Answer {
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(template.render()?))
}
