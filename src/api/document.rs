//! The OpenAPI document: made of the handlers, and of what holds for all of them.

mod common;

use std::io;
use std::sync::LazyLock;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, web};
use serde_json::Value;
use utoipa::OpenApi;

use self::common::Common;
use super::admin::{
    audit, explanations, groups, invitations, mcp_tokens, members, products, resources,
    responsible, servers, tokens,
};
use super::problem::Problem;
use super::{introspect, token, user, verify};
use crate::web::fixed::Fixed;
use crate::web::{Answer, Error, headers};

/// The address of the document.
pub const PATH: &str = "/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tokendesk",
        description = "Manages an organisation: its API tokens, what they protect, and who is in \
            it.\n\nEach request brings a token: \
            `Authorization: Bearer`, `Authorization: Basic` (as user or password) or `X-API-Token`. \
            Reading needs the scope `admin:read`, the rest \
            `admin:write`. Times are UTC. Lists come in pages: `next_cursor` leads to the next.\n\n\
            A POST that creates something takes an `Idempotency-Key`, kept for a day: the same \
            request again creates nothing and gets the same answer, without the secret, which is \
            kept nowhere. Whatever changes or deletes a thing takes `If-Match` with the `ETag` \
            that was read: of another version nothing is changed.\n\nWhat takes \
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
        explanations::of_token,
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
        explanations::of_mcp_token,
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
        responsible::index,
        responsible::hand_over,
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
#[must_use]
pub fn json() -> &'static Value {
    static JSON: LazyLock<Value> =
        LazyLock::new(|| serde_json::to_value(Document::openapi()).unwrap_or_default());
    &JSON
}

/// `GET /openapi.json`
pub async fn show(request: HttpRequest) -> Answer {
    static WRITTEN: LazyLock<io::Result<Fixed>> =
        LazyLock::new(|| Fixed::new("application/json", json().to_string()));
    let written = WRITTEN.as_ref().map_err(Error::internal)?;
    Ok(written.answer(&request))
}

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(PATH).route(web::get().to(show)));
}
