//! Signing in with email and password.

use chrono::{DateTime, Utc};

use super::drafts::Email;
use super::throttle::{self, Subjects};
use super::{password, queries};
use crate::access::UserId;
use crate::db::Database;
use crate::secret::{Digest, Password};
use crate::web::Error;
use crate::web::client_address::ClientAddress;
use crate::web::format::counted;

/// For whoever gets [`Error::TooMany`].
#[must_use]
pub fn too_many_attempts(retry_after_seconds: i64) -> String {
    let wait = counted(retry_after_seconds, "second", "seconds");
    format!("Too many attempts. Try again in {wait}.")
}

/// What somebody presents.
pub struct Credentials {
    pub email: Email,
    pub password: Password,
    pub address: ClientAddress,
    /// Of the cookie that a browser keeps after a first sign-in.
    pub browser: Option<Digest>,
}

/// Somebody who is who they say.
pub struct SignedIn {
    pub user: UserId,
    /// Of the password that they gave.
    pub password_hash: String,
    /// Whether somebody has signed in to the account with it before.
    pub browser_is_known: bool,
}

/// `None` for a wrong password and for an unknown email alike, after the same time.
///
/// # Errors
/// [`Error::TooMany`], without a look at the password, when there were too many attempts.
pub async fn authenticate(
    database: &Database,
    credentials: Credentials,
    now: DateTime<Utc>,
) -> Result<Option<SignedIn>, Error> {
    let address = credentials.address;
    let signed_in = check(database, credentials, now).await?;
    if let Some(SignedIn { user, .. }) = &signed_in {
        tracing::info!(address = %address.0, %user, "signed in");
    }
    Ok(signed_in)
}

/// The same of somebody who is signed in already.
///
/// # Errors
/// [`Error::TooMany`], without a look at the password, when there were too many attempts.
pub async fn check(
    database: &Database,
    credentials: Credentials,
    now: DateTime<Utc>,
) -> Result<Option<SignedIn>, Error> {
    let Credentials {
        email,
        password,
        address,
        browser,
    } = credentials;
    let (subjects, known, found) = {
        let connection = &mut *database.get().await?;
        let known = match browser {
            Some(browser) if queries::is_known_browser(connection, &email, &browser).await? => {
                Some(browser)
            }
            _ => None,
        };
        let subjects = Subjects::new(&email, address, known);
        throttle::admit(connection, &subjects, now)
            .await
            .inspect_err(|error| tracing::warn!(address = %address.0, %error, "sign-in refused"))?;
        (
            subjects,
            known,
            queries::credentials(connection, &email).await?,
        )
    };
    // No connection is held while the hash is computed.
    let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
    let right = match password::verify(password, hash).await {
        Ok(right) => right,
        Err(error) => {
            throttle::take_back(&mut *database.get().await?, &subjects, now).await?;
            return Err(error);
        }
    };
    let known_user = found.as_ref().map(|(user, _)| user.uuid());
    let Some((user, Some(password_hash))) = found.filter(|_| right) else {
        tracing::warn!(address = %address.0, user = ?known_user, "sign-in failed");
        return Ok(None);
    };
    let connection = &mut *database.get().await?;
    throttle::forgive(connection, &subjects, now).await?;
    Ok(Some(SignedIn {
        user,
        password_hash,
        browser_is_known: known.is_some(),
    }))
}
