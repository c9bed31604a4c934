//! MCP tokens: those that belong to one user of the organisation, of which each may have a
//! number that is active.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::{AsSelect, count_star};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::change::{ChangeError, add, prefix};
use super::room::no_room;
use super::{TokenRow, UsageRow, assemble, name_here};
use crate::access::{Actor, OrganizationId, Overseer, UserId, Viewer, authorize};
use crate::db::schema::{memberships, token_usage, tokens, users};
use crate::db::{Connection, anywhere};
use crate::tokens::draft::NewToken;
use crate::tokens::{Key, Secret, Status, Token, TokenId};
use crate::web::paging::{Cursor, Direction, Slice, one_more};

/// Creates an MCP token of the actor's own with a new secret, which is in the answer and nowhere
/// else.
pub async fn create_mcp(
    connection: &mut Connection,
    actor: &Actor,
    new: &NewToken,
    now: DateTime<Utc>,
) -> Result<(Token, Secret), ChangeError> {
    let owner = actor.user();
    let secret = Secret::generate(prefix(owner, None));
    let token = connection
        .transaction(async |connection| {
            let owner = owner.ok_or(diesel::result::Error::NotFound)?;
            authorize(connection, actor, Some(owner)).await?;
            if let Some(least_used) = no_room(connection, actor.organization(), owner, now).await? {
                return Err(ChangeError::Full(least_used));
            }
            add(connection, actor, Some(owner), new, &secret, now).await
        })
        .await?;
    Ok((token, secret))
}

/// How many active MCP tokens these users have; who has none is left out.
pub async fn active_of(
    connection: &mut Connection,
    organization: OrganizationId,
    owners: &[UserId],
    now: DateTime<Utc>,
) -> QueryResult<HashMap<UserId, i64>> {
    let counts: Vec<(UserId, i64)> = tokens::table
        .filter(tokens::organization_id.eq(organization))
        .filter(tokens::owner_id.eq_any(owners))
        .filter(Status::Active.condition(now))
        .group_by(tokens::owner_id)
        .select((tokens::owner_id.assume_not_null(), count_star()))
        .load(connection)
        .await?;
    Ok(counts.into_iter().collect())
}

/// The user's tokens in the organisation that they look at: the enabled, the disabled, the
/// revoked ones, each the newest first.
pub async fn of_owner(
    connection: &mut Connection,
    viewer: &Viewer,
    cursor: Option<&Cursor>,
    size: usize,
) -> QueryResult<Slice<Token>> {
    let own = tokens::table
        .inner_join(token_usage::table)
        .filter(tokens::organization_id.eq(viewer.organization().id))
        .filter(tokens::owner_id.eq(viewer.user()))
        .select((TokenRow::as_select(), UsageRow::as_select()))
        .limit(one_more(size))
        .into_boxed();
    let found = match cursor {
        Some(Cursor {
            key,
            id,
            direction: Direction::Before,
            ..
        }) => own
            .filter(
                tokens::standing.lt(key.clone()).or(tokens::standing
                    .eq(key.clone())
                    .and(tokens::id.gt(TokenId::from(*id)))),
            )
            .order((tokens::standing.desc(), tokens::id.asc())),
        Some(Cursor { key, id, .. }) => own
            .filter(
                tokens::standing.gt(key.clone()).or(tokens::standing
                    .eq(key.clone())
                    .and(tokens::id.lt(TokenId::from(*id)))),
            )
            .order((tokens::standing.asc(), tokens::id.desc())),
        None => own.order((tokens::standing.asc(), tokens::id.desc())),
    };
    let rows: Vec<(TokenRow, UsageRow)> = found.load(connection).await?;
    let place = |(token, _): &(TokenRow, _)| (token.standing.to_string(), token.id.uuid());
    let slice = Slice::new(rows, size, cursor, place);
    Ok(slice.map(|(token, usage)| assemble((token, usage, None, None))))
}

/// Somebody's MCP token.
pub struct Owned {
    pub token: Token,
    pub owner: UserId,
    pub owner_name: String,
    pub owner_email: String,
    /// The token stops while they are deactivated.
    pub owner_deactivated_at: Option<DateTime<Utc>>,
}

type OwnerRow = (UserId, String, String, Option<DateTime<Utc>>);
type OwnedRow = (TokenRow, UsageRow, OwnerRow);

fn owned_by((token, usage, owner): OwnedRow) -> Owned {
    let (owner, owner_name, owner_email, owner_deactivated_at) = owner;
    Owned {
        token: assemble((token, usage, None, None)),
        owner,
        owner_name,
        owner_email,
        owner_deactivated_at,
    }
}

/// Everybody's in the organisation.
#[must_use]
#[diesel::dsl::auto_type]
fn of_members(organization: OrganizationId) -> _ {
    let name: name_here = name_here();
    let owner = (
        users::id,
        name,
        users::email,
        memberships::deactivated_at.nullable(),
    );
    let token: AsSelect<TokenRow, Pg> = TokenRow::as_select();
    let usage: AsSelect<UsageRow, Pg> = UsageRow::as_select();
    tokens::table
        .inner_join(token_usage::table)
        .inner_join(users::table.on(tokens::owner_id.eq(users::id.nullable())))
        .left_join(
            memberships::table.on(memberships::organization_id
                .eq(tokens::organization_id)
                .and(memberships::user_id.eq(users::id))),
        )
        .filter(tokens::organization_id.eq(organization))
        .filter(tokens::owner_id.is_not_null())
        .select((token, usage, owner))
}

/// Whose MCP tokens are wanted.
#[derive(Default)]
pub struct Owners {
    /// A part of their name or their email; empty: whoever they are.
    pub part: String,
    pub id: Option<UserId>,
}

/// A page of the organisation's MCP tokens, the newest first.
pub async fn of_all(
    connection: &mut Connection,
    overseer: &impl Overseer,
    owners: &Owners,
    cursor: Option<&Cursor>,
    size: usize,
) -> QueryResult<Slice<Owned>> {
    let mut query = of_members(overseer.overseen())
        .limit(one_more(size))
        .into_boxed();
    if !owners.part.is_empty() {
        let part = anywhere(&owners.part);
        query = query.filter(name_here().ilike(part.clone()).or(users::email.ilike(part)));
    }
    if let Some(owner) = owners.id {
        query = query.filter(tokens::owner_id.eq(owner));
    }
    query = match cursor {
        Some(Cursor {
            id,
            direction: Direction::Before,
            ..
        }) => query
            .filter(tokens::id.gt(TokenId::from(*id)))
            .order(tokens::id.asc()),
        Some(Cursor { id, .. }) => query
            .filter(tokens::id.lt(TokenId::from(*id)))
            .order(tokens::id.desc()),
        None => query.order(tokens::id.desc()),
    };
    let rows: Vec<OwnedRow> = query.load(connection).await?;
    let place = |(token, ..): &OwnedRow| (String::new(), token.id.uuid());
    Ok(Slice::new(rows, size, cursor, place).map(owned_by))
}

/// One of them, whoever owns it.
pub async fn of_somebody(
    connection: &mut Connection,
    overseer: &impl Overseer,
    id: TokenId,
) -> QueryResult<Owned> {
    let row: OwnedRow = of_members(overseer.overseen())
        .filter(tokens::id.eq(id))
        .get_result(connection)
        .await?;
    Ok(owned_by(row))
}

/// One of the user's own tokens.
pub async fn owned(
    connection: &mut Connection,
    viewer: &Viewer,
    id: TokenId,
) -> QueryResult<Token> {
    let key = Key {
        id,
        owner: Some(viewer.user()),
    };
    super::find::find(connection, viewer.organization().id, key).await
}
