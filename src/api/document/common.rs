//! What holds for all operations: who may call, which headers answers have, and how requests are
//! refused.

use utoipa::Modify;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, SecurityRequirement};

use crate::api::kit::LONGEST_KEY;

pub struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut OpenApi) {
        env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
        document.info.license = None;
        let none: [&str; 0] = [];
        let schemes = ["bearer", "basic", "api_token"];
        document.security = Some(
            schemes
                .map(|scheme| SecurityRequirement::new(scheme, none))
                .to_vec(),
        );
        add_components(document.components.get_or_insert_with(Components::new));
        for (path, item) in &mut document.paths.paths {
            let operations = [
                ("GET", &mut item.get),
                ("POST", &mut item.post),
                ("PUT", &mut item.put),
                ("PATCH", &mut item.patch),
                ("DELETE", &mut item.delete),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    complete(operation, method, path);
                }
            }
        }
    }
}

fn add_components(components: &mut Components) {
    for (name, scheme) in [
        ("bearer", HttpAuthScheme::Bearer),
        ("basic", HttpAuthScheme::Basic),
    ] {
        components.add_security_scheme(name, SecurityScheme::Http(Http::new(scheme)));
    }
    let api_token = ApiKey::Header(ApiKeyValue::new("X-API-Token"));
    components.add_security_scheme("api_token", SecurityScheme::ApiKey(api_token));
    for (name, what) in HEADERS {
        components
            .headers
            .insert(name.to_owned(), header(what).into());
    }
    for (status, what) in REFUSALS {
        let response = refusal(status, what);
        components.responses.insert(name(status), response.into());
    }
}

const HEADERS: [(&str, &str); 9] = [
    ("ETag", "The version of what is told, for `If-Match`"),
    ("Location", "Where it is"),
    (
        "Idempotent-Replayed",
        "`true` where the same request came before with this `Idempotency-Key`, and nothing more \
         was created",
    ),
    (
        "RateLimit",
        "How many more requests may be sent, and in how many seconds all may be again",
    ),
    ("RateLimit-Policy", "How many requests may be sent a minute"),
    ("Retry-After", "In how many seconds to try again"),
    (
        "WWW-Authenticate",
        "As RFC 6750 has it: `error`, and the `scope` that is needed",
    ),
    (
        "X-Tokendesk-Expires-At",
        "When the token that was sent expires, within its last 7 days",
    ),
    ("X-Request-Id", "Under which the request is in the log"),
];

/// Of all answers.
const OF_ALL: [&str; 2] = ["X-Request-Id", "X-Tokendesk-Expires-At"];
/// Of the answers of operations that are counted.
const OF_COUNTED: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

const REFUSALS: [(u16, &str); 12] = [
    (400, "The request cannot be read"),
    (401, "No token, or one that is no good"),
    (
        403,
        "The token may not do this: `insufficient_scope`, `ip_not_allowed`, `beyond_own`",
    ),
    (404, "There is none, or not in your organisation"),
    (
        409,
        "It cannot be done as things are: `taken`, or `conflict`",
    ),
    (412, "It is of another version"),
    (413, "The body is too large"),
    (415, "The body is of another type"),
    (422, "Fields or parameters are wrong"),
    (
        429,
        "Too many requests, or too many wrong secrets: try again after `Retry-After`",
    ),
    (500, "Something went wrong on our side; nothing was changed"),
    (503, "The database does not answer; nothing was changed"),
];

/// As a component.
fn name(status: u16) -> String {
    format!("Problem{status}")
}

/// The tag of the gate's operations, of which a token may call as many as it likes.
const GATE: &str = "Gate";

/// Adds the headers of an operation's answers, and the refusals that it can be answered with.
fn complete(operation: &mut Operation, method: &str, path: &str) {
    let is_counted = operation.tags.iter().flatten().all(|tag| tag != GATE);
    let is_versioned = is_versioned(operation, method, path);
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        add_headers(response, &OF_ALL);
        if is_counted {
            add_headers(response, &OF_COUNTED);
        }
        match status.as_str() {
            "200" if is_versioned => add_headers(response, &["ETag"]),
            "201" => add_headers(response, &["ETag", "Location", "Idempotent-Replayed"]),
            _ => {}
        }
    }
    if operation.responses.responses.contains_key("201") {
        add_key(operation);
    }
    let has_body = operation.request_body.is_some();
    for (status, what) in REFUSALS {
        let can_be = match status {
            404 => path.contains('{') || path.starts_with("/api/v1/me"),
            409 => method != "GET" && is_counted,
            412 => has_version(operation),
            413 => has_body,
            415 => has_body && is_counted,
            422 => has_body || takes(operation, |it| it.parameter_in == ParameterIn::Query),
            _ => true,
        };
        if can_be {
            add_problem(operation, status, what);
        }
    }
}

/// Whether it answers with something as it is in a version: one thing, or the whole catalogue.
fn is_versioned(operation: &Operation, method: &str, path: &str) -> bool {
    match method {
        "GET" => path.ends_with("{id}") || path.starts_with("/api/v1/resources"),
        "DELETE" => false,
        _ => path.contains("{id}") && has_version(operation),
    }
}

fn has_version(operation: &Operation) -> bool {
    takes(operation, |it| it.name == "If-Match")
}

fn takes(operation: &Operation, is_it: impl Fn(&Parameter) -> bool) -> bool {
    let parameters = operation.parameters.iter().flatten();
    let mut own = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    own.any(is_it)
}

fn add_headers(response: &mut Response, names: &[&str]) {
    for name in names {
        let header = Ref::new(format!("#/components/headers/{name}"));
        response
            .headers
            .insert((*name).to_owned(), RefOr::Ref(header));
    }
}

fn header(what: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(text()))
        .description(Some(what))
        .build()
}

fn refusal(status: u16, what: &str) -> Response {
    let mut response = ResponseBuilder::new().description(what).build();
    add_content(&mut response);
    add_headers(&mut response, &OF_ALL);
    add_headers(&mut response, &OF_COUNTED);
    match status {
        400 | 401 | 403 => add_headers(&mut response, &["WWW-Authenticate"]),
        429 | 503 => add_headers(&mut response, &["Retry-After"]),
        _ => {}
    }
    response
}

fn add_content(response: &mut Response) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    let json = "application/problem+json".to_owned();
    response.content.insert(json, content.build().into());
}

/// One of all operations, or beside an answer of its own.
fn add_problem(operation: &mut Operation, status: u16, what: &str) {
    let responses = &mut operation.responses.responses;
    match responses.get_mut(&status.to_string()) {
        Some(RefOr::T(own)) => {
            let description = std::mem::take(&mut own.description);
            let content = std::mem::take(&mut own.content);
            *own = refusal(status, what);
            own.description = description;
            own.content.extend(content);
        }
        Some(RefOr::Ref(_)) => {}
        None => {
            let problem = Ref::from_response_name(name(status));
            responses.insert(status.to_string(), RefOr::Ref(problem));
        }
    }
}

fn add_key(operation: &mut Operation) {
    let what = "A key of your choice, new for each request: with it, the request can be sent \
                again and creates nothing more.";
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(LONGEST_KEY))
        .pattern(Some(r"^[!-~]([\t -~]*[!-~])?$"));
    let parameter: Parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(what))
        .schema(Some(key))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(parameter.into());
}

fn text() -> Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}
