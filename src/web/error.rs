//! The one error type, and the one place that shows it: as a page in the house's look or
//! as `application/problem+json` (RFC 9457), by what the client accepts.

use std::borrow::Cow;
use std::fmt;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::error::InternalError;
use actix_web::{HttpMessage, HttpResponse, HttpResponseBuilder, ResponseError};
use askama::Template;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::pooled_connection::deadpool::PoolError;
use serde_json::json;

use super::request_id::RequestId;
use super::{headers, state};
use crate::config::Config;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a request is not answered as asked. Invalid input is not among these: it is a form
/// to show again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not the viewer's.
    #[error("not found")]
    NotFound,
    #[error("method not allowed")]
    MethodNotAllowed,
    /// A path, query or body that no page or documentation of ours leads to.
    #[error("malformed request: {0}")]
    Malformed(Cow<'static, str>),
    #[error("sign-in required")]
    SignInRequired,
    #[error("forbidden")]
    Forbidden,
    /// A form that we did not hand to this browser, or too long ago.
    #[error("forged or outdated form")]
    Forged,
    /// Somebody else was faster; nothing was changed.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    #[error("too many requests")]
    TooMany { retry_after_seconds: i64 },
    /// An API's caller may not do this.
    #[error("refused: {}", .0.code)]
    Refused(Refusal),
    #[error("database unavailable: {0}")]
    Unavailable(Source),
    #[error("internal error: {0}")]
    Internal(Source),
}

/// An answer of the gate that is not yes.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    /// Stable, for programs.
    pub code: &'static str,
    /// For people: what to do.
    pub detail: String,
    /// `WWW-Authenticate`, by RFC 6750.
    pub challenge: String,
}

impl Error {
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::Internal(source.into())
    }

    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            status if status.is_client_error() => Self::Malformed(
                status
                    .canonical_reason()
                    .unwrap_or("it cannot be read")
                    .into(),
            ),
            status => Self::internal(format!("answered {status}")),
        }
    }

    /// What happened and what to do, for people.
    fn explanation(&self) -> Cow<'static, str> {
        match self {
            Self::NotFound => "There is nothing at this address, or it is not yours to see.".into(),
            Self::MethodNotAllowed => "This address does not take that method.".into(),
            Self::Malformed(why) => format!("The request cannot be read: {why}.").into(),
            Self::SignInRequired => "Sign in, then try again.".into(),
            Self::Forbidden => "Your role does not include this. Ask an administrator.".into(),
            Self::Forged => "The form is out of date. Go back, reload the page and send it again; \
                             nothing was changed."
                .into(),
            Self::Conflict(why) => (*why).into(),
            Self::TooMany {
                retry_after_seconds,
            } => format!("Try again in {retry_after_seconds} seconds.").into(),
            Self::Refused(refusal) => refusal.detail.clone().into(),
            Self::Unavailable(_) => {
                "The database does not answer. Nothing was changed; try again in a moment.".into()
            }
            Self::Internal(_) => "Something went wrong on our side. Nothing was changed; the \
                                  request ID below leads to the log."
                .into(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Malformed(_) => "malformed",
            Self::SignInRequired => "sign_in_required",
            Self::Forbidden => "forbidden",
            Self::Forged => "forged",
            Self::Conflict(_) => "conflict",
            Self::TooMany { .. } => "too_many_requests",
            Self::Refused(refusal) => refusal.code,
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    fn headers(&self, response: &mut HttpResponseBuilder) {
        match self {
            Self::TooMany {
                retry_after_seconds,
            } => {
                response.insert_header((header::RETRY_AFTER, *retry_after_seconds));
            }
            Self::Unavailable(_) => {
                response.insert_header((header::RETRY_AFTER, 5));
            }
            Self::Refused(refusal) => {
                response.insert_header((header::WWW_AUTHENTICATE, refusal.challenge.as_str()));
            }
            _ => {}
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::SignInRequired => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Forged => StatusCode::FORBIDDEN,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(refusal) => refusal.status,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Bare: [`render`] gives it its body.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::NotFound => Self::NotFound,
            QueryError::DatabaseError(DatabaseErrorKind::ClosedConnection, _)
            | QueryError::BrokenTransactionManager => Self::Unavailable(error.into()),
            error => Self::internal(error),
        }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(error.to_string().into())
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}

/// What the answer to a failed request depends on. It is taken down before routing, during
/// which nothing else may hold the request.
struct Asked {
    id: String,
    /// Pages are for who asks for HTML; all below `/api` is for programs.
    html: bool,
    /// Where to go after signing in, if that is the failure.
    sign_in: String,
    /// Those that every answer carries.
    headers: Vec<(&'static str, &'static str)>,
}

impl Asked {
    fn by(request: &ServiceRequest) -> Self {
        let accept = request.headers().get(header::ACCEPT);
        let id = request.extensions().get::<RequestId>().copied();
        Self {
            id: id.map(|id| id.to_string()).unwrap_or_default(),
            html: !request.path().starts_with("/api/")
                && accept
                    .and_then(|accept| accept.to_str().ok())
                    .is_some_and(|accept| accept.contains("text/html")),
            sign_in: sign_in_path(request),
            headers: headers::list(&state::<Config>(request.request()).public_url),
        }
    }
}

/// Only a page that was looked at is worth returning to.
fn sign_in_path(request: &ServiceRequest) -> String {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if request.method() != Method::GET || path == "/" {
        return "/sign-in".to_owned();
    }
    let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    format!("/sign-in?next={next}")
}

/// Middleware: gives every answer that is an error its body, and logs it once.
///
/// # Errors
/// None of its own.
pub async fn render<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let asked = Asked::by(&request);
    let response = match next.call(request).await {
        Ok(response) => response,
        Err(failure) => return Err(without_session(&failure, &asked)),
    };
    if let Some(failure) = response.response().error() {
        let shown = shown(failure, &asked);
        return Ok(response.into_response(shown).map_into_right_body());
    }
    if is_bare_failure(&response) {
        let shown = answer(&Error::of_status(response.status()), &asked);
        return Ok(response.into_response(shown).map_into_right_body());
    }
    Ok(response.map_into_left_body())
}

/// Sessions could not be read or written: there is neither a request any more nor a response,
/// so this one passes the other middlewares by.
fn without_session(failure: &actix_web::Error, asked: &Asked) -> actix_web::Error {
    let error = Error::Unavailable(failure.to_string().into());
    let mut response = answer(&error, asked);
    for (name, value) in &asked.headers {
        let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
        response.headers_mut().insert(name, value);
    }
    InternalError::from_response(error, response).into()
}

/// The router's own 404 and 405, which carry no error.
fn is_bare_failure<B: MessageBody>(response: &ServiceResponse<B>) -> bool {
    let status = response.status();
    (status.is_client_error() || status.is_server_error())
        && !response.headers().contains_key(header::CONTENT_TYPE)
}

fn shown(failure: &actix_web::Error, asked: &Asked) -> HttpResponse {
    match failure.as_error::<Error>() {
        Some(error) => answer(error, asked),
        // actix's own: a path, query or body that its extractors refused.
        None => answer(
            &Error::of_status(failure.as_response_error().status_code()),
            asked,
        ),
    }
}

fn answer(error: &Error, asked: &Asked) -> HttpResponse {
    let status = error.status_code();
    if status.is_server_error() {
        tracing::error!(id = asked.id, %error);
    } else {
        tracing::debug!(id = asked.id, %error);
    }
    if asked.html && matches!(error, Error::SignInRequired) {
        return super::see_other(&asked.sign_in);
    }
    let mut response = HttpResponse::build(status);
    error.headers(&mut response);
    if asked.html {
        page(response, error, asked)
    } else {
        problem(response, error, asked)
    }
}

fn page(mut response: HttpResponseBuilder, error: &Error, asked: &Asked) -> HttpResponse {
    let page = ErrorPage {
        title: title(error.status_code()),
        explanation: error.explanation(),
        request_id: &asked.id,
    };
    match page.render() {
        Ok(html) => response.content_type("text/html; charset=utf-8").body(html),
        Err(failure) => response.content_type("text/plain").body(failure.to_string()),
    }
}

fn problem(mut response: HttpResponseBuilder, error: &Error, asked: &Asked) -> HttpResponse {
    let status = error.status_code();
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "code": error.code(),
        "detail": error.explanation(),
        "request_id": asked.id,
    });
    response
        .content_type("application/problem+json")
        .body(body.to_string())
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::CONFLICT => "Nothing was changed",
        StatusCode::TOO_MANY_REQUESTS => "Too many attempts",
        StatusCode::SERVICE_UNAVAILABLE => "Not available right now",
        status if status.is_server_error() => "Something went wrong",
        _ => "That did not work",
    }
}

#[derive(Template)]
#[template(path = "web/error.html")]
struct ErrorPage<'a> {
    title: &'static str,
    explanation: Cow<'static, str>,
    request_id: &'a str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}
