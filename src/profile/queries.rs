//! What administrators see of MCP tokens.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::access::{Overseer, UserId};
use crate::db::schema::{token_usage, tokens, users};
use crate::db::{Connection, anywhere};
use crate::tokens::{Key, Standing, Status, TokenId};
use crate::web::paging::{Cursor, Direction, Slice};

/// Somebody's MCP token.
#[derive(Clone, Debug, Queryable)]
pub struct Listed {
    pub id: TokenId,
    pub name: String,
    /// The first 8 characters of the current secret.
    pub display: String,
    pub standing: Standing,
    pub expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub owner_name: String,
    pub owner_email: String,
}

impl Listed {
    #[must_use]
    pub fn status(&self, now: &DateTime<Utc>) -> Status {
        Status::of(self.standing, self.expires_at, *now)
    }
}

/// A page of the organisation's MCP tokens, the newest first; `owner` is a part of a name or an
/// email.
pub async fn page(
    connection: &mut Connection,
    overseer: &impl Overseer,
    owner: &str,
    cursor: Option<&Cursor>,
    size: usize,
) -> QueryResult<Slice<Listed>> {
    let mut query = tokens::table
        .inner_join(token_usage::table)
        .inner_join(users::table.on(tokens::owner_id.eq(users::id.nullable())))
        .filter(tokens::organization_id.eq(overseer.overseen()))
        .select((
            tokens::id,
            tokens::name,
            tokens::display,
            tokens::standing,
            tokens::expires_at,
            tokens::created_at,
            token_usage::last_used_at,
            users::name,
            users::email,
        ))
        .limit(i64::try_from(size + 1).unwrap_or(i64::MAX))
        .into_boxed();
    if !owner.is_empty() {
        let part = anywhere(owner);
        query = query.filter(users::name.ilike(part.clone()).or(users::email.ilike(part)));
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
    let rows: Vec<Listed> = query.load(connection).await?;
    Ok(Slice::new(rows, size, cursor, |token| {
        (String::new(), token.id.uuid())
    }))
}

/// The organisation's MCP token of this ID, whoever owns it.
pub async fn key(
    connection: &mut Connection,
    overseer: &impl Overseer,
    id: TokenId,
) -> QueryResult<Key> {
    let owner: UserId = tokens::table
        .filter(tokens::organization_id.eq(overseer.overseen()))
        .filter(tokens::id.eq(id))
        .filter(tokens::owner_id.is_not_null())
        .select(tokens::owner_id.assume_not_null())
        .get_result(connection)
        .await?;
    Ok(Key {
        id,
        owner: Some(owner),
    })
}
