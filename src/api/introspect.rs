//! `POST /oauth/introspect`: the standard question (RFC 7662), for what is made to ask it.

use std::net::IpAddr;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;
use url::form_urlencoded;
use utoipa::ToSchema;

use super::kit::Address;
use crate::config::Config;
use crate::gate::{Asked, Code, Gate, Inquiry, Question, View, user_agent};
use crate::web::client_address::ClientAddress;
use crate::web::{Answer, Now};

/// What is known of a token that is good (RFC 7662, section 2.2); of another one `active` alone.
/// Times are in seconds since 1970.
#[derive(Serialize, ToSchema)]
#[schema(as = Introspection)]
struct Description<'a> {
    active: bool,
    /// Separated by spaces.
    #[schema(required = false)]
    scope: String,
    /// The token's ID.
    #[schema(required = false)]
    client_id: String,
    /// The email of the owner of an MCP token, or else the token's name.
    #[schema(required = false)]
    username: &'a str,
    /// The ID of the owner of an MCP token, or else the token's.
    #[schema(required = false)]
    sub: String,
    /// The key of the product that it is linked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    aud: Option<&'a str>,
    #[schema(required = false)]
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    #[schema(required = false)]
    iat: i64,
    /// `Bearer`.
    #[schema(required = false)]
    token_type: &'static str,
}

/// A question, as RFC 7662, section 2.1, has it.
#[derive(ToSchema)]
#[schema(as = IntrospectionRequest)]
#[expect(dead_code, reason = "only for the document: `Form` reads it")]
struct Asking {
    token: String,
    /// Passed over.
    #[schema(nullable = false)]
    token_type_hint: Option<String>,
    /// Where the token is used; left out: allowed ranges are not checked.
    #[schema(nullable = false)]
    ip: Option<Address>,
}

/// As RFC 6749, section 5.2, has it.
#[derive(Serialize, ToSchema)]
#[schema(as = IntrospectionError)]
struct InvalidRequest {
    /// `invalid_request`.
    error: &'static str,
    error_description: &'static str,
}

/// Introspect a token
///
/// One of the organisation of the token that asks, which needs `tokens:verify`: as Bearer, or as
/// the password of HTTP Basic.
#[utoipa::path(post, path = "/oauth/introspect", operation_id = "introspectToken", tag = "Gate",
    request_body(content = Asking, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What is known of the token", body = Description),
        (status = 400, description = "The request cannot be read", body = InvalidRequest),
    ))]
pub async fn introspect(
    Inquiry(caller, body): Inquiry,
    request: HttpRequest,
    source: ClientAddress,
    gate: Data<Gate>,
    config: Data<Config>,
    now: Now,
) -> Answer {
    let form = match Form::read(&body) {
        Ok(form) => form,
        Err(why) => return Ok(invalid_request(why)),
    };
    let source = form.ip.map_or(source, ClientAddress);
    let token = form.token.trim();
    let question = Question {
        digest: gate
            .views
            .asked_about(token, caller.tenant.id, source)
            .await?,
        organization: Some(caller.tenant.id),
        address: form.ip,
        product: None,
        asked: Asked::Nothing,
        operation: "POST /oauth/introspect",
        source,
        user_agent: user_agent(&request),
    };
    let decision = gate.ask(&question, now.0).await?;
    let mut response = HttpResponse::Ok();
    if let Some(warning) = decision.expiry_warning() {
        response.insert_header(warning);
    }
    Ok(match (decision.code, decision.view) {
        (Code::Valid, Some(view)) => response.json(active(&view, config.public_url.origin())),
        // Alone: who asks learns nothing of a token that is of no use.
        _ => response.json(json!({ "active": false })),
    })
}

fn active<'a>(view: &'a View, issuer: &'a str) -> Description<'a> {
    let owner = view.owner.as_ref();
    let ends = [view.expires_at, view.secret_retires_at];
    Description {
        active: true,
        scope: view.effective_scopes().to_string(),
        client_id: view.token.to_string(),
        username: owner.map_or(&view.name, |owner| &owner.email),
        sub: owner
            .map_or(view.token.uuid(), |owner| owner.user.uuid())
            .to_string(),
        aud: view.product.as_ref().map(|product| product.key.as_str()),
        iss: issuer,
        exp: ends.into_iter().flatten().min().map(|end| end.timestamp()),
        iat: view.secret_created_at.timestamp(),
        token_type: "Bearer",
    }
}

struct Form {
    token: String,
    /// Where the token is used, which the RFC leaves to us (section 2.1).
    ip: Option<IpAddr>,
}

impl Form {
    /// Parameters that are not known are passed over, `token_type_hint` among them.
    fn read(body: &Bytes) -> Result<Self, &'static str> {
        let one = |name: &str| {
            let mut values = form_urlencoded::parse(body).filter(|(key, _)| key == name);
            match (values.next(), values.next()) {
                (_, Some(_)) => Err("A parameter is sent twice."),
                (value, None) => Ok(value.map(|(_, value)| value.into_owned())),
            }
        };
        let ip = one("ip")?.map(|ip| ip.parse::<IpAddr>());
        Ok(Self {
            token: one("token")?.ok_or("The parameter token is missing.")?,
            ip: ip
                .transpose()
                .map_err(|_| "The parameter ip is no address.")?
                .map(|ip| ip.to_canonical()),
        })
    }
}

fn invalid_request(why: &'static str) -> HttpResponse {
    HttpResponse::BadRequest().json(InvalidRequest {
        error: "invalid_request",
        error_description: why,
    })
}
