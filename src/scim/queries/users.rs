//! Users.

mod change;

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde_json::Value;

use super::{condition, order};
use crate::access::{OrganizationId, UserId};
use crate::db::Connection;
use crate::db::schema::{group_members, groups, scim_users};
use crate::members::groups::GroupId;
use crate::scim::document::Document;
use crate::scim::search::Search;
use crate::scim::user::{InGroup, User};
use crate::tokens::queries::plan_afresh;
use crate::web::Error;

pub use change::{change, create, delete};

#[derive(Queryable, Selectable)]
#[diesel(table_name = scim_users)]
struct Row {
    user_id: UserId,
    user_name: String,
    external_id: Option<String>,
    active: bool,
    made_account: bool,
    document: Value,
    version: i32,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
}

impl From<Row> for User {
    fn from(row: Row) -> Self {
        Self {
            id: row.user_id,
            user_name: row.user_name,
            external_id: row.external_id,
            active: row.active,
            made_account: row.made_account,
            document: Document(match row.document {
                Value::Object(object) => object,
                _ => serde_json::Map::new(),
            }),
            version: row.version,
            created_at: row.created_at,
            modified_at: row.modified_at,
        }
    }
}

/// How many users are found, and those of the page.
pub async fn page(
    connection: &mut Connection,
    organization: OrganizationId,
    search: &Search,
) -> Result<(i64, Vec<User>), Error> {
    let condition = || match &search.criterion {
        Some(criterion) => condition::of_users(criterion, organization).map(Some),
        None => Ok(None),
    };
    connection
        .transaction(async |connection| {
            plan_afresh(connection).await?;
            let found = scim_users::table.filter(scim_users::organization_id.eq(organization));
            let mut total = found.select(count_star()).into_boxed();
            let mut page = found.select(scim_users::user_id).into_boxed();
            if let (Some(one), Some(other)) = (condition()?, condition()?) {
                total = total.filter(one);
                page = page.filter(other);
            }
            let total = total.get_result(connection).await?;
            if total < search.start {
                return Ok((total, Vec::new()));
            }
            let ids: Vec<UserId> = order::of_users(page, search.sort.as_ref())
                .offset(search.start - 1)
                .limit(search.count)
                .load(connection)
                .await?;
            Ok((total, in_order(connection, organization, &ids).await?))
        })
        .await
}

async fn in_order(
    connection: &mut Connection,
    organization: OrganizationId,
    ids: &[UserId],
) -> QueryResult<Vec<User>> {
    let rows: Vec<Row> = scim_users::table
        .filter(scim_users::organization_id.eq(organization))
        .filter(scim_users::user_id.eq_any(ids))
        .select(Row::as_select())
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
    let row: Row = scim_users::table
        .find((organization, id))
        .select(Row::as_select())
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
