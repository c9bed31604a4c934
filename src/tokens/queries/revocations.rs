//! Revoking many tokens at once, after a leak: by their secrets or by their IDs.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::change::entry;
use crate::access::{Actor, UserId, authorize, hold};
use crate::db::Connection;
use crate::db::schema::{secrets, token_usage, tokens};
use crate::db::types::text_enum;
use crate::journal::{self, Action, Change};
use crate::secret::Digest;
use crate::tokens::{Key, Standing, Status, TokenId};

text_enum! {
    /// What became of one that was named.
    Fate {
        Revoked = "revoked",
        AlreadyRevoked = "already_revoked",
        /// A secret that had stopped before, of a token that goes on with another.
        Retired = "retired",
        /// None of the organisation's.
        Unknown = "unknown",
    }
}

/// A token that was named, if there is one, and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    pub token: Option<TokenId>,
    pub fate: Fate,
}

/// Those that were named, in the order in which they were.
pub struct Revocations {
    pub secrets: Vec<Named>,
    pub ids: Vec<Named>,
}

/// A token that nobody else can change until the transaction ends.
#[derive(Queryable)]
pub(super) struct Locked {
    pub id: TokenId,
    owner: Option<UserId>,
    pub name: String,
    pub standing: Standing,
    expires_at: Option<DateTime<Utc>>,
}

/// Revokes API and MCP tokens of the organisation, all in one transaction. `None` stands for what
/// cannot be a secret.
pub async fn revoke_all(
    connection: &mut Connection,
    actor: &Actor,
    presented: &[Option<Digest>],
    ids: &[TokenId],
    now: DateTime<Utc>,
) -> QueryResult<Revocations> {
    connection
        .transaction(async |connection| {
            // What is being done with any of them is done before, or refused.
            hold(connection, actor.organization()).await?;
            authorize(connection, actor, None).await?;
            let known = tokens_of(connection, actor, presented).await?;
            let works = |(_, retires_at): &(TokenId, Option<DateTime<Utc>>)| {
                retires_at.is_none_or(|at| at > now)
            };
            let leaked = known.values().filter(|found| works(found));
            let wanted: Vec<TokenId> = leaked.map(|(id, _)| *id).chain(ids.to_vec()).collect();
            let rows = lock(connection, actor, &wanted).await?;
            let revoked = revoke(connection, actor, &rows, now).await?;
            let fate = |id: TokenId| match rows.iter().any(|row| row.id == id) {
                true if revoked.contains(&id) => Fate::Revoked,
                true => Fate::AlreadyRevoked,
                false => Fate::Unknown,
            };
            let named = |id: TokenId| Named {
                token: Some(id).filter(|id| fate(*id) != Fate::Unknown),
                fate: fate(id),
            };
            let unknown = Named {
                token: None,
                fate: Fate::Unknown,
            };
            let secrets = presented.iter().map(|digest| {
                match digest.as_ref().and_then(|digest| known.get(digest)) {
                    None => unknown,
                    Some(found) if works(found) => named(found.0),
                    Some((id, _)) => Named {
                        token: Some(*id),
                        fate: Fate::Retired,
                    },
                }
            });
            Ok(Revocations {
                secrets: secrets.collect(),
                ids: ids.iter().map(|id| named(*id)).collect(),
            })
        })
        .await
}

/// The organisation's tokens by their secrets, with when these stop.
async fn tokens_of(
    connection: &mut Connection,
    actor: &Actor,
    presented: &[Option<Digest>],
) -> QueryResult<HashMap<Digest, (TokenId, Option<DateTime<Utc>>)>> {
    let digests: Vec<&[u8]> = presented
        .iter()
        .flatten()
        .map(|digest| &digest.as_bytes()[..])
        .collect();
    let rows: Vec<(Vec<u8>, TokenId, Option<DateTime<Utc>>)> = secrets::table
        .inner_join(tokens::table)
        .filter(tokens::organization_id.eq(actor.organization()))
        .filter(secrets::digest.eq_any(digests))
        .select((secrets::digest, secrets::token_id, secrets::retires_at))
        .load(connection)
        .await?;
    let found = |(digest, id, retires_at): (Vec<u8>, _, _)| {
        let of = |known: &&Digest| known.as_bytes()[..] == digest[..];
        let digest = presented.iter().flatten().find(of)?;
        Some((*digest, (id, retires_at)))
    };
    Ok(rows.into_iter().filter_map(found).collect())
}

/// In the order of their IDs, so that two who name the same do not wait for each other.
pub(super) async fn lock(
    connection: &mut Connection,
    actor: &Actor,
    ids: &[TokenId],
) -> QueryResult<Vec<Locked>> {
    tokens::table
        .filter(tokens::organization_id.eq(actor.organization()))
        .filter(tokens::id.eq_any(ids))
        .order(tokens::id)
        .select((
            tokens::id,
            tokens::owner_id,
            tokens::name,
            tokens::standing,
            tokens::expires_at,
        ))
        .for_no_key_update()
        .load(connection)
        .await
}

/// Of tokens that are locked. A trigger changes their usage too, in whatever order; so that is
/// locked first, in the order in which calls are counted.
async fn set_revoked(connection: &mut Connection, ids: &[TokenId]) -> QueryResult<()> {
    token_usage::table
        .filter(token_usage::token_id.eq_any(ids))
        .order(token_usage::token_id)
        .select(token_usage::token_id)
        .for_no_key_update()
        .load::<TokenId>(connection)
        .await?;
    diesel::update(tokens::table)
        .filter(tokens::id.eq_any(ids))
        .set((
            tokens::standing.eq(Standing::Revoked),
            tokens::version.eq(tokens::version + 1),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Returns those that were not revoked before.
pub(super) async fn revoke(
    connection: &mut Connection,
    actor: &Actor,
    rows: &[Locked],
    now: DateTime<Utc>,
) -> QueryResult<HashSet<TokenId>> {
    let live: Vec<&Locked> = rows
        .iter()
        .filter(|row| row.standing != Standing::Revoked && actor.may_change(row.owner))
        .collect();
    let ids: Vec<TokenId> = live.iter().map(|row| row.id).collect();
    set_revoked(connection, &ids).await?;
    let label = |status: Status| Some(status.label().to_owned());
    let entries: Vec<_> = live
        .iter()
        .map(|row| {
            let key = Key {
                id: row.id,
                owner: row.owner,
            };
            let before = Status::of(row.standing, row.expires_at, now);
            let change = Change::between("status", label(before), label(Status::Revoked));
            let changes = change.into_iter().collect();
            entry(key, Action::TokenRevoked, &row.name, changes)
        })
        .collect();
    journal::record_all(connection, actor, &entries, now).await?;
    Ok(ids.into_iter().collect())
}
