//! `POST /oauth/introspect`: the standard question (RFC 7662), for what is made to ask it.

use std::net::IpAddr;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;
use url::form_urlencoded;

use super::verify::Body;
use crate::config::Config;
use crate::gate::{Asked, Caller, Code, Gate, Question, View, user_agent};
use crate::tokens::secret;
use crate::web::client_address::ClientAddress;
use crate::web::{Answer, Now};

/// Of RFC 7662, section 2.2. Times are in seconds since 1970.
#[derive(Serialize)]
struct Description<'a> {
    active: bool,
    scope: String,
    client_id: String,
    username: &'a str,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    iat: i64,
    token_type: &'static str,
}

pub async fn introspect(
    caller: Caller,
    request: HttpRequest,
    source: ClientAddress,
    gate: Data<Gate>,
    config: Data<Config>,
    now: Now,
    Body(body): Body,
) -> Answer {
    let form = match Form::read(&body) {
        Ok(form) => form,
        Err(why) => return Ok(invalid_request(why)),
    };
    let question = Question {
        digest: secret::digest_of(form.token.trim()),
        organization: Some(caller.organization),
        address: form.ip,
        product: None,
        asked: Asked::Nothing,
        operation: "POST /oauth/introspect",
        source: form.ip.map_or(source, ClientAddress),
        user_agent: user_agent(&request),
    };
    let decision = gate.ask(&question, now.0).await?;
    let mut response = HttpResponse::Ok();
    if let Some(warning) = caller.warning.clone() {
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

/// As RFC 6749, section 5.2, has it.
fn invalid_request(why: &'static str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "error": "invalid_request", "error_description": why }))
}
