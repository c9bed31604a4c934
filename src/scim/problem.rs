//! Errors in SCIM's words (RFC 7644, section 3.12).

use actix_web::http::StatusCode;

use super::filter::Syntax;
use crate::web::Error;
use crate::web::error::Rejection;

/// An operator or attribute that a filter cannot have.
pub fn filter(detail: impl Into<String>) -> Error {
    rejected(StatusCode::BAD_REQUEST, "invalidFilter", detail)
}

pub fn syntax(error: Syntax) -> Error {
    filter(format!("The filter cannot be read: {error}."))
}

/// A body that is no request of this kind.
pub fn shape(detail: impl Into<String>) -> Error {
    rejected(StatusCode::BAD_REQUEST, "invalidSyntax", detail)
}

/// A path of a change that is none, or leads where nothing can be changed.
pub fn path(detail: impl Into<String>) -> Error {
    rejected(StatusCode::BAD_REQUEST, "invalidPath", detail)
}

/// A change of nothing.
pub fn target(detail: impl Into<String>) -> Error {
    rejected(StatusCode::BAD_REQUEST, "noTarget", detail)
}

pub fn value(detail: impl Into<String>) -> Error {
    rejected(StatusCode::BAD_REQUEST, "invalidValue", detail)
}

pub fn read_only(name: &str) -> Error {
    let detail = format!("{name} is not for clients to change.");
    rejected(StatusCode::BAD_REQUEST, "mutability", detail)
}

/// A removal of what each resource has (RFC 7644, section 3.5.2.2).
pub fn required(name: &str) -> Error {
    let detail = format!("{name} cannot be removed. Replace it.");
    rejected(StatusCode::BAD_REQUEST, "mutability", detail)
}

pub fn taken(detail: impl Into<String>) -> Error {
    rejected(StatusCode::CONFLICT, "uniqueness", detail)
}

/// The resource is not as the client has it.
pub fn outdated() -> Error {
    let detail = "The resource has changed since. Nothing was changed; read it again.";
    rejected(StatusCode::PRECONDITION_FAILED, "", detail)
}

/// A search that takes too long, which is the filter's fault (RFC 7644, table 9).
pub fn too_many() -> Error {
    let detail = "The search takes too long. Ask for less at once.";
    rejected(StatusCode::BAD_REQUEST, "tooMany", detail)
}

fn rejected(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Error {
    Error::Rejected(Rejection {
        status,
        code,
        detail: detail.into(),
    })
}
