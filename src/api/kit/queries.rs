//! Idempotency keys in the database.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use crate::access::OrganizationId;
use crate::db::Connection;
use crate::db::schema::idempotency_keys;
use crate::secret::Digest;

/// Which request it is.
#[derive(Clone, Copy)]
pub struct Once {
    pub key: Digest,
    pub request: Digest,
}

/// Who asks: a key is that of one credential in one organisation.
#[derive(Clone, Copy)]
pub struct Asker {
    pub organization: OrganizationId,
    /// The token; all zeros for `AUTH_SECRET`.
    pub credential: Uuid,
}

/// Whether a request is the first with its key.
pub enum Claim {
    Ours,
    Before { request: Vec<u8>, answer: Value },
}

/// To be called in the transaction that creates: whoever claims the same key waits for its end.
/// One from before `expired` counts no more.
pub async fn claim(
    connection: &mut Connection,
    asker: Asker,
    once: Once,
    now: DateTime<Utc>,
    expired: DateTime<Utc>,
) -> QueryResult<Claim> {
    let key = (
        idempotency_keys::organization_id,
        idempotency_keys::caller,
        idempotency_keys::key,
    );
    let claimed = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::organization_id.eq(asker.organization),
            idempotency_keys::caller.eq(asker.credential),
            idempotency_keys::key.eq(&once.key.as_bytes()[..]),
            idempotency_keys::request.eq(&once.request.as_bytes()[..]),
            idempotency_keys::created_at.eq(now),
        ))
        .on_conflict(key)
        .do_update()
        .set((
            idempotency_keys::request.eq(excluded(idempotency_keys::request)),
            idempotency_keys::answer.eq(None::<Value>),
            idempotency_keys::created_at.eq(excluded(idempotency_keys::created_at)),
        ))
        .filter(idempotency_keys::created_at.le(expired))
        .execute(connection)
        .await?;
    if claimed == 1 {
        return Ok(Claim::Ours);
    }
    let (request, answer): (Vec<u8>, Option<Value>) = idempotency_keys::table
        .find((
            asker.organization,
            asker.credential,
            &once.key.as_bytes()[..],
        ))
        .select((idempotency_keys::request, idempotency_keys::answer))
        .get_result(connection)
        .await?;
    Ok(Claim::Before {
        request,
        answer: answer.unwrap_or_default(),
    })
}

pub async fn keep(
    connection: &mut Connection,
    asker: Asker,
    once: Once,
    answer: Value,
) -> QueryResult<usize> {
    diesel::update(idempotency_keys::table.find((
        asker.organization,
        asker.credential,
        &once.key.as_bytes()[..],
    )))
    .set(idempotency_keys::answer.eq(answer))
    .execute(connection)
    .await
}

pub async fn delete_before(
    connection: &mut Connection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(idempotency_keys::table)
        .filter(idempotency_keys::created_at.le(before))
        .execute(connection)
        .await
}
