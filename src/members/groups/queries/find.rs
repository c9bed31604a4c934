//! Finding groups.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::access::{OrganizationId, Role, UserId};
use crate::db::schema::{group_members, groups};
use crate::db::{Connection, anywhere, lower};
use crate::members::groups::{Group, GroupId};
use crate::web::paging::{Cursor, Direction, Slice, one_more};

#[derive(Queryable, Selectable)]
#[diesel(table_name = groups)]
struct Row {
    id: GroupId,
    name: String,
    role: Option<Role>,
    created_at: DateTime<Utc>,
    managed: bool,
    external_id: Option<String>,
    version: i32,
}

fn assemble(row: Row, members: i64) -> Group {
    Group {
        id: row.id,
        name: row.name,
        role: row.role,
        created_at: row.created_at,
        managed: row.managed,
        external_id: row.external_id,
        version: row.version,
        members,
    }
}

/// One group of the organisation.
pub async fn group(
    connection: &mut Connection,
    organization: OrganizationId,
    id: GroupId,
) -> QueryResult<Group> {
    let row: Row = groups::table
        .filter(groups::organization_id.eq(organization))
        .filter(groups::id.eq(id))
        .select(Row::as_select())
        .get_result(connection)
        .await?;
    let groups = counted(connection, organization, vec![row]).await?;
    groups.into_iter().next().ok_or(diesel::NotFound)
}

/// The organisation's group with this name, compared without case.
pub async fn named(
    connection: &mut Connection,
    organization: OrganizationId,
    name: &str,
) -> QueryResult<Group> {
    let row: Row = groups::table
        .filter(groups::organization_id.eq(organization))
        .filter(lower(groups::name).eq(lower(name)))
        .select(Row::as_select())
        .get_result(connection)
        .await?;
    let groups = counted(connection, organization, vec![row]).await?;
    groups.into_iter().next().ok_or(diesel::NotFound)
}

/// The groups that a member is in, by name.
pub async fn of_member(
    connection: &mut Connection,
    organization: OrganizationId,
    user: UserId,
) -> QueryResult<Vec<Group>> {
    let rows: Vec<Row> = groups::table
        .inner_join(group_members::table.on(group_members::group_id.eq(groups::id)))
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::user_id.eq(user))
        .order(lower(groups::name))
        .select(Row::as_select())
        .load(connection)
        .await?;
    counted(connection, organization, rows).await
}

/// A page of the organisation's groups, by name; `term` is a part of it.
pub async fn page(
    connection: &mut Connection,
    organization: OrganizationId,
    term: Option<&str>,
    cursor: Option<&Cursor>,
    size: usize,
) -> QueryResult<Slice<Group>> {
    let found = matching(organization, term)
        .select(Row::as_select())
        .limit(one_more(size));
    let found = match cursor {
        // No two have the same.
        Some(Cursor {
            key,
            direction: Direction::Before,
            ..
        }) => found
            .filter(lower(groups::name).lt(lower(key.clone())))
            .order(lower(groups::name).desc()),
        Some(Cursor { key, .. }) => found
            .filter(lower(groups::name).gt(lower(key.clone())))
            .order(lower(groups::name).asc()),
        None => found.order(lower(groups::name).asc()),
    };
    let rows: Vec<Row> = found.load(connection).await?;
    let place = |row: &Row| (row.name.clone(), row.id.uuid());
    let mut slice = Slice::new(rows, size, cursor, place);
    let rows = std::mem::take(&mut slice.rows);
    let groups = counted(connection, organization, rows).await?;
    Ok(slice.with(groups))
}

/// How many there are.
pub async fn count(
    connection: &mut Connection,
    organization: OrganizationId,
    term: Option<&str>,
) -> QueryResult<i64> {
    matching(organization, term)
        .count()
        .get_result(connection)
        .await
}

fn matching(organization: OrganizationId, term: Option<&str>) -> groups::BoxedQuery<'static, Pg> {
    let own = groups::table
        .filter(groups::organization_id.eq(organization))
        .into_boxed();
    match term {
        Some(term) => own.filter(groups::name.ilike(anywhere(term))),
        None => own,
    }
}

/// How many members groups have, by group; none of those that have no members.
pub async fn sizes(
    connection: &mut Connection,
    organization: OrganizationId,
    ids: &[GroupId],
) -> QueryResult<HashMap<GroupId, i64>> {
    let sizes: Vec<(GroupId, i64)> = group_members::table
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::group_id.eq_any(ids))
        .group_by(group_members::group_id)
        .select((group_members::group_id, count_star()))
        .load(connection)
        .await?;
    Ok(sizes.into_iter().collect())
}

/// With how many members each has.
async fn counted(
    connection: &mut Connection,
    organization: OrganizationId,
    rows: Vec<Row>,
) -> QueryResult<Vec<Group>> {
    let ids: Vec<GroupId> = rows.iter().map(|row| row.id).collect();
    let counts = sizes(connection, organization, &ids).await?;
    let members = |row: &Row| counts.get(&row.id).copied().unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| {
            let members = members(&row);
            assemble(row, members)
        })
        .collect())
}
