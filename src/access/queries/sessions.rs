//! Sessions in the database.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{auto_type, not};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde_json::Value;

use crate::access::{OrganizationId, UserId};
use crate::db::Connection;
use crate::db::schema::{sessions, users};
use crate::secret::Digest;

/// A session ends when it was not used for this long,
pub const IDLE: TimeDelta = TimeDelta::hours(12);
/// and in any case after this long.
const ABSOLUTE: TimeDelta = TimeDelta::days(30);

/// Where its state has the organisation that its user looked at last.
pub const ORGANIZATION: &str = "organization";

/// Whether a session has not ended.
#[auto_type(no_type_alias)]
fn is_open(now: DateTime<Utc>) -> _ {
    let begun: DateTime<Utc> = now - ABSOLUTE;
    let seen: DateTime<Utc> = now - IDLE;
    sessions::created_at
        .gt(begun)
        .and(sessions::last_seen_at.gt(seen))
}

/// The state of a session that has not ended.
pub async fn find(
    connection: &mut Connection,
    digest: &Digest,
    now: DateTime<Utc>,
) -> QueryResult<Option<Value>> {
    sessions::table
        .find(&digest.as_bytes()[..])
        .filter(is_open(now))
        .select(sessions::state)
        .get_result(connection)
        .await
        .optional()
}

/// Of somebody who has signed in with the password that has this hash: if they have another by now, there
/// is no session.
pub async fn insert(
    connection: &mut Connection,
    digest: &Digest,
    signed_in: Option<&(UserId, String)>,
    state: Value,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            if let Some((user, hash)) = signed_in
                && !hold_password(connection, *user, hash).await?
            {
                return Ok(());
            }
            diesel::insert_into(sessions::table)
                .values((
                    sessions::digest.eq(&digest.as_bytes()[..]),
                    sessions::user_id.eq(signed_in.map(|(user, _)| *user)),
                    sessions::state.eq(state),
                    sessions::created_at.eq(now),
                    sessions::last_seen_at.eq(now),
                ))
                .execute(connection)
                .await?;
            Ok(())
        })
        .await
}

/// Whether this is the hash of the user's password. It stays so until the transaction ends: whoever
/// changes it then does away with what is begun by it.
pub async fn hold_password(
    connection: &mut Connection,
    user: UserId,
    hash: &str,
) -> QueryResult<bool> {
    let held = users::table
        .filter(users::id.eq(user))
        .filter(users::password_hash.eq(hash))
        .select(users::id)
        .for_share()
        .get_result::<UserId>(connection)
        .await
        .optional()?;
    Ok(held.is_some())
}

/// Returns whether the session still existed.
pub async fn update(
    connection: &mut Connection,
    digest: &Digest,
    user: Option<UserId>,
    state: Value,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let updated = diesel::update(sessions::table.find(&digest.as_bytes()[..]))
        .set((
            sessions::user_id.eq(user),
            sessions::state.eq(state),
            sessions::last_seen_at.eq(now),
        ))
        .execute(connection)
        .await?;
    Ok(updated == 1)
}

/// Notes that the session was seen, unless that was noted after `unless_since`.
pub async fn touch(
    connection: &mut Connection,
    digest: &Digest,
    unless_since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(sessions::table.find(&digest.as_bytes()[..]))
        .filter(sessions::last_seen_at.lt(unless_since))
        .set(sessions::last_seen_at.eq(now))
        .execute(connection)
        .await?;
    Ok(())
}

/// State, beginning and last use of the user's sessions that have not ended, the last used first.
pub async fn of(
    connection: &mut Connection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<(Value, DateTime<Utc>, DateTime<Utc>)>> {
    sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(is_open(now))
        .order((sessions::last_seen_at.desc(), sessions::created_at.desc()))
        .select((
            sessions::state,
            sessions::created_at,
            sessions::last_seen_at,
        ))
        .load(connection)
        .await
}

/// Ends the user's sessions in whose state `name` is not `value`.
pub async fn end_but(
    connection: &mut Connection,
    user: UserId,
    name: &str,
    value: &str,
) -> QueryResult<usize> {
    diesel::delete(sessions::table)
        .filter(sessions::user_id.eq(user))
        .filter(
            sessions::state
                .retrieve_as_text(name)
                .is_distinct_from(value),
        )
        .execute(connection)
        .await
}

/// Ends the user's sessions in the organisation: those that look at it, and those in which none
/// was chosen; how many there were.
pub async fn end_in(
    connection: &mut Connection,
    user: UserId,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let chosen = sessions::state.retrieve_as_text(ORGANIZATION);
    // As JSON has it.
    let organization = format!("\"{organization}\"");
    diesel::delete(sessions::table)
        .filter(sessions::user_id.eq(user))
        .filter(is_open(now))
        .filter(chosen.is_null().or(chosen.eq(organization)))
        .execute(connection)
        .await
}

/// Ends all of the user's sessions, in whichever organisation.
pub async fn end_all(connection: &mut Connection, user: UserId) -> QueryResult<usize> {
    diesel::delete(sessions::table)
        .filter(sessions::user_id.eq(user))
        .execute(connection)
        .await
}

pub async fn delete(connection: &mut Connection, digest: &Digest) -> QueryResult<()> {
    diesel::delete(sessions::table.find(&digest.as_bytes()[..]))
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets those that have ended.
pub async fn delete_ended(connection: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(sessions::table)
        .filter(not(is_open(now)))
        .execute(connection)
        .await
}
