//! Why requests are refused, as the document tells it. `web::error` writes the answers.

use actix_web::ResponseError;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::gate::{Code, Need, refused};
use crate::web::error::ProblemCode;

/// Why a request was refused (RFC 9457).
#[derive(Serialize, ToSchema)]
pub struct Problem {
    r#type: String,
    title: String,
    status: u16,
    #[schema(inline)]
    code: Word,
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

/// One of the codes.
#[derive(Serialize)]
struct Word(&'static str);

impl PartialSchema for Word {
    fn schema() -> RefOr<Schema> {
        let all = all();
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "For programs: what is wrong. A code never changes its meaning.",
            ))
            .enum_values(Some(all.iter().map(|it| it.code)))
            .into()
    }
}

impl ToSchema for Word {}

/// A code, and what it is sent for.
pub struct Told {
    pub code: &'static str,
    pub status: StatusCode,
    pub meaning: &'static str,
}

/// All that programs are told, the gate's first.
pub fn all() -> Vec<Told> {
    let gate = Code::ALL.iter().filter_map(|code| of_gate(*code));
    let set_up = [
        Told {
            code: "invalid_request",
            status: StatusCode::BAD_REQUEST,
            meaning: "More than one token was sent",
        },
        Told {
            code: "misconfigured",
            status: StatusCode::FORBIDDEN,
            meaning: "The operator has to say which organisation is meant",
        },
    ];
    let ours = ProblemCode::ALL.iter().filter_map(|code| of_ours(*code));
    gate.chain(set_up).chain(ours).collect()
}

fn of_gate(code: Code) -> Option<Told> {
    let meaning = match code {
        Code::Missing => "No token was sent",
        Code::Unknown => "Never issued, deleted, or not copied whole",
        Code::Revoked => "The token was revoked",
        Code::Expired => "The token has expired",
        Code::Disabled => "The token is disabled",
        Code::Retired => "A secret that a rotation has replaced",
        Code::OwnerInactive => "A personal token whose owner was deactivated or left",
        Code::IpNotAllowed => "Your address is outside the allowed ranges",
        Code::WrongProduct => "Linked to another product than the one asked for",
        Code::InsufficientScope => "The operation needs another scope",
        Code::UnknownResource => "No resource has this method and path",
        Code::Valid => return None,
    };
    let status = refused(code, Need::Nothing).status_code();
    Some(Told {
        code: code.as_str(),
        status,
        meaning,
    })
}

/// `None` for what only pages are told.
fn of_ours(code: ProblemCode) -> Option<Told> {
    use StatusCode as Is;
    let (status, meaning) = match code {
        ProblemCode::NotFound => (Is::NOT_FOUND, "It is not there, or not your organisation's"),
        ProblemCode::MethodNotAllowed => (
            Is::METHOD_NOT_ALLOWED,
            "Allow lists the methods that there are",
        ),
        ProblemCode::Malformed => (Is::BAD_REQUEST, "The request cannot be read"),
        ProblemCode::Invalid => (
            Is::UNPROCESSABLE_ENTITY,
            "Fields or parameters are wrong: errors has each",
        ),
        ProblemCode::Taken => (Is::CONFLICT, "Something else has this name, key or email"),
        ProblemCode::BeyondOwn => (
            Is::FORBIDDEN,
            "It would give more than your own token has: errors has each field",
        ),
        ProblemCode::PreconditionFailed => (
            Is::PRECONDITION_FAILED,
            "It is not of the version that If-Match names",
        ),
        ProblemCode::IdempotencyKeyReused => (
            Is::UNPROCESSABLE_ENTITY,
            "The key came with another request in the last 24 hours",
        ),
        ProblemCode::UnsupportedMediaType => {
            (Is::UNSUPPORTED_MEDIA_TYPE, "The body is of another type")
        }
        ProblemCode::TooLarge => (Is::PAYLOAD_TOO_LARGE, "The body is too large"),
        ProblemCode::Conflict => (Is::CONFLICT, "It cannot be done as things are now"),
        ProblemCode::TooManyRequests => (
            Is::TOO_MANY_REQUESTS,
            "Too many requests, or too many wrong secrets: Retry-After says when to try again",
        ),
        ProblemCode::Unavailable => (
            Is::SERVICE_UNAVAILABLE,
            "The database does not answer; nothing was changed",
        ),
        ProblemCode::Internal => (
            Is::INTERNAL_SERVER_ERROR,
            "Something went wrong on our side; nothing was changed",
        ),
        ProblemCode::Forbidden => (
            Is::FORBIDDEN,
            "Whoever asks may not do this any more; nothing was changed",
        ),
        ProblemCode::SignInRequired | ProblemCode::Forged => return None,
    };
    Some(Told {
        code: code.as_str(),
        status,
        meaning,
    })
}
