//! PostgreSQL's errors (<https://www.postgresql.org/docs/current/errcodes-appendix.html>) as
//! Diesel's.

use std::io;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// The error and what led to it, as PostgreSQL's client tells the latter apart only.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_alone = cause.to_string();
        // Some errors say their cause themselves.
        if !message.ends_with(&cause_alone) {
            message = format!("{message}: {cause_alone}");
        }
        source = cause.source();
    }
    message
}

pub fn explained(error: tokio_postgres::Error) -> Error {
    let (message, is_closed) = (error.to_string(), error.is_closed());
    let Some(source) = error.into_source() else {
        return unanswered(is_closed, message);
    };
    match source.downcast::<DbError>() {
        Ok(refusal) => Error::DatabaseError(kind(refusal.code()), Box::new(Refusal(*refusal))),
        Err(source) => unanswered(source.is::<io::Error>(), format!("{message}: {source}")),
    }
}

fn unanswered(is_closed: bool, message: String) -> Error {
    let kind = if is_closed {
        DatabaseErrorKind::ClosedConnection
    } else {
        DatabaseErrorKind::UnableToSendCommand
    };
    Error::DatabaseError(kind, Box::new(message))
}

fn kind(code: &SqlState) -> DatabaseErrorKind {
    match *code {
        SqlState::UNIQUE_VIOLATION => DatabaseErrorKind::UniqueViolation,
        SqlState::FOREIGN_KEY_VIOLATION => DatabaseErrorKind::ForeignKeyViolation,
        SqlState::RESTRICT_VIOLATION => DatabaseErrorKind::RestrictViolation,
        SqlState::EXCLUSION_VIOLATION => DatabaseErrorKind::ExclusionViolation,
        SqlState::NOT_NULL_VIOLATION => DatabaseErrorKind::NotNullViolation,
        SqlState::CHECK_VIOLATION => DatabaseErrorKind::CheckViolation,
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::LOCK_NOT_AVAILABLE => DatabaseErrorKind::SerializationFailure,
        // It may read, and write again when there is room.
        SqlState::READ_ONLY_SQL_TRANSACTION
        | SqlState::DISK_FULL
        | SqlState::OUT_OF_MEMORY
        | SqlState::INSUFFICIENT_RESOURCES => DatabaseErrorKind::ReadOnlyTransaction,
        // The server, or the pooler in front of it, ends the connection.
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::PROTOCOL_VIOLATION => DatabaseErrorKind::ClosedConnection,
        _ => DatabaseErrorKind::Unknown,
    }
}

/// Diesel has no kind for it, and servers say it in their own language.
const CANCELED: &str = "the statement was canceled, as it took too long or somebody asked for it";

/// Whether the server gave up a statement, as one does that takes too long.
#[must_use]
pub fn is_canceled(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(_, refusal) if refusal.message() == CANCELED)
}

/// Diesel has no kind for that either.
#[derive(Debug, thiserror::Error)]
#[error("whoever asked for the change may not make it any more")]
struct Unauthorized;

/// That whoever asked for a change may not make it any more.
#[must_use]
pub fn unauthorized() -> Error {
    Error::QueryBuilderError(Box::new(Unauthorized))
}

#[must_use]
pub fn is_unauthorized(error: &Error) -> bool {
    matches!(error, Error::QueryBuilderError(source) if source.is::<Unauthorized>())
}

struct Refusal(DbError);

impl DatabaseErrorInformation for Refusal {
    fn message(&self) -> &str {
        match *self.0.code() {
            SqlState::QUERY_CANCELED => CANCELED,
            _ => self.0.message(),
        }
    }

    fn details(&self) -> Option<&str> {
        self.0.detail()
    }

    fn hint(&self) -> Option<&str> {
        self.0.hint()
    }

    fn table_name(&self) -> Option<&str> {
        self.0.table()
    }

    fn column_name(&self) -> Option<&str> {
        self.0.column()
    }

    fn constraint_name(&self) -> Option<&str> {
        self.0.constraint()
    }

    fn statement_position(&self) -> Option<i32> {
        match *self.0.position()? {
            ErrorPosition::Original(at) | ErrorPosition::Internal { position: at, .. } => {
                at.try_into().ok()
            }
        }
    }
}
