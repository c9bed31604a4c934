//! Users and groups in one list.

use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{
    AstPass, BoxedSelectStatement, FromClause, Query, QueryFragment, QueryId,
};
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use super::condition::Finder;
use super::directory::Users;
use super::{explained, groups, prepare, users};
use crate::access::{OrganizationId, UserId};
use crate::db::Connection;
use crate::db::schema::{groups as groups_table, scim_users};
use crate::members::groups::GroupId;
use crate::scim::group::Group;
use crate::scim::recall::Recall;
use crate::scim::search::{Everything, Sort};
use crate::scim::user::User;
use crate::web::Error;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Which {
    User,
    Group,
}

/// How many there are, and those of the page.
pub struct Found {
    pub total: i64,
    /// What each resource of the page is; each kind has its own order in that.
    pub order: Vec<Which>,
    pub users: Vec<User>,
    pub groups: Vec<Group>,
}

/// What has no value to sort by comes last, or first where the order descends: so where only one kind
/// has the attribute, it comes before the other, or behind it.
///
/// # Errors
/// `invalidFilter` for what is not looked for.
pub async fn page(
    connection: &mut Connection,
    organization: OrganizationId,
    search: &Everything,
    recall: &Recall,
) -> Result<Found, Error> {
    match (search.users.sort, search.groups.sort) {
        (Some(sort), Some(_)) => mixed(connection, organization, search, sort).await,
        (Some(sort), None) if sort.descends => {
            groups_first(connection, organization, search, recall).await
        }
        (None, Some(sort)) if !sort.descends => {
            groups_first(connection, organization, search, recall).await
        }
        _ => users_first(connection, organization, search, recall).await,
    }
}

async fn users_first(
    connection: &mut Connection,
    organization: OrganizationId,
    search: &Everything,
    recall: &Recall,
) -> Result<Found, Error> {
    let (before, users) = users::page(connection, organization, &search.users, recall).await?;
    let rest = search.groups.behind(before, users.len());
    let (behind, groups) = groups::page(connection, organization, &rest).await?;
    Ok(Found {
        total: before + behind,
        order: order(&[(Which::User, users.len()), (Which::Group, groups.len())]),
        users,
        groups,
    })
}

async fn groups_first(
    connection: &mut Connection,
    organization: OrganizationId,
    search: &Everything,
    recall: &Recall,
) -> Result<Found, Error> {
    let (before, groups) = groups::page(connection, organization, &search.groups).await?;
    let rest = search.users.behind(before, groups.len());
    let (behind, users) = users::page(connection, organization, &rest, recall).await?;
    Ok(Found {
        total: before + behind,
        order: order(&[(Which::Group, groups.len()), (Which::User, users.len())]),
        users,
        groups,
    })
}

fn order(parts: &[(Which, usize)]) -> Vec<Which> {
    let parts = parts.iter();
    parts
        .flat_map(|(kind, length)| vec![*kind; *length])
        .collect()
}

/// By an attribute that both kinds have.
async fn mixed(
    connection: &mut Connection,
    organization: OrganizationId,
    search: &Everything,
    sort: Sort,
) -> Result<Found, Error> {
    connection
        .transaction(async |connection| {
            prepare(connection).await?;
            let finder =
                Finder::of(connection, organization, search.users.criterion.as_ref()).await?;
            let groups = || groups::found(organization, &search.groups);
            let total = finder.count(connection).await?
                + groups()?.count().get_result::<i64>(connection).await?;
            let (of_users, of_groups) = keys(sort);
            let merged = Merged {
                users: finder.found()?.select((scim_users::user_id, sql(of_users))),
                groups: groups()?.select((groups_table::id, sql(of_groups))),
                descends: sort.descends,
                offset: search.users.start - 1,
                limit: search.users.count,
            };
            let rows: Vec<(Uuid, bool)> = merged.load(connection).await?;
            let of = |kind| move |&(id, is_group): &(Uuid, bool)| (is_group == kind).then_some(id);
            let user_ids: Vec<UserId> = rows
                .iter()
                .filter_map(of(false))
                .map(UserId::from)
                .collect();
            let group_ids: Vec<GroupId> = rows
                .iter()
                .filter_map(of(true))
                .map(GroupId::from)
                .collect();
            let kind =
                |(_, is_group): &(Uuid, bool)| if *is_group { Which::Group } else { Which::User };
            Ok(Found {
                total,
                order: rows.iter().map(kind).collect(),
                users: users::in_order(connection, organization, &user_ids).await?,
                groups: groups::in_order(connection, organization, &group_ids).await?,
            })
        })
        .await
        .map_err(explained)
}

/// What is sorted by, as texts: those of users and those of groups.
fn keys(sort: Sort) -> (&'static str, &'static str) {
    match (sort.place.attribute.name, sort.place.target().name) {
        ("displayName", _) => ("scim_users.display_name", "lower(groups.name)"),
        ("externalId", _) => ("scim_users.external_id", "groups.external_id"),
        ("meta", "created") => (
            "to_char(scim_users.created_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')",
            "to_char(groups.created_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')",
        ),
        ("meta", "lastModified") => (
            "to_char(scim_users.modified_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')",
            "to_char(groups.modified_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')",
        ),
        ("meta", "resourceType") => ("'User'", "'Group'"),
        _ => ("scim_users.user_id::text", "groups.id::text"),
    }
}

/// IDs and what they are sorted by.
type Keyed = (SqlUuid, Nullable<Text>);

/// Two queries as one, in one order. Diesel has no order of a union.
struct Merged {
    users: BoxedSelectStatement<'static, Keyed, FromClause<Users>, Pg>,
    groups: BoxedSelectStatement<'static, Keyed, FromClause<groups_table::table>, Pg>,
    descends: bool,
    offset: i64,
    limit: i64,
}

impl QueryFragment<Pg> for Merged {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("SELECT id, is_group FROM (SELECT id, key, false AS is_group FROM (");
        QueryFragment::<Pg>::walk_ast(&self.users, out.reborrow())?;
        out.push_sql(") AS users (id, key) UNION ALL SELECT id, key, true FROM (");
        QueryFragment::<Pg>::walk_ast(&self.groups, out.reborrow())?;
        out.push_sql(") AS groups (id, key)) AS found ORDER BY key COLLATE \"C\"");
        out.push_sql(if self.descends { " DESC" } else { "" });
        out.push_sql(", is_group, id OFFSET ");
        out.push_bind_param::<BigInt, _>(&self.offset)?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl Query for Merged {
    type SqlType = (SqlUuid, Bool);
}

impl QueryId for Merged {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
