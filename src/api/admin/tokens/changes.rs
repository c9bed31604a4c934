//! What is done to a token: a new secret, another standing, its end.

use actix_web::web::{Data, Path};
use futures_util::FutureExt;
use uuid::Uuid;

use super::handlers::described;
use super::shapes::{Changed, Revealed, Rotation};
use crate::api::admin::asker;
use crate::api::kit::{Created, Creation, IfMatch, Receipt, Taken, versioned};
use crate::db::{Connection, Database, Pinned};
use crate::fleet::Fleet;
use crate::gate::Writer;
use crate::tokens::overlap::Overlap;
use crate::tokens::queries::{self, ChangeError};
use crate::tokens::{self, Key, NOT_ROTATABLE, Transition};
use crate::web::{Answer, Error, Now};

/// Rotate a token
///
/// It gets a new secret, which is in this answer and never told again; ID, name, scopes, ranges
/// and expiry stay. Only a token that has nothing beyond your own can be rotated.
#[utoipa::path(post, path = "/api/v1/tokens/{id}/rotation", operation_id = "rotateToken",
    tag = "Tokens", params(("id" = Uuid, Path), IfMatch), request_body = Rotation,
    responses((status = 201, description = "The token and its new secret", body = Revealed)))]
pub async fn rotate(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
    creation: Creation<Rotation>,
) -> Answer {
    let (asker, key) = (asker(&writer), Key::from(id.into_inner()));
    let mut connection = database.get().await?;
    let created = creation.once(&mut connection, asker, now.0, |connection, rotation| {
        async move { try_rotate(connection, &writer, key, &rotation, &expected, now).await }.boxed()
    });
    let created = created.await?;
    drop(connection);
    created.with_receipt(&Receipt::wait(&fleet).await)
}

async fn try_rotate(
    connection: &mut Connection,
    writer: &Writer,
    key: Key,
    rotation: &Rotation,
    expected: &IfMatch,
    now: Now,
) -> Result<Created, Error> {
    let overlap = rotation.overlap.map_or(Overlap::None, |overlap| overlap.0);
    let token = queries::token(connection, writer, key).await?;
    expected.check(token.version)?;
    let (actor, version) = (writer.actor(), token.version);
    let rotated = queries::rotate(connection, &actor, key, version, overlap, now.0).await;
    let rotated = rotated.map_err(|error| match error {
        ChangeError::Outdated(token) if token.status(&now.0).permits_rotation() => {
            expected.overtaken()
        }
        ChangeError::Outdated(_) => Error::Conflict(NOT_ROTATABLE),
        error => error.into(),
    })?;
    let version = Some(rotated.token.version);
    let body = Revealed {
        token: described(connection, rotated.token, now.0).await?,
        secret: None,
        receipt: None,
    };
    let location = format!("/api/v1/tokens/{}", key.id);
    Ok(Created::new(location, version, &body)?.revealing("secret", rotated.secret.into()))
}

/// End an overlap
///
/// The secrets from before the last rotation stop now.
#[utoipa::path(post, path = "/api/v1/tokens/{id}/overlap-end", operation_id = "endTokenOverlap",
    tag = "Tokens", params(("id" = Uuid, Path), IfMatch),
    responses((status = 200, description = "The token as it is now", body = Changed)))]
pub async fn end_overlap(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let key = Key::from(id.into_inner());
    let mut connection = database.get().await?;
    let pinned = pin(&mut connection, &writer, key, &expected).await?;
    let ended = queries::end_overlap(&mut connection, &writer.actor(), pinned, now.0).await;
    ended.map_err(|error| match error {
        ChangeError::Outdated(token) => expected.refusal(token.version, || {
            Error::Conflict("No old secret of this token works any more.")
        }),
        error => error.into(),
    })?;
    drop(connection);
    changed(&writer, now, &database, &fleet, key).await
}

/// Disable a token
///
/// It is refused from now on, and can be enabled again.
#[utoipa::path(post, path = "/api/v1/tokens/{id}/disabling", operation_id = "disableToken",
    tag = "Tokens", params(("id" = Uuid, Path), IfMatch),
    responses((status = 200, description = "The token as it is now", body = Changed)))]
pub async fn disable(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let (key, disabling) = (id.into_inner().into(), Transition::Disabling);
    apply(&writer, now, &database, key, disabling, &expected).await?;
    changed(&writer, now, &database, &fleet, key).await
}

/// Enable a token
#[utoipa::path(post, path = "/api/v1/tokens/{id}/enabling", operation_id = "enableToken",
    tag = "Tokens", params(("id" = Uuid, Path), IfMatch),
    responses((status = 200, description = "The token as it is now", body = Changed)))]
pub async fn enable(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let (key, enabling) = (id.into_inner().into(), Transition::Enabling);
    apply(&writer, now, &database, key, enabling, &expected).await?;
    changed(&writer, now, &database, &fleet, key).await
}

/// Revoke a token
///
/// It is refused at once and for ever.
#[utoipa::path(post, path = "/api/v1/tokens/{id}/revocation", operation_id = "revokeToken",
    tag = "Tokens", params(("id" = Uuid, Path), IfMatch),
    responses((status = 200, description = "The token as it is now", body = Changed)))]
pub async fn revoke(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let (key, revocation) = (id.into_inner().into(), Transition::Revocation);
    apply(&writer, now, &database, key, revocation, &expected).await?;
    changed(&writer, now, &database, &fleet, key).await
}

/// Delete a token
///
/// It stops at once, and nothing of it is kept but what the audit log says.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", operation_id = "deleteToken",
    tag = "Tokens", params(("id" = Uuid, Path), IfMatch),
    responses((status = 200, description = "It is gone", body = Taken)))]
pub async fn delete(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let (key, deletion) = (id.into_inner().into(), Transition::Deletion);
    apply(&writer, now, &database, key, deletion, &expected).await?;
    Taken::answer(&fleet).await
}

async fn apply(
    writer: &Writer,
    now: Now,
    database: &Database,
    key: Key,
    transition: Transition,
    expected: &IfMatch,
) -> Result<tokens::Token, Error> {
    let connection = &mut *database.get().await?;
    let pinned = pin(connection, writer, key, expected).await?;
    let applied = queries::apply(connection, &writer.actor(), pinned, transition, now.0).await;
    applied.map_err(|error| missed(error, transition, expected, now))
}

/// Why a token is not what it was to become.
pub fn missed(error: ChangeError, transition: Transition, expected: &IfMatch, now: Now) -> Error {
    match error {
        ChangeError::Outdated(token) => expected.refusal(token.version, || {
            Error::Stale(token.status(&now.0).refusal(transition))
        }),
        error => error.into(),
    }
}

/// The token, if it is of a version that may be changed.
async fn pin(
    connection: &mut Connection,
    writer: &Writer,
    key: Key,
    expected: &IfMatch,
) -> Result<Pinned<Key>, Error> {
    let token = queries::token(connection, writer, key).await?;
    expected.pin(key, token.version)
}

/// The token after a change, once that is in effect.
async fn changed(
    writer: &Writer,
    now: Now,
    database: &Database,
    fleet: &Fleet,
    key: Key,
) -> Answer {
    let receipt = Some(Receipt::wait(fleet).await);
    let connection = &mut *database.get().await?;
    let token = queries::token(connection, writer, key).await?;
    let token = described(connection, token, now.0).await?;
    Ok(versioned(token.version(), Changed { token, receipt }))
}
