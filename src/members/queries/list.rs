//! The list of members. A page reads an index alone until it knows whom it shows: each is in
//! the order of names, and holds what members are filtered by.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::find::{Row, assemble, columns};
use crate::access::{OrganizationId, Role, UserId, is_lifted};
use crate::db::schema::{group_members, memberships, users};
use crate::db::{Connection, anywhere, lower};
use crate::members::groups::GroupId;
use crate::members::{Member, View};
use crate::tokens::queries::active_of;
use crate::web::paging::{Cursor, Direction, Slice, one_more};

/// Which members are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// A part of a name or an email.
    pub term: Option<String>,
    pub view: Option<View>,
    /// Those of this group.
    pub group: Option<GroupId>,
}

/// A member in a list.
pub struct Listed {
    pub member: Member,
    /// Their active MCP tokens.
    pub mcp_tokens: i64,
}

fn matching(organization: OrganizationId, wanted: &Wanted) -> memberships::BoxedQuery<'static, Pg> {
    let mut query = memberships::table
        .filter(memberships::organization_id.eq(organization))
        .into_boxed();
    if let Some(term) = &wanted.term {
        query = query.filter(memberships::search.like(lower(anywhere(term))));
    }
    if let Some(group) = wanted.group {
        let members = group_members::table
            .filter(group_members::organization_id.eq(organization))
            .filter(group_members::group_id.eq(group))
            .select(group_members::user_id);
        query = query.filter(memberships::user_id.eq_any(members));
    }
    match wanted.view {
        None => query,
        Some(View::Administrators) => query
            .filter(memberships::deactivated_at.is_null())
            .filter(memberships::role.eq(Role::Admin).or(is_lifted())),
        Some(View::Deactivated) => query.filter(memberships::deactivated_at.is_not_null()),
    }
}

/// A page of the organisation's members, by name.
pub async fn page(
    connection: &mut Connection,
    organization: OrganizationId,
    wanted: &Wanted,
    cursor: Option<&Cursor>,
    size: usize,
    now: DateTime<Utc>,
) -> QueryResult<Slice<Listed>> {
    let found = matching(organization, wanted)
        .select((memberships::search, memberships::user_id))
        .limit(one_more(size));
    let found = match cursor {
        Some(Cursor {
            key,
            id,
            direction: Direction::Before,
            ..
        }) => found
            .filter(
                memberships::search.lt(key.clone()).or(memberships::search
                    .eq(key.clone())
                    .and(memberships::user_id.lt(UserId::from(*id)))),
            )
            // Where to begin in the index.
            .filter(memberships::search.le(key.clone()))
            .order((memberships::search.desc(), memberships::user_id.desc())),
        Some(Cursor { key, id, .. }) => found
            .filter(
                memberships::search.gt(key.clone()).or(memberships::search
                    .eq(key.clone())
                    .and(memberships::user_id.gt(UserId::from(*id)))),
            )
            .filter(memberships::search.ge(key.clone()))
            .order((memberships::search, memberships::user_id)),
        None => found.order((memberships::search, memberships::user_id)),
    };
    let places: Vec<(String, UserId)> = found.load(connection).await?;
    let slice = Slice::new(places, size, cursor, |(search, user)| {
        (search.clone(), user.uuid())
    });
    let ids: Vec<UserId> = slice.rows.iter().map(|(_, user)| *user).collect();
    let mut members = by_id(connection, organization, &ids, now).await?;
    let rows = ids.iter().filter_map(|id| members.remove(id)).collect();
    Ok(slice.with(rows))
}

/// One of the organisation's members.
pub async fn listed(
    connection: &mut Connection,
    organization: OrganizationId,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Listed> {
    let mut found = by_id(connection, organization, &[user], now).await?;
    found.remove(&user).ok_or(diesel::NotFound)
}

async fn by_id(
    connection: &mut Connection,
    organization: OrganizationId,
    ids: &[UserId],
    now: DateTime<Utc>,
) -> QueryResult<HashMap<UserId, Listed>> {
    let rows: Vec<Row> = memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization))
        .filter(memberships::user_id.eq_any(ids))
        .select(columns())
        .load(connection)
        .await?;
    let counts = active_of(connection, organization, ids, now).await?;
    let listed = |row| {
        let member = assemble(row);
        let mcp_tokens = counts.get(&member.id).copied().unwrap_or_default();
        (member.id, Listed { member, mcp_tokens })
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// How many there are.
pub async fn count(
    connection: &mut Connection,
    organization: OrganizationId,
    wanted: &Wanted,
) -> QueryResult<i64> {
    matching(organization, wanted)
        .count()
        .get_result(connection)
        .await
}
