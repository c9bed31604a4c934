//! Sessions: a random key in the browser's cookie, the rest in PostgreSQL, where only the
//! key's SHA-256 is kept.

use std::collections::HashMap;

use actix_session::config::{CookieContentSecurity, PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::{Key, SameSite, time};
use anyhow::anyhow;
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::device::Device;
use super::queries::sessions::{self, IDLE, ORGANIZATION};
pub use super::queries::sessions::{end_all, end_in, hold_password};
use super::{OrganizationId, UserId, queries};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Connection, Database};
use crate::secret::Digest;
use crate::web::{Error, cookie};

/// How exactly the last use is known: not every request has to write.
const PRECISION: TimeDelta = TimeDelta::minutes(1);

const USER: &str = "user";
const NUMBER: &str = "number";
const DEVICE: &str = "device";
/// The hash of the password by which somebody has come in. It is looked at when the session is first
/// written, and is not written.
const PASSWORD_HASH: &str = "password_hash";

type State = HashMap<String, String>;

/// Who is signed in.
#[must_use]
pub fn user(session: &Session) -> Option<UserId> {
    session.get(USER).ok().flatten()
}

/// The organisation that the user looked at last.
#[must_use]
pub fn organization(session: &Session) -> Option<OrganizationId> {
    session.get(ORGANIZATION).ok().flatten()
}

/// Where somebody comes in who names no organisation: their first by name. `None` for one who has joined
/// none.
///
/// # Errors
/// When the database fails.
pub async fn first_organization(
    connection: &mut Connection,
    user: UserId,
) -> Result<Option<OrganizationId>, Error> {
    let viewer = queries::viewer(connection, user, None).await?;
    Ok(viewer.map(|viewer| viewer.organization.id))
}

/// Signs a member in, under a new key: one that was known before is worth nothing. If their password is
/// another meanwhile than the one with this hash, the session has ended before it begins.
///
/// # Errors
/// When the database fails.
pub async fn begin(
    connection: &mut Connection,
    session: &Session,
    member: (OrganizationId, UserId),
    password_hash: &str,
    device: &Device,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    session.clear();
    session.renew();
    // Tells sessions apart without telling their keys.
    let number = Uuid::from_u128(rand::random());
    session.insert(NUMBER, number).map_err(Error::internal)?;
    session.insert(DEVICE, device).map_err(Error::internal)?;
    session.insert(USER, member.1).map_err(Error::internal)?;
    session
        .insert(PASSWORD_HASH, password_hash)
        .map_err(Error::internal)?;
    enter(connection, session, member, now).await
}

/// From now on, whoever is signed in looks at this organisation, of which they are a member.
///
/// # Errors
/// When the database fails.
pub async fn enter(
    connection: &mut Connection,
    session: &Session,
    member: (OrganizationId, UserId),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    queries::note_sign_in(connection, member, now).await?;
    session
        .insert(ORGANIZATION, member.0)
        .map_err(Error::internal)
}

/// One of a user's sessions, as its user sees it.
#[derive(Clone, Debug)]
pub struct Open {
    /// From where it was begun; `None` where that was not noted.
    pub device: Option<Device>,
    pub began_at: DateTime<Utc>,
    /// To the minute.
    pub last_seen_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub is_own: bool,
}

/// The user's sessions that have not ended, the one that asks first, then by last use.
///
/// # Errors
/// When the database fails.
pub async fn open(
    connection: &mut Connection,
    user: UserId,
    own: &Number,
    now: DateTime<Utc>,
) -> Result<Vec<Open>, Error> {
    let rows = sessions::of(connection, user, now).await?;
    let mut open: Vec<Open> = rows
        .into_iter()
        .map(|(state, began_at, last_seen_at)| Open {
            device: entry(&state, DEVICE),
            began_at,
            last_seen_at,
            is_own: state.get(NUMBER).and_then(Value::as_str) == Some(&own.0),
        })
        .collect();
    open.sort_by_key(|session| !session.is_own);
    Ok(open)
}

/// Which of a user's sessions one is.
pub struct Number(String);

#[must_use]
pub fn number(session: &Session) -> Number {
    Number(session.entries().get(NUMBER).cloned().unwrap_or_default())
}

/// Ends all of the user's sessions but their own; how many there were.
///
/// # Errors
/// When the database fails.
pub async fn end_others(
    connection: &mut Connection,
    user: UserId,
    own: &Number,
) -> Result<usize, Error> {
    Ok(sessions::end_but(connection, user, NUMBER, &own.0).await?)
}

/// A part of a stored state, in which each is JSON in a string.
fn entry<T: DeserializeOwned>(state: &Value, name: &str) -> Option<T> {
    serde_json::from_str(state.get(name)?.as_str()?).ok()
}

/// Forgets sessions that have ended.
///
/// # Errors
/// When the database fails.
pub async fn sweep(database: &Database, clock: &Clock) -> Result<usize, Error> {
    let now = clock.now();
    let connection = &mut *database.get().await?;
    Ok(sessions::delete_ended(connection, now).await?)
}

/// `key` signs the cookie.
#[must_use]
pub fn middleware(
    database: Database,
    clock: Clock,
    config: &Config,
    key: Key,
) -> SessionMiddleware<Store> {
    let secure = config.public_url.is_https();
    SessionMiddleware::builder(Store { database, clock }, key)
        .cookie_name(cookie::name(cookie::SESSION, &config.public_url))
        .cookie_secure(secure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(
            PersistentSession::default()
                .session_ttl(time::Duration::seconds(IDLE.num_seconds()))
                .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest),
        )
        .build()
}

#[derive(Clone)]
pub struct Store {
    database: Database,
    clock: Clock,
}

impl Store {
    async fn find(&self, key: &SessionKey) -> Result<Option<Value>, Error> {
        let now = self.clock.now();
        let connection = &mut *self.database.get().await?;
        let digest = digest(key);
        Ok(sessions::find(connection, &digest, now).await?)
    }

    async fn insert(&self, state: State) -> Result<SessionKey, Error> {
        let key = generate_session_key();
        let (signed_in, state) = columns(state)?;
        let (digest, now) = (digest(&key), self.clock.now());
        let connection = &mut *self.database.get().await?;
        sessions::insert(connection, &digest, signed_in.as_ref(), state, now).await?;
        Ok(key)
    }

    /// A session that was ended meanwhile stays ended.
    async fn replace(&self, key: SessionKey, state: State) -> Result<SessionKey, Error> {
        let (signed_in, state) = columns(state)?;
        let user = signed_in.map(|(user, _)| user);
        let connection = &mut *self.database.get().await?;
        let now = self.clock.now();
        sessions::update(connection, &digest(&key), user, state, now).await?;
        Ok(key)
    }
}

impl SessionStore for Store {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let state = self
            .find(key)
            .await
            .map_err(|error| LoadError::Other(anyhow!(error)))?;
        state
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| LoadError::Deserialization(anyhow!(error)))
    }

    async fn save(&self, state: State, _: &time::Duration) -> Result<SessionKey, SaveError> {
        self.insert(state)
            .await
            .map_err(|error| SaveError::Other(anyhow!(error)))
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        _: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        self.replace(key, state)
            .await
            .map_err(|error| UpdateError::Other(anyhow!(error)))
    }

    async fn update_ttl(&self, key: &SessionKey, _: &time::Duration) -> Result<(), anyhow::Error> {
        let now = self.clock.now();
        let connection = &mut *self.database.get().await?;
        sessions::touch(connection, &digest(key), now - PRECISION, now).await?;
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let connection = &mut *self.database.get().await?;
        Ok(sessions::delete(connection, &digest(key)).await?)
    }
}

fn digest(key: &SessionKey) -> Digest {
    Digest::of(key.as_ref())
}

/// The user stands in a column too, so that all sessions of one can be ended.
/// The hash of their password stands in none.
fn columns(mut state: State) -> Result<(Option<(UserId, String)>, Value), Error> {
    let hash: Option<String> = taken(state.remove(PASSWORD_HASH).as_ref())?;
    let user: Option<UserId> = taken(state.get(USER))?;
    let signed_in = user.map(|user| (user, hash.unwrap_or_default()));
    let state = serde_json::to_value(state).map_err(Error::internal)?;
    Ok((signed_in, state))
}

/// A part of a state.
fn taken<T: DeserializeOwned>(part: Option<&String>) -> Result<Option<T>, Error> {
    let part = part.map(|part| serde_json::from_str(part));
    part.transpose().map_err(Error::internal)
}
