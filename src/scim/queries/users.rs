//! Users.

mod change;

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde_json::Value;

use super::directory::{UserIds, of_user, users_of};
use super::{condition, order};
use crate::access::{OrganizationId, UserId};
use crate::db::schema::{group_members, groups, scim_documents, scim_users};
use crate::db::{Connection, expected_rows, plan_afresh};
use crate::members::groups::GroupId;
use crate::scim::document::Document;
use crate::scim::search::Search;
use crate::scim::user::{InGroup, User};
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
            made_account: row.made_account,
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

/// Where no more are expected, all that a filter finds is collected, counted and sorted at once.
/// Else they are counted, and the page is soon filled by walking along the order.
const FEW: u64 = 10_000;

/// How many users are found, and those of the page.
pub async fn page(
    connection: &mut Connection,
    organization: OrganizationId,
    search: &Search,
) -> Result<(i64, Vec<User>), Error> {
    connection
        .transaction(async |connection| {
            plan_afresh(connection).await?;
            let found = || found(organization, search);
            let may_be_few = search.criterion.is_some() && search.count > 0;
            let (total, ids) = if may_be_few
                && expected_rows(connection, found()?).await? <= FEW
                && let Some(collected) = collect(connection, found()?, search).await?
            {
                collected
            } else {
                walk(connection, found, search).await?
            };
            Ok((total, in_order(connection, organization, &ids).await?))
        })
        .await
}

/// Those who are found, in no order.
pub(super) fn found(
    organization: OrganizationId,
    search: &Search,
) -> Result<UserIds<'static>, Error> {
    match &search.criterion {
        Some(criterion) => condition::found(criterion, organization),
        None => Ok(users_of(organization)),
    }
}

/// `None` if the page holds nobody, and so does not tell how many there are before it.
async fn collect(
    connection: &mut Connection,
    found: UserIds<'_>,
    search: &Search,
) -> QueryResult<Option<(i64, Vec<UserId>)>> {
    let rows: Vec<(UserId, i64)> =
        order::of_users(found.order(of_no_index()), search.sort.as_ref())
            .offset(search.start - 1)
            .limit(search.count)
            .select((scim_users::user_id, count_star().over()))
            .load(connection)
            .await?;
    let ids = rows.iter().map(|(id, _)| *id).collect();
    Ok(match rows.last() {
        Some((_, total)) => Some((*total, ids)),
        None if search.start == 1 => Some((0, ids)),
        None => None,
    })
}

async fn walk(
    connection: &mut Connection,
    found: impl Fn() -> Result<UserIds<'static>, Error>,
    search: &Search,
) -> Result<(i64, Vec<UserId>), Error> {
    let total = found()?.select(count_star()).get_result(connection).await?;
    if total < search.start {
        return Ok((total, Vec::new()));
    }
    let ids = order::of_users(found()?, search.sort.as_ref())
        .offset(search.start - 1)
        .limit(search.count)
        .load(connection)
        .await?;
    Ok((total, ids))
}

/// To sort by this first leaves all as it is, but no index has such an order. PostgreSQL would
/// walk along one that has, and does not know that all that a filter finds may stand at its end.
fn of_no_index() -> SqlLiteral<Bool> {
    sql("coalesce(scim_users.user_id, scim_users.user_id) IS NULL")
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
