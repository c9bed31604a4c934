//! Users.

mod account;
mod change;
mod page;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::directory::of_user;
use crate::access::{OrganizationId, UserId};
use crate::db::Connection;
use crate::db::schema::{group_members, groups, scim_documents, scim_users};
use crate::members::groups::GroupId;
use crate::scim::document::Document;
use crate::scim::user::{InGroup, User};

pub use change::{change, create, delete};
pub use page::page;

#[derive(Queryable, Selectable)]
#[diesel(table_name = scim_users)]
struct Row {
    user_id: UserId,
    user_name: String,
    external_id: Option<String>,
    active: bool,
    version: i32,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
}

impl From<(Row, Value)> for User {
    fn from((row, document): (Row, Value)) -> Self {
        Self {
            id: row.user_id,
            user_name: row.user_name,
            external_id: row.external_id,
            active: row.active,
            document: Document(match document {
                Value::Object(object) => object,
                _ => serde_json::Map::new(),
            }),
            version: row.version,
            created_at: row.created_at,
            modified_at: row.modified_at,
        }
    }
}

pub(super) async fn in_order(
    connection: &mut Connection,
    organization: OrganizationId,
    ids: &[UserId],
) -> QueryResult<Vec<User>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(Row, Value)> = scim_users::table
        .inner_join(scim_documents::table.on(of_user()))
        .filter(scim_users::organization_id.eq(organization))
        .filter(scim_users::user_id.eq_any(ids))
        .select((Row::as_select(), scim_documents::document))
        .load(connection)
        .await?;
    let mut users: Vec<User> = rows.into_iter().map(User::from).collect();
    users.sort_by_key(|user| ids.iter().position(|id| *id == user.id));
    Ok(users)
}

pub async fn find(
    connection: &mut Connection,
    organization: OrganizationId,
    id: UserId,
) -> QueryResult<User> {
    let row: (Row, Value) = scim_users::table
        .find((organization, id))
        .inner_join(scim_documents::table.on(of_user()))
        .select((Row::as_select(), scim_documents::document))
        .get_result(connection)
        .await?;
    Ok(row.into())
}

/// The groups that users are in, by user and name.
pub async fn groups_of(
    connection: &mut Connection,
    organization: OrganizationId,
    users: &[UserId],
) -> QueryResult<Vec<(UserId, InGroup)>> {
    let rows: Vec<(UserId, GroupId, String)> = group_members::table
        .inner_join(groups::table.on(groups::id.eq(group_members::group_id)))
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::user_id.eq_any(users))
        .order((group_members::user_id, groups::name, groups::id))
        .select((group_members::user_id, groups::id, groups::name))
        .load(connection)
        .await?;
    let in_group = |(user, id, name)| (user, InGroup { id, name });
    Ok(rows.into_iter().map(in_group).collect())
}
