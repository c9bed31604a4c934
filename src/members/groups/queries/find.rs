//! Single groups.

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::access::{OrganizationId, Role};
use crate::db::Connection;
use crate::db::schema::{group_members, groups};
use crate::members::groups::{Group, GroupId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = groups)]
pub(super) struct Row {
    pub id: GroupId,
    pub name: String,
    role: Option<Role>,
    created_at: DateTime<Utc>,
    managed: bool,
    external_id: Option<String>,
    version: i32,
}

pub(super) fn assemble(row: Row, members: i64) -> Group {
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
    let members = group_members::table
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::group_id.eq(id))
        .select(count_star())
        .get_result(connection)
        .await?;
    Ok(assemble(row, members))
}
