//! Shows errors, in one place: as a page in the house's look or as `application/problem+json`
//! (RFC 9457), by what the client accepts.

use std::borrow::Cow;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpResponse, HttpResponseBuilder, ResponseError};
use askama::Template;
use serde_json::json;

use super::Error;
use crate::config::Config;
use crate::web::request_id::RequestId;
use crate::web::{headers, see_other};

const SCIM: &str = "/scim/";
const FOR_PROGRAMS: [&str; 5] = ["/api/", "/auth/", "/oauth/", "/openapi.json", SCIM];

/// What the answer to a failed request depends on. It is taken down before routing, during
/// which nothing else may hold the request.
struct Asked {
    id: Option<RequestId>,
    /// Pages are for who asks for HTML.
    is_page: bool,
    /// Whether something was to be done, which is not forgotten in silence.
    is_deed: bool,
    /// Where to sign in, if that is the failure, to see the page that was asked for, or the one that the
    /// form stands on. Empty for who asks for no page.
    sign_in: String,
    /// Identity providers get errors in their protocol's form.
    scim: bool,
    config: Data<Config>,
}

impl Asked {
    fn by(request: &ServiceRequest) -> Self {
        let accept = request.headers().get(header::ACCEPT);
        let is_page = accept
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
            && !FOR_PROGRAMS
                .iter()
                .any(|path| request.path().starts_with(path));
        Self {
            id: request.extensions().get().copied(),
            scim: request.path().starts_with(SCIM),
            is_page,
            is_deed: !request.method().is_safe(),
            sign_in: if is_page {
                sign_in_path(request)
            } else {
                String::new()
            },
            config: request
                .app_data::<Data<Config>>()
                .expect("app.rs mounts the state")
                .clone(),
        }
    }

    fn id(&self) -> String {
        self.id.map(|id| id.to_string()).unwrap_or_default()
    }
}

fn sign_in_path(request: &ServiceRequest) -> String {
    let path = if request.method().is_safe() {
        let path = request.uri().path_and_query();
        path.map_or("/", |path| path.as_str()).to_owned()
    } else {
        page_of_form(request.uri().path())
    };
    let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    format!("/sign-in?next={next}")
}

/// On which page the form stands that is sent to `path`: browsers are told to keep that to themselves.
/// Most are sent to their own page.
fn page_of_form(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        // On every page.
        ["organization"] => "/".to_owned(),
        ["profile", "mcp-tokens" | "other-sessions"] => "/profile".to_owned(),
        ["settings", "members", id, "role"] => format!("/settings/members/{id}"),
        ["settings", "groups", id, "members", ..] => format!("/settings/groups/{id}"),
        ["settings", "api-access" | "groups", _] => format!("{path}/edit"),
        [
            "settings",
            "api-access" | "groups" | "mcp-servers" | "products" | "resources",
        ] => format!("{path}/new"),
        _ => path.to_owned(),
    }
}

/// Middleware: gives every answer that is an error its body, and logs it once; and every answer
/// the headers that are its own.
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
    let shown = match response.response().error() {
        Some(failure) => Some(shown(failure, &asked)),
        None if is_bare_failure(&response) => {
            Some(answer(&Error::of_status(response.status()), &asked))
        }
        None => None,
    };
    let mut response = match shown {
        Some(shown) => response.into_response(shown).map_into_right_body(),
        None => response.map_into_left_body(),
    };
    headers::put_told(&mut response);
    Ok(response)
}

/// Sessions could not be read or written: there is neither a request any more nor a response,
/// so this one passes the other middlewares by.
fn without_session(failure: &actix_web::Error, asked: &Asked) -> actix_web::Error {
    let error = Error::Unavailable(failure.to_string().into());
    let mut response = answer(&error, asked);
    for (name, value) in headers::list(&asked.config.public_url) {
        let (name, value) = (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
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
    if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        tracing::error!(id = asked.id(), %error);
    } else if matches!(error, Error::Forged | Error::Forbidden) {
        tracing::warn!(id = asked.id(), %error);
    } else {
        tracing::debug!(id = asked.id(), %error);
    }
    if matches!(error, Error::SignInRequired) && asked.is_page && !asked.is_deed {
        return see_other(&asked.sign_in);
    }
    let mut response = HttpResponse::build(status);
    error.headers(&mut response);
    if asked.is_page {
        page(response, error, asked)
    } else if asked.scim {
        scim(response, error)
    } else {
        problem(response, error, asked)
    }
}

fn page(mut response: HttpResponseBuilder, error: &Error, asked: &Asked) -> HttpResponse {
    let page = ErrorPage {
        title: title(error),
        explanation: error.explanation(),
        way_on: way_on(error, asked),
        request_id: &asked.id(),
    };
    match page.render() {
        Ok(html) => response.content_type("text/html; charset=utf-8").body(html),
        Err(failure) => response
            .content_type("text/plain")
            .body(failure.to_string()),
    }
}

fn problem(mut response: HttpResponseBuilder, error: &Error, asked: &Asked) -> HttpResponse {
    let status = error.status_code();
    let mut body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "code": error.code(),
        "detail": error.explanation(),
        "request_id": asked.id(),
    });
    if let [first, ..] = error.mistakes() {
        body["field"] = first.field.as_str().into();
        let each = error.mistakes().iter();
        body["errors"] = each
            .map(|it| json!({ "field": it.field, "detail": it.detail }))
            .collect();
    }
    response
        .content_type("application/problem+json")
        .body(body.to_string())
}

/// RFC 7644, section 3.12.
fn scim(mut response: HttpResponseBuilder, error: &Error) -> HttpResponse {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": error.status_code().as_str(),
        "detail": error.explanation(),
    });
    match error {
        Error::Rejected(rejection) if !rejection.code.is_empty() => {
            body["scimType"] = rejection.code.into();
        }
        _ => {}
    }
    response
        .content_type("application/scim+json")
        .body(body.to_string())
}

fn title(error: &Error) -> &'static str {
    match error.status_code() {
        _ if matches!(error, Error::LinkEnded) => "This link does not work any more",
        StatusCode::UNAUTHORIZED => "You are signed out",
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::CONFLICT => "Nothing was changed",
        StatusCode::TOO_MANY_REQUESTS => "Too many attempts",
        StatusCode::SERVICE_UNAVAILABLE => "Not available right now",
        status if status.is_server_error() => "Something went wrong",
        _ => "That did not work",
    }
}

/// What to do next, and where.
fn way_on<'a>(error: &Error, asked: &'a Asked) -> (&'static str, &'a str) {
    match error {
        Error::SignInRequired => ("Sign in", &asked.sign_in),
        Error::LinkEnded => ("Sign in", "/sign-in"),
        _ => ("Go to Tokendesk", "/"),
    }
}

#[derive(Template)]
#[template(path = "web/error.html")]
struct ErrorPage<'a> {
    title: &'static str,
    explanation: Cow<'static, str>,
    way_on: (&'static str, &'a str),
    request_id: &'a str,
}
