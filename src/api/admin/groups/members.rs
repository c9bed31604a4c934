//! Who is in a group. To put somebody in who is there already, or to take somebody out who is not,
//! changes nothing and is answered the same. `If-Match` is about the version of the group.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use uuid::Uuid;

use super::BY_PROGRAM;
use crate::access::{Overseer, UserId};
use crate::api::admin::members::{Member, Which};
use crate::api::kit::{IfMatch, Page, Params};
use crate::db::Database;
use crate::gate::{Reader, Writer};
use crate::members::groups::GroupId;
use crate::members::groups::queries::{self, ChangeError};
use crate::web::{Answer, Error, Now};

/// List the members of a group
///
/// Deactivated ones too, by name.
#[utoipa::path(get, path = "/api/v1/groups/{id}/members", operation_id = "listGroupMembers",
    tag = "Groups", params(("id" = Uuid, Path), Which),
    responses((status = 200, description = "A page", body = Page<Member>)))]
pub async fn list_members(
    reader: Reader,
    now: Now,
    database: Data<Database>,
    id: Path<Uuid>,
    Params(which): Params<Which>,
) -> Answer {
    let organization = reader.overseen();
    let connection = &mut *database.get().await?;
    let group = queries::group(connection, organization, id.into_inner().into()).await?;
    let page = which
        .page(connection, organization, Some(group.id), now)
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Add a member to a group
///
/// A group that makes its members administrators gets them only from a token that has the scope
/// `all`, no ranges and no expiry. One that comes by SCIM gets them from the identity provider.
/// `If-Match` is about the group.
#[utoipa::path(put, path = "/api/v1/groups/{id}/members/{user_id}",
    operation_id = "addGroupMember", tag = "Groups",
    params(("id" = Uuid, Path), ("user_id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "They are in the group")))]
pub async fn add_member(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    path: Path<(Uuid, Uuid)>,
    expected: IfMatch,
) -> Answer {
    let (id, user) = read(&path);
    let (actor, connection) = (writer.actor(), &mut *database.get().await?);
    let current = queries::group(connection, writer.overseen(), id).await?;
    let group = expected.pin(id, current.version)?;
    let added = queries::add_members(connection, &actor, BY_PROGRAM, group, &[user], now.0).await;
    added.map_err(|error| match error {
        ChangeError::Strangers => Error::NotFound,
        ChangeError::Outdated(_) => expected.overtaken(),
        error => error.into(),
    })?;
    Ok(HttpResponse::NoContent().finish())
}

/// Remove a member from a group
///
/// They stay a member of the organisation. What the group has made of them ends at once.
/// `If-Match` is about the group.
#[utoipa::path(delete, path = "/api/v1/groups/{id}/members/{user_id}",
    operation_id = "removeGroupMember", tag = "Groups",
    params(("id" = Uuid, Path), ("user_id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "They are not in the group")))]
pub async fn remove_member(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    path: Path<(Uuid, Uuid)>,
    expected: IfMatch,
) -> Answer {
    let (id, user) = read(&path);
    let (actor, connection) = (writer.actor(), &mut *database.get().await?);
    let current = queries::group(connection, writer.overseen(), id).await?;
    let group = expected.pin(id, current.version)?;
    let user = [user];
    let removed =
        queries::remove_members(connection, &actor, BY_PROGRAM, group, &user, now.0).await;
    removed.map_err(|error| match error {
        ChangeError::Outdated(_) => expected.overtaken(),
        error => error.into(),
    })?;
    Ok(HttpResponse::NoContent().finish())
}

fn read(path: &(Uuid, Uuid)) -> (GroupId, UserId) {
    (path.0.into(), path.1.into())
}
