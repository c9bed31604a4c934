//! Attempts to sign in, and the browsers in which one succeeded.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::access::{UserId, session};
use crate::db::Connection;
use crate::db::schema::{known_browsers, sign_in_throttle, users};
use crate::identity::drafts::Email;
use crate::secret::Digest;

/// Whether the owner of the email has signed in with this browser before.
pub async fn is_known_browser(
    connection: &mut Connection,
    email: &Email,
    browser: &Digest,
) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        known_browsers::table
            .inner_join(users::table)
            .filter(users::email.eq(email.as_str()))
            .filter(known_browsers::digest.eq(&browser.as_bytes()[..])),
    ))
    .get_result(connection)
    .await
}

/// So many browsers of one user are remembered, the last ones: each has attempts of its own.
const MOST_BROWSERS: i64 = 20;

/// One in which the user has signed in with the password that has this hash, if they still have it.
pub async fn remember_browser(
    connection: &mut Connection,
    (user, password_hash): (UserId, &str),
    browser: &Digest,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            if !session::hold_password(connection, user, password_hash).await? {
                return Ok(());
            }
            diesel::insert_into(known_browsers::table)
                .values((
                    known_browsers::digest.eq(&browser.as_bytes()[..]),
                    known_browsers::user_id.eq(user),
                    known_browsers::created_at.eq(now),
                ))
                .execute(connection)
                .await?;
            let older = known_browsers::table
                .filter(known_browsers::user_id.eq(user))
                .order((
                    known_browsers::created_at.desc(),
                    known_browsers::digest.desc(),
                ))
                .offset(MOST_BROWSERS)
                .select(known_browsers::digest)
                .load::<Vec<u8>>(connection)
                .await?;
            diesel::delete(known_browsers::table)
                .filter(known_browsers::digest.eq_any(older))
                .execute(connection)
                .await?;
            Ok(())
        })
        .await
}

/// Who knew the former password is known by no browser.
pub async fn forget_browsers(connection: &mut Connection, user: UserId) -> QueryResult<usize> {
    diesel::delete(known_browsers::table)
        .filter(known_browsers::user_id.eq(user))
        .execute(connection)
        .await
}

/// The attempts that count against someone.
#[derive(Clone, Debug, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = sign_in_throttle)]
pub struct Attempts {
    pub failures: i32,
    pub last_attempt_at: DateTime<Utc>,
    pub blocked_until: DateTime<Utc>,
}

/// Those so far; nobody else can count until the transaction ends. The update that changes
/// nothing takes the lock even where the row is made or deleted at this moment.
pub async fn lock_attempts(
    connection: &mut Connection,
    subject: &Digest,
    now: DateTime<Utc>,
) -> QueryResult<Attempts> {
    diesel::insert_into(sign_in_throttle::table)
        .values((
            sign_in_throttle::digest.eq(&subject.as_bytes()[..]),
            sign_in_throttle::failures.eq(0),
            sign_in_throttle::last_attempt_at.eq(now),
            sign_in_throttle::blocked_until.eq(now),
        ))
        .on_conflict(sign_in_throttle::digest)
        .do_update()
        .set(sign_in_throttle::failures.eq(sign_in_throttle::failures))
        .returning(Attempts::as_returning())
        .get_result(connection)
        .await
}

pub async fn save_attempts(
    connection: &mut Connection,
    subject: &Digest,
    attempts: &Attempts,
) -> QueryResult<()> {
    diesel::update(sign_in_throttle::table.find(&subject.as_bytes()[..]))
        .set(attempts)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn clear_attempts(connection: &mut Connection, subject: &Digest) -> QueryResult<()> {
    diesel::delete(sign_in_throttle::table.find(&subject.as_bytes()[..]))
        .execute(connection)
        .await?;
    Ok(())
}

/// The one at this time, which keeps nobody waiting either, if none has come after it.
pub async fn forgive_attempt(
    connection: &mut Connection,
    subject: &Digest,
    at: DateTime<Utc>,
) -> QueryResult<()> {
    let of = || sign_in_throttle::table.find(&subject.as_bytes()[..]);
    diesel::update(of())
        .filter(sign_in_throttle::failures.gt(0))
        .set(sign_in_throttle::failures.eq(sign_in_throttle::failures - 1))
        .execute(connection)
        .await?;
    diesel::update(of())
        .filter(sign_in_throttle::last_attempt_at.eq(at))
        .set(sign_in_throttle::blocked_until.eq(at))
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn delete_attempts_before(
    connection: &mut Connection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(sign_in_throttle::table)
        .filter(sign_in_throttle::last_attempt_at.lt(before))
        .execute(connection)
        .await
}

pub async fn delete_browsers_before(
    connection: &mut Connection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(known_browsers::table)
        .filter(known_browsers::created_at.lt(before))
        .execute(connection)
        .await
}
