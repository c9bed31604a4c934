//! The one error type; [`render`] shows it.

mod render;

use std::borrow::Cow;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::pooled_connection::deadpool::PoolError;

use crate::db::is_unauthorized;
use crate::db::types::text_enum;
use crate::fleet;
use crate::web::format::counted;

pub use render::render;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a request is not answered as asked. Invalid input is not among these: it is a form
/// to show again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not the viewer's.
    #[error("not found")]
    NotFound,
    /// The code in a link that is sent to people is none, or not one any more.
    #[error("link ended")]
    LinkEnded,
    #[error("method not allowed")]
    MethodNotAllowed,
    /// A path, query or body that no page or documentation of ours leads to.
    #[error("malformed request: {0}")]
    Malformed(Cow<'static, str>),
    /// Fields of an API's request, all that are wrong at once.
    #[error("invalid: {}", list(.0))]
    Invalid(Vec<Mistake>),
    /// Something else of the organisation's has this value in its field.
    #[error("taken: {}", .0.field)]
    Taken(Mistake),
    /// More than the credential has, by field: nobody gives more than that.
    #[error("beyond the credential: {}", list(.0))]
    Beyond(Vec<Mistake>),
    /// What is to be changed is not of the version that `If-Match` names.
    #[error("precondition failed")]
    PreconditionFailed,
    /// The `Idempotency-Key` came before, with another request.
    #[error("idempotency key reused")]
    KeyReused,
    /// The body is of another type than this.
    #[error("unsupported media type")]
    UnsupportedMediaType(&'static str),
    #[error("body too large")]
    TooLarge,
    #[error("sign-in required")]
    SignInRequired,
    #[error("forbidden")]
    Forbidden,
    /// A form that we did not hand to this browser, or too long ago.
    #[error("forged or outdated form")]
    Forged,
    /// Somebody else was faster; nothing was changed.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// The same, said of what it is now.
    #[error("conflict: {0}")]
    Stale(String),
    /// Others keep changing it.
    #[error("overtaken")]
    Overtaken,
    #[error("too many requests")]
    TooMany { retry_after_seconds: i64 },
    /// An API's caller may not do this.
    #[error("refused: {}", .0.code)]
    Refused(Refusal),
    /// A request of another protocol that cannot be carried out, in that protocol's words.
    #[error("rejected: {}", .0.detail)]
    Rejected(Rejection),
    #[error("database unavailable: {0}")]
    Unavailable(Source),
    #[error("internal error: {0}")]
    Internal(Source),
}

text_enum! {
    /// What went wrong, in a name that never changes. The gate's own codes stand beside these.
    ProblemCode {
        NotFound = "not_found",
        MethodNotAllowed = "method_not_allowed",
        Malformed = "malformed",
        Invalid = "invalid",
        Taken = "taken",
        BeyondOwn = "beyond_own",
        PreconditionFailed = "precondition_failed",
        IdempotencyKeyReused = "idempotency_key_reused",
        UnsupportedMediaType = "unsupported_media_type",
        TooLarge = "too_large",
        SignInRequired = "sign_in_required",
        Forbidden = "forbidden",
        Forged = "forged",
        Conflict = "conflict",
        TooManyRequests = "too_many_requests",
        Unavailable = "unavailable",
        Internal = "internal",
    }
}

/// What is wrong with a field of an API's request, and what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// Its place in the JSON, such as `scopes[1]`, or the parameter's name.
    pub field: String,
    pub detail: String,
}

impl Mistake {
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

/// By field, and nothing of what was sent.
fn list(mistakes: &[Mistake]) -> String {
    let fields: Vec<&str> = mistakes.iter().map(|it| it.field.as_str()).collect();
    fields.join(", ")
}

/// An answer of the gate that is not yes.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    /// Stable, for programs.
    pub code: &'static str,
    /// For people: what to do.
    pub detail: String,
    /// `WWW-Authenticate`, by RFC 6750.
    pub challenge: String,
}

/// What is wrong with a request.
#[derive(Debug)]
pub struct Rejection {
    pub status: StatusCode,
    /// Stable, for programs; empty if the status says it all.
    pub code: &'static str,
    /// For people: what to do.
    pub detail: String,
}

impl Error {
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::Internal(source.into())
    }

    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Mistake::new(shown(field.into()), detail)])
    }

    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            status if status.is_client_error() => Self::Malformed(
                status
                    .canonical_reason()
                    .unwrap_or("it cannot be read")
                    .into(),
            ),
            status => Self::internal(format!("answered {status}")),
        }
    }

    /// What happened and what to do, for people.
    fn explanation(&self) -> Cow<'static, str> {
        match self {
            Self::NotFound => "There is nothing at this address, or it is not yours to see.".into(),
            Self::LinkEnded => {
                "A link like this works once and for a few days, and can be revoked. \
                                Ask whoever sent it for another; or sign in, if you have opened it \
                                before."
                    .into()
            }
            Self::MethodNotAllowed => "This address does not take that method.".into(),
            Self::Malformed(why) => format!("The request cannot be read: {why}.").into(),
            Self::Invalid(mistakes) | Self::Beyond(mistakes) => {
                let each = mistakes
                    .iter()
                    .map(|it| format!("{}: {}", it.field, it.detail));
                each.collect::<Vec<_>>().join(" ").into()
            }
            Self::Taken(mistake) => format!("{}: {}", mistake.field, mistake.detail).into(),
            Self::PreconditionFailed => {
                "It was changed after you read it. Read it again, and send its ETag as If-Match. \
                 Nothing was changed."
                    .into()
            }
            Self::KeyReused => "This Idempotency-Key came with another request in the last 24 \
                                hours. Use a new key for each request."
                .into(),
            Self::UnsupportedMediaType(wanted) => {
                format!("Send the body with Content-Type: {wanted}.").into()
            }
            Self::TooLarge => "The body is larger than this address takes.".into(),
            Self::SignInRequired => "Nothing was changed. Sign in, then try again.".into(),
            Self::Forbidden => "You may not do this, or not any more. Ask an administrator.".into(),
            Self::Forged => "The form is out of date. Go back, reload the page and send it again; \
                             nothing was changed."
                .into(),
            Self::Conflict(why) => (*why).into(),
            Self::Stale(why) => why.clone().into(),
            Self::Overtaken => {
                "Others kept changing it meanwhile. Nothing was changed; try again.".into()
            }
            Self::TooMany {
                retry_after_seconds,
            } => {
                let wait = counted(*retry_after_seconds, "second", "seconds");
                format!("Try again in {wait}.").into()
            }
            Self::Refused(refusal) => refusal.detail.clone().into(),
            Self::Rejected(rejection) => rejection.detail.clone().into(),
            Self::Unavailable(_) => {
                "The database does not answer, or can write nothing now. Nothing was changed; try again in a \
                 moment."
                    .into()
            }
            Self::Internal(_) => "Something went wrong on our side. Nothing was changed; the \
                                  request ID below leads to the log."
                .into(),
        }
    }

    /// What is wrong, by field.
    fn mistakes(&self) -> &[Mistake] {
        match self {
            Self::Invalid(mistakes) | Self::Beyond(mistakes) => mistakes,
            Self::Taken(mistake) => std::slice::from_ref(mistake),
            _ => &[],
        }
    }

    fn code(&self) -> &'static str {
        let code = match self {
            Self::NotFound | Self::LinkEnded => ProblemCode::NotFound,
            Self::MethodNotAllowed => ProblemCode::MethodNotAllowed,
            Self::Malformed(_) => ProblemCode::Malformed,
            Self::Invalid(_) => ProblemCode::Invalid,
            Self::Taken(_) => ProblemCode::Taken,
            Self::Beyond(_) => ProblemCode::BeyondOwn,
            Self::PreconditionFailed => ProblemCode::PreconditionFailed,
            Self::KeyReused => ProblemCode::IdempotencyKeyReused,
            Self::UnsupportedMediaType(_) => ProblemCode::UnsupportedMediaType,
            Self::TooLarge => ProblemCode::TooLarge,
            Self::SignInRequired => ProblemCode::SignInRequired,
            Self::Forbidden => ProblemCode::Forbidden,
            Self::Forged => ProblemCode::Forged,
            Self::Conflict(_) | Self::Stale(_) | Self::Overtaken => ProblemCode::Conflict,
            Self::TooMany { .. } => ProblemCode::TooManyRequests,
            Self::Refused(refusal) => return refusal.code,
            Self::Rejected(rejection) => return rejection.code,
            Self::Unavailable(_) => ProblemCode::Unavailable,
            Self::Internal(_) => ProblemCode::Internal,
        };
        code.as_str()
    }

    fn headers(&self, response: &mut HttpResponseBuilder) {
        match self {
            Self::TooMany {
                retry_after_seconds,
            } => {
                response.insert_header((header::RETRY_AFTER, *retry_after_seconds));
            }
            Self::Unavailable(_) => {
                response.insert_header((header::RETRY_AFTER, 5));
            }
            Self::Refused(refusal) => {
                response.insert_header((header::WWW_AUTHENTICATE, refusal.challenge.as_str()));
            }
            _ => {}
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::LinkEnded => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Invalid(_) | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::SignInRequired => StatusCode::UNAUTHORIZED,
            Self::Beyond(_) | Self::Forbidden | Self::Forged => StatusCode::FORBIDDEN,
            Self::Conflict(_) | Self::Stale(_) | Self::Overtaken | Self::Taken(_) => {
                StatusCode::CONFLICT
            }
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(refusal) => refusal.status,
            Self::Rejected(rejection) => rejection.status,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Bare: [`render`] gives it its body.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}

/// What is sent as a field's name may be a secret, of which the beginning may be shown. No field of ours has
/// so long a name.
fn shown(field: String) -> String {
    const LONGEST: usize = 28;
    let is_long = |name: &str| name.len() > LONGEST;
    if !field.split('.').any(is_long) {
        return field;
    }
    let short = |name: &str| {
        if is_long(name) {
            name.chars().take(8).chain(['…']).collect()
        } else {
            name.to_owned()
        }
    };
    field.split('.').map(short).collect::<Vec<_>>().join(".")
}

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::NotFound => Self::NotFound,
            // The same may well succeed a moment later.
            QueryError::DatabaseError(
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ReadOnlyTransaction,
                _,
            )
            | QueryError::BrokenTransactionManager => Self::Unavailable(error.into()),
            error if is_unauthorized(&error) => Self::Forbidden,
            error => Self::internal(error),
        }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(error.to_string().into())
    }
}

impl From<fleet::queries::Error> for Error {
    fn from(error: fleet::queries::Error) -> Self {
        match error {
            fleet::queries::Error::Unreachable(error) => error.into(),
            fleet::queries::Error::Refused(error) => error.into(),
        }
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}
