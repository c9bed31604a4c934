//! What a caller is told who is not let in.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use chrono::{DateTime, SecondsFormat, Utc};

use super::decision::{Code, Need};
use super::view::View;
use crate::web::Error;
use crate::web::error::Refusal;

/// How every challenge begins (RFC 6750, section 3).
pub const CHALLENGE: &str = r#"Bearer realm="tokendesk""#;

/// `X-Tokendesk-Expires-At`, for a token that ends soon.
#[must_use]
pub fn expiry_warning(view: &View, now: DateTime<Utc>) -> Option<(HeaderName, HeaderValue)> {
    let at = view.near_end(now)?;
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let value = HeaderValue::try_from(at).ok()?;
    Some((HeaderName::from_static("x-tokendesk-expires-at"), value))
}

/// As RFC 6750 has it: no error where nothing was sent, `invalid_token` for what is no good.
#[must_use]
pub fn refused(code: Code, need: Need) -> Error {
    let scope = match need {
        Need::Scope(scope) => scope.as_str(),
        Need::Nothing | Need::Unknown => "",
    };
    let (status, challenge) = match code {
        Code::Missing => (StatusCode::UNAUTHORIZED, CHALLENGE.to_owned()),
        Code::InsufficientScope => (
            StatusCode::FORBIDDEN,
            format!(r#"{CHALLENGE}, error="insufficient_scope", scope="{scope}""#),
        ),
        Code::IpNotAllowed | Code::WrongProduct | Code::UnknownResource => {
            (StatusCode::FORBIDDEN, CHALLENGE.to_owned())
        }
        _ => (
            StatusCode::UNAUTHORIZED,
            format!(r#"{CHALLENGE}, error="invalid_token""#),
        ),
    };
    Error::Refused(Refusal {
        status,
        code: code.as_str(),
        detail: detail(code).to_owned(),
        challenge,
    })
}

#[must_use]
pub fn several() -> Error {
    Error::Refused(Refusal {
        status: StatusCode::BAD_REQUEST,
        code: "invalid_request",
        detail: "Send the token once: in Authorization or in X-API-Token.".to_owned(),
        challenge: format!(r#"{CHALLENGE}, error="invalid_request""#),
    })
}

/// The operator has to change something first; the log says what.
#[must_use]
pub fn misconfigured(detail: &str) -> Error {
    Error::Refused(Refusal {
        status: StatusCode::FORBIDDEN,
        code: "misconfigured",
        detail: detail.to_owned(),
        challenge: CHALLENGE.to_owned(),
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
        Code::UnknownResource => "No resource that tokens are for has this method and path.",
        Code::Valid => "The token is valid.",
    }
}
