//! The audit log.

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::UserId;
use crate::api::kit::{ActionWord, Limit, Page, Paging, Params, Word, term};
use crate::db::Database;
use crate::gate::Reader;
use crate::journal::{self, Entry, Filter};
use crate::web::{Answer, Error};

/// Which list a cursor is of.
const LIST: &str = "audit events";

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/audit-events").route(web::get().to(index)));
}

/// Who changed what.
#[derive(Serialize, ToSchema)]
pub struct AuditEvent {
    id: Uuid,
    at: DateTime<Utc>,
    author: AuditAuthor,
    action: ActionWord,
    subject: AuditSubject,
    changes: Vec<AuditChange>,
}

/// As they were called then.
#[derive(Serialize, ToSchema)]
struct AuditAuthor {
    /// The user; `null` for a program of its own, `AUTH_SECRET` or the command line.
    id: Option<Uuid>,
    name: String,
    /// The token with which it was done.
    token_id: Option<Uuid>,
}

/// As it was called then.
#[derive(Serialize, ToSchema)]
struct AuditSubject {
    id: Uuid,
    name: String,
}

/// `null` where there was or is nothing.
#[derive(Serialize, ToSchema)]
struct AuditChange {
    field: String,
    from: Option<String>,
    to: Option<String>,
}

impl From<Entry> for AuditEvent {
    fn from(entry: Entry) -> Self {
        let changes = entry.changes.into_iter().map(|change| AuditChange {
            field: change.field,
            from: change.from,
            to: change.to,
        });
        Self {
            id: entry.id.uuid(),
            at: entry.at,
            author: AuditAuthor {
                id: entry.author.map(UserId::uuid),
                name: entry.author_name,
                token_id: entry.author_token,
            },
            action: Word(entry.action),
            subject: AuditSubject {
                id: entry.subject_id,
                name: entry.subject_name,
            },
            changes: changes.collect(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    #[param(inline)]
    action: Option<ActionWord>,
    /// The user who did it.
    author_id: Option<Uuid>,
    /// To what it was done.
    subject_id: Option<Uuid>,
    /// A part of what that was called then.
    #[param(max_length = 100)]
    subject_name: Option<String>,
    /// From this instant on.
    from: Option<DateTime<Utc>>,
    /// Before this instant.
    before: Option<DateTime<Utc>>,
    /// How many items a page has.
    #[param(value_type = Option<usize>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<Limit>,
    /// Where to go on: the `next_cursor` of the page before, asked with the same parameters.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

impl Which {
    fn read(self) -> Result<(Filter, usize), Error> {
        let paging = Paging {
            limit: self.limit,
            cursor: self.cursor,
        };
        let filter = Filter {
            author: self.author_id.map(UserId::from),
            action: self.action.map(|action| action.0),
            subject: self.subject_id,
            subject_name: term("subject_name", self.subject_name.as_deref())?,
            from: self.from,
            before: self.before,
            cursor: paging.cursor(LIST)?,
        };
        Ok((filter, paging.limit()?))
    }
}

/// List audit events
///
/// The newest first.
#[utoipa::path(get, path = "/api/v1/audit-events", operation_id = "listAuditEvents",
    tag = "Audit log", params(Which),
    responses((status = 200, description = "A page", body = Page<AuditEvent>)))]
pub async fn index(
    reader: Reader,
    database: Data<Database>,
    Params(which): Params<Which>,
) -> Answer {
    let (filter, limit) = which.read()?;
    let connection = &mut *database.get().await?;
    let slice = journal::page(connection, &reader, &filter, limit).await?;
    Ok(HttpResponse::Ok().json(Page::of(LIST, slice.map(AuditEvent::from))))
}
