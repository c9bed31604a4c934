//! That whoever changes something may do so until it is done. Who takes that from them waits for what they
//! have begun, and finds it; what they begin meanwhile waits, and is refused.
//!
//! The locks for that come first of all in a transaction, before those of rows: else each of two would wait
//! for the other. They are advisory: whoever wants a row alone may wait for ever while others share it.

use diesel::dsl::{exists, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::is_administrator;
use crate::access::{Actor, Credential, OrganizationId, UserId};
use crate::db::schema::{memberships, organizations, secrets, tokens};
use crate::db::{Connection, unauthorized};

/// Keeps all others from changing who is in the organisation and what they may, and waits for what its
/// members and tokens are changing.
pub async fn hold(connection: &mut Connection, organization: OrganizationId) -> QueryResult<()> {
    lock(connection, organization.uuid(), Hold::Alone).await?;
    organizations::table
        .find(organization)
        .select(organizations::id)
        .for_no_key_update()
        .get_result::<OrganizationId>(connection)
        .await
        .map(drop)
}

/// Lets a change pass of what belongs to this user, or, with `None`, to the organisation, if the actor
/// still may make it, whatever was known when they were let in: until the transaction ends.
///
/// # Errors
/// [`QueryError::NotFound`] for what is none of theirs, [`unauthorized`] for who may not any more.
pub async fn authorize(
    connection: &mut Connection,
    actor: &Actor,
    owner: Option<UserId>,
) -> QueryResult<()> {
    permit(connection, actor, owner, None).await
}

/// The same for a change of a token, which waits for what is being done with it.
///
/// # Errors
/// Those of [`authorize`].
pub async fn authorize_for_token(
    connection: &mut Connection,
    actor: &Actor,
    owner: Option<UserId>,
    token: Uuid,
) -> QueryResult<()> {
    permit(connection, actor, owner, Some(token)).await
}

async fn permit(
    connection: &mut Connection,
    actor: &Actor,
    owner: Option<UserId>,
    changed: Option<Uuid>,
) -> QueryResult<()> {
    if !actor.may_change(owner) {
        return Err(QueryError::NotFound);
    }
    let organization = actor.organization();
    let credential = actor.credential();
    if credential.is_some() || actor.user().is_some() {
        lock(connection, organization.uuid(), Hold::Shared).await?;
    }
    lock_tokens(connection, credential.map(|own| own.token), changed).await?;
    if let Some(own) = credential
        && !is_as_it_was(connection, organization, own).await?
    {
        return Err(unauthorized());
    }
    let Some(user) = actor.user() else {
        return Ok(());
    };
    let may = is_active(connection, organization, user).await?
        && (credential.is_some()
            || owner == Some(user)
            || is_administrator(connection, user, organization).await?);
    may.then_some(()).ok_or_else(unauthorized)
}

/// In the order of their IDs, so that of two that change each other one comes first.
async fn lock_tokens(
    connection: &mut Connection,
    own: Option<Uuid>,
    changed: Option<Uuid>,
) -> QueryResult<()> {
    let own = own.filter(|own| Some(*own) != changed);
    let mut wanted = [
        own.map(|own| (own, Hold::Shared)),
        changed.map(|changed| (changed, Hold::Alone)),
    ];
    wanted.sort_by_key(|token| token.map(|(id, _)| id));
    for (id, hold) in wanted.into_iter().flatten() {
        lock(connection, id, hold).await?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Hold {
    Shared,
    Alone,
}

/// Until the transaction ends. Two IDs that have one key wait for each other without need. Nobody waits for
/// long: all who do have a connection that others need.
async fn lock(connection: &mut Connection, id: Uuid, hold: Hold) -> QueryResult<()> {
    let (high, low) = id.as_u64_pair();
    let lock = match hold {
        Hold::Shared => "pg_advisory_xact_lock_shared($1)",
        Hold::Alone => "pg_advisory_xact_lock($1)",
    };
    // One after the other, as PostgreSQL has it with what each row is made of.
    let statement = format!(
        "SELECT set_config('lock_timeout', '3s', true), {lock}, set_config('lock_timeout', '0', true)"
    );
    sql_query(statement)
        .bind::<BigInt, _>((high ^ low).cast_signed())
        .execute(connection)
        .await
        .map(drop)
}

/// Whether the secret still is one of the token's, and that may do what it might when the gate let it in.
async fn is_as_it_was(
    connection: &mut Connection,
    organization: OrganizationId,
    own: Credential,
) -> QueryResult<bool> {
    let same = secrets::table
        .inner_join(tokens::table)
        .filter(tokens::organization_id.eq(organization))
        .filter(tokens::id.eq(own.token))
        .filter(secrets::digest.eq(own.secret.as_bytes().to_vec()))
        .filter(secrets::is_retired.eq(false))
        // `Standing::Active`, of the room above.
        .filter(tokens::standing.eq("active"))
        .filter(rights().eq(own.rights));
    diesel::select(exists(same)).get_result(connection).await
}

/// A number for a token's scopes and ranges, which is another when they are.
pub fn rights() -> SqlLiteral<Integer> {
    sql("hashtext(coalesce(tokens.scopes::text, '-') || tokens.ip_ranges::text)")
}

async fn is_active(
    connection: &mut Connection,
    organization: OrganizationId,
    user: UserId,
) -> QueryResult<bool> {
    let active = memberships::table
        .find((organization, user))
        .filter(memberships::deactivated_at.is_null());
    diesel::select(exists(active)).get_result(connection).await
}
