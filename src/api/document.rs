//! The OpenAPI document: made of the handlers, and of what holds for all of them.

use std::sync::LazyLock;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{self, ContentBuilder, Ref, RefOr, SecurityRequirement};
use utoipa::{Modify, OpenApi, ToSchema};

use super::admin::{
    audit, groups, invitations, mcp_tokens, members, products, resources, servers, tokens,
};
use super::{introspect, token, user, verify};
use crate::web::{Answer, Error, headers};

/// The address of the document.
pub const PATH: &str = "/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tokendesk",
        description = "Manages an organisation: its API tokens, what they protect, and who is in \
            it.\n\nEach request brings a token: \
            `Authorization: Bearer`. Reading needs the scope `admin:read`, the rest \
            `admin:write`. Times are UTC. Lists come in pages: `next_cursor` leads to the next. \
            A POST that creates something takes an `Idempotency-Key`, kept for a day: the same \
            request again creates nothing and gets the same answer, without the secret, which is \
            kept nowhere. Whatever changes or deletes a thing takes `If-Match` with the `ETag` \
            that was read: of another version nothing is changed. What takes \
            access away is answered when it is in effect on every instance, with a receipt.",
    ),
    servers((url = "/")),
    paths(
        tokens::index,
        tokens::create,
        tokens::show,
        tokens::edit,
        tokens::delete,
        tokens::usage,
        tokens::rotate,
        tokens::end_overlap,
        tokens::disable,
        tokens::enable,
        tokens::revoke,
        tokens::revoke_all,
        products::index,
        products::create,
        products::show,
        products::edit,
        products::delete,
        resources::index,
        resources::create,
        resources::show,
        resources::edit,
        resources::delete,
        resources::export,
        resources::import,
        resources::reset,
        mcp_tokens::index,
        mcp_tokens::show,
        mcp_tokens::revoke,
        servers::index,
        servers::create,
        servers::show,
        servers::edit,
        servers::delete,
        members::index,
        members::show,
        members::edit,
        members::deactivate,
        members::reactivate,
        members::remove,
        groups::index,
        groups::create,
        groups::show,
        groups::edit,
        groups::delete,
        groups::list_members,
        groups::add_member,
        groups::remove_member,
        invitations::index,
        invitations::create,
        invitations::show,
        invitations::revoke,
        audit::index,
        user::show,
        user::servers,
        user::tokens::index,
        user::tokens::create,
        user::tokens::show,
        user::tokens::revoke,
        token::show,
        verify::verify,
        introspect::introspect,
    ),
    components(schemas(Problem)),
    tags(
        (name = "Tokens", description = "The organisation's API tokens."),
        (name = "Products", description = "What tokens can be linked to."),
        (name = "Resources", description = "Protected APIs, and which scope each operation needs."),
        (name = "MCP tokens", description = "Members' personal tokens, which connect AI \
            assistants. Their owners make them."),
        (name = "MCP servers", description = "Servers that profiles show how to connect to."),
        (name = "Members", description = "Who is in the organisation, and what becomes of them."),
        (name = "Groups", description = "Groups of members. One may make its members \
            administrators; those that come by SCIM have their names and members from the identity \
            provider."),
        (name = "Invitations", description = "Links that make whoever opens them a member."),
        (name = "Audit log", description = "Who changed what."),
        (name = "User", description = "On behalf of one user: with an API token that has \
            `connect:read`, or `connect:write` to change something, and the header \
            `x-user-email`; or with the user's own MCP token (`widgets:read`, `widgets:write`)."),
        (name = "Gate", description = "Whether a token is good for a request. Proxies ask at \
            `/auth/forward` instead, as the manual says."),
    ),
    modifiers(&Common)
)]
struct Document;

/// Why a request was refused (RFC 9457). `web::error` writes it; this is for the document.
#[derive(Serialize, ToSchema)]
struct Problem {
    r#type: String,
    title: String,
    status: u16,
    /// For programs: it never changes.
    code: String,
    /// For people: what is wrong, and what to do.
    detail: String,
    /// Under which it is in the log.
    request_id: String,
    /// The first field or parameter that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
    /// All of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    errors: Option<Vec<Mistake>>,
}

/// What is wrong with a field.
#[derive(Serialize, ToSchema)]
struct Mistake {
    field: String,
    detail: String,
}

/// What holds for all operations.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut openapi::OpenApi) {
        env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
        document.info.license = None;
        if let Some(components) = document.components.as_mut() {
            for (name, scheme) in [
                ("bearer", HttpAuthScheme::Bearer),
                ("basic", HttpAuthScheme::Basic),
            ] {
                components.add_security_scheme(name, SecurityScheme::Http(Http::new(scheme)));
            }
        }
        let none: [&str; 0] = [];
        document.security = Some(vec![SecurityRequirement::new("bearer", none)]);
        for (path, item) in &mut document.paths.paths {
            if let Some(operation) = &mut item.get {
                complete(operation, path, false);
            }
            let changes = [
                &mut item.post,
                &mut item.put,
                &mut item.patch,
                &mut item.delete,
            ];
            for operation in changes.into_iter().flatten() {
                complete(operation, path, true);
            }
        }
    }
}

/// The tag of the gate's operations, of which a token may call as many as it likes.
const GATE: &str = "Gate";

/// Adds the refusals that an operation can be answered with, and the headers of its other answers.
fn complete(operation: &mut Operation, path: &str, is_change: bool) {
    let has_body = operation.request_body.is_some();
    let is_limited = operation.tags.iter().flatten().all(|tag| tag != GATE);
    if is_limited {
        operation
            .responses
            .responses
            .values_mut()
            .for_each(add_headers);
    }
    if operation.responses.responses.contains_key("201") {
        add_key(operation);
    }
    let refusals = [
        (400, true, "The request cannot be read"),
        (401, true, "No token, or one that is no good"),
        (403, true, FORBIDDEN),
        (
            404,
            path.contains('{'),
            "There is none, or not in your organisation",
        ),
        (409, is_change && is_limited, CONFLICT),
        (
            412,
            takes(operation, |it| it.name == "If-Match"),
            "It is of another version",
        ),
        (413, has_body, "The body is too large"),
        (415, has_body && is_limited, "The body is of another type"),
        (
            422,
            has_body || takes(operation, is_in_query),
            "Fields or parameters are wrong",
        ),
        (
            429,
            true,
            "Too many requests, or too many wrong secrets: try again after `Retry-After`",
        ),
        (
            503,
            true,
            "The database does not answer; nothing was changed",
        ),
    ];
    for (status, _, what) in refusals.into_iter().filter(|(_, can_be, _)| *can_be) {
        add_problem(operation, status, what);
    }
}

const FORBIDDEN: &str =
    "The token may not do this: `insufficient_scope`, `ip_not_allowed`, `beyond_own`";
const CONFLICT: &str = "It cannot be done as things are: `taken`, or `conflict`";

fn takes(operation: &Operation, is_it: impl Fn(&Parameter) -> bool) -> bool {
    let parameters = operation.parameters.iter().flatten();
    let mut own = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    own.any(is_it)
}

fn is_in_query(parameter: &Parameter) -> bool {
    parameter.parameter_in == ParameterIn::Query
}

fn add_headers(response: &mut RefOr<Response>) {
    let RefOr::T(response) = response else {
        return;
    };
    for (name, what) in [
        (
            "RateLimit",
            "How many more requests may be sent, and in how many seconds all may be again",
        ),
        ("RateLimit-Policy", "How many requests may be sent a minute"),
    ] {
        let header = HeaderBuilder::new()
            .schema(Some(text()))
            .description(Some(what));
        response
            .headers
            .insert(name.to_owned(), header.build().into());
    }
}

fn add_problem(operation: &mut Operation, status: u16, what: &str) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    let responses = &mut operation.responses.responses;
    let response = responses.entry(status.to_string()).or_insert_with(|| {
        let response = ResponseBuilder::new().description(what);
        RefOr::T(response.build())
    });
    if let RefOr::T(response) = response {
        let json = "application/problem+json".to_owned();
        response.content.insert(json, content.build().into());
    }
}

fn add_key(operation: &mut Operation) {
    let what = "A key of your choice, new for each request: with it, the request can be sent \
                again and creates nothing more.";
    let parameter: Parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(what))
        .schema(Some(text()))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(parameter.into());
}

fn text() -> openapi::schema::Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .build()
}

/// Middleware: where an address does not take the method, says which it takes (RFC 9110, section
/// 15.5.6). The document knows.
///
/// # Errors
/// Those of the service, passed on.
pub async fn allow<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let response = next.call(request).await?;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        tell_methods(response.request());
    }
    Ok(response)
}

/// The same of a single address.
pub async fn not_allowed(request: HttpRequest) -> Answer {
    tell_methods(&request);
    Err(Error::MethodNotAllowed)
}

fn tell_methods(request: &HttpRequest) {
    let pattern = request.match_pattern().unwrap_or_default();
    if let Ok(methods) = HeaderValue::from_str(&methods(&pattern)) {
        headers::tell(request, header::ALLOW, methods);
    }
}

/// Those that an address takes: `GET, POST`.
fn methods(pattern: &str) -> String {
    let item = json()["paths"][pattern].as_object();
    let methods = item.into_iter().flat_map(serde_json::Map::keys);
    methods
        .map(|it| it.to_uppercase())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The document.
pub fn json() -> &'static Value {
    static JSON: LazyLock<Value> =
        LazyLock::new(|| serde_json::to_value(Document::openapi()).unwrap_or_default());
    &JSON
}

/// `GET /openapi.json`
pub async fn show() -> HttpResponse {
    HttpResponse::Ok().json(json())
}

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(PATH).route(web::get().to(show)));
}
