//! Who calls one of our own APIs: an extractor that asks the gate.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest, web};

use super::credential::Credential;
use super::decision::{Code, Request, View, decide};
use super::usage::{Decided, Usage};
use super::views::Views;
use crate::web::client_address::ClientAddress;
use crate::web::error::Refusal;
use crate::web::{Error, now, state};

/// A caller with a valid token. Only the gate makes one.
#[derive(Debug)]
pub struct Caller(Arc<View>);

impl std::ops::Deref for Caller {
    type Target = View;

    fn deref(&self) -> &View {
        &self.0
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { admit(&request).await.map(Self) })
    }
}

/// Decides, and counts the decision about a token that is known.
async fn admit(request: &HttpRequest) -> Result<Arc<View>, Error> {
    let digest = match Credential::of(request.headers()) {
        Credential::Token(digest) => digest,
        Credential::Missing => return Err(refused(Code::Missing)),
        Credential::Malformed => return Err(refused(Code::Unknown)),
        Credential::Several => return Err(several()),
    };
    let view = state::<Views>(request).get(&digest).await?;
    let (address, now) = (ClientAddress::of(request), now(request));
    let asked = Request {
        address: address.0,
        product: None,
        scope: None,
    };
    let code = decide(view.as_deref(), &asked, now);
    let view = view.ok_or_else(|| refused(code))?;
    let user_agent = request.headers().get(USER_AGENT);
    state::<Usage>(request).count(&Decided {
        token: view.token,
        code,
        operation: operation(request),
        address,
        user_agent: user_agent.and_then(|agent| agent.to_str().ok()),
        at: now,
    });
    match code {
        Code::Valid => Ok(view),
        code => Err(refused(code)),
    }
}

/// An operation of ours, by which calls are counted.
#[derive(Clone, Copy, Debug)]
pub struct Operation(pub &'static str);

fn operation(request: &HttpRequest) -> &'static str {
    request
        .app_data::<web::Data<Operation>>()
        .map_or("other", |operation| operation.0)
}

fn several() -> Error {
    Error::Refused(Refusal {
        status: StatusCode::BAD_REQUEST,
        code: "invalid_request",
        detail: "Send the token once: in Authorization or in X-API-Token.".to_owned(),
        challenge: r#"Bearer realm="tokendesk", error="invalid_request""#.to_owned(),
    })
}

/// As RFC 6750 has it: no error where nothing was sent, `invalid_token` for what is no good.
fn refused(code: Code) -> Error {
    let (status, error) = match code {
        Code::Missing => (StatusCode::UNAUTHORIZED, ""),
        Code::InsufficientScope => (StatusCode::FORBIDDEN, r#", error="insufficient_scope""#),
        Code::IpNotAllowed | Code::WrongProduct => (StatusCode::FORBIDDEN, ""),
        _ => (StatusCode::UNAUTHORIZED, r#", error="invalid_token""#),
    };
    Error::Refused(Refusal {
        status,
        code: code.as_str(),
        detail: detail(code).to_owned(),
        challenge: format!(r#"Bearer realm="tokendesk"{error}"#),
    })
}

/// What the caller can do about it.
fn detail(code: Code) -> &'static str {
    match code {
        Code::Missing => "Send a token: Authorization: Bearer, or X-API-Token.",
        Code::Unknown => "This token is not known. Check that it was copied whole.",
        Code::Revoked => "This token was revoked. Ask an administrator for another.",
        Code::Expired => "This token has expired. Ask an administrator to extend it.",
        Code::Disabled => "This token is disabled. Ask an administrator to enable it.",
        Code::Retired => "This secret was replaced by a rotation. Use the new one.",
        Code::OwnerInactive => "The owner of this token is no longer active here.",
        Code::IpNotAllowed => "This token may not be used from your address.",
        Code::WrongProduct => "This token is for another product.",
        Code::InsufficientScope => "This token lacks the scope that the operation needs.",
        Code::Valid => "The token is valid.",
    }
}
