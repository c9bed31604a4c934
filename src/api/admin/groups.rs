//! Groups, and who is in them.

mod members;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use members::*;

use super::{New, created};
use crate::access::{Actor, Overseer, Role};
use crate::api::kit::{
    Created, Creation, GroupName, IfMatch, Input, Page, Params, Search, mistakes, present, taken,
    versioned,
};
use crate::db::{Connection, Database};
use crate::gate::{Reader, Writer};
use crate::members::groups::draft::Draft;
use crate::members::groups::queries::{self, ChangeError};
use crate::members::groups::{self, Keeper};
use crate::web::form::Field;
use crate::web::{Answer, Error, Now};

/// Which list a cursor is of.
const LIST: &str = "groups by name";

const BY_PROGRAM: Keeper = Keeper::Administrators;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/groups")
                .route(web::get().to(index))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/groups/{id}")
                .route(web::get().to(show))
                .route(web::patch().to(edit))
                .route(web::delete().to(delete)),
        )
        .service(web::resource("/groups/{id}/members").route(web::get().to(list_members)))
        .service(
            web::resource("/groups/{id}/members/{user_id}")
                .route(web::put().to(add_member))
                .route(web::delete().to(remove_member)),
        );
}

/// A group of members.
#[derive(Serialize, ToSchema)]
pub struct Group {
    id: Uuid,
    name: String,
    /// What it makes of its members; `null`: nothing.
    role: Option<GroupRole>,
    /// How many members it has, deactivated ones too.
    members: i64,
    /// Whether it comes by SCIM: the identity provider decides on its name and members.
    managed: bool,
    /// What the identity provider calls it.
    external_id: Option<String>,
    created_at: DateTime<Utc>,
    /// Counts the changes, also of its members; also in the header `ETag`.
    version: i32,
}

/// What a group can make of its members.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupRole {
    Admin,
}

impl GroupRole {
    pub fn of(role: Role) -> Option<Self> {
        (role == Role::Admin).then_some(Self::Admin)
    }
}

impl From<groups::Group> for Group {
    fn from(group: groups::Group) -> Self {
        Self {
            id: group.id.uuid(),
            name: group.name,
            role: group.role.and_then(GroupRole::of),
            members: group.members,
            managed: group.managed,
            external_id: group.external_id,
            created_at: group.created_at,
            version: group.version,
        }
    }
}

/// A group to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// Unique, without regard to case.
    #[schema(value_type = GroupName)]
    name: String,
    /// Left out or `null`: nothing is made of its members.
    #[serde(default)]
    role: Option<GroupRole>,
}

impl From<NewGroup> for Draft {
    fn from(new: NewGroup) -> Self {
        Self {
            name: Field::new(new.name),
            administrators: new.role.is_some(),
            ..Self::default()
        }
    }
}

/// What is to be other than it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupEdit {
    /// Fixed where it comes by SCIM.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<GroupName>, nullable = false)]
    name: Option<String>,
    /// `null`: nothing is made of its members.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<GroupRole>)]
    role: Option<Option<GroupRole>>,
}

/// List groups
///
/// By name.
#[utoipa::path(get, path = "/api/v1/groups", operation_id = "listGroups", tag = "Groups",
    params(Search), responses((status = 200, description = "A page", body = Page<Group>)))]
pub async fn index(
    reader: Reader,
    database: Data<Database>,
    Params(search): Params<Search>,
) -> Answer {
    let (term, paging) = (search.term()?, search.paging());
    let (limit, cursor) = (paging.limit()?, paging.cursor(LIST)?);
    let (term, cursor) = (term.as_deref(), cursor.as_ref());
    let connection = &mut *database.get().await?;
    let slice = queries::page(connection, reader.overseen(), term, cursor, limit).await?;
    Ok(HttpResponse::Ok().json(Page::of(LIST, slice.map(Group::from))))
}

/// Create a group
///
/// One that makes its members administrators is made only by a token that has the scope `all`, no
/// ranges and no expiry.
#[utoipa::path(post, path = "/api/v1/groups", operation_id = "createGroup", tag = "Groups",
    request_body = NewGroup,
    responses((status = 201, description = "The group, which has no members yet", body = Group)))]
pub async fn create(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    creation: Creation<NewGroup>,
) -> Answer {
    created(creation, writer, now, &database).await
}

impl New for NewGroup {
    async fn create(
        self,
        connection: &mut Connection,
        writer: &Writer,
        now: Now,
    ) -> Result<Created, Error> {
        let draft = Draft::from(self);
        let new = draft.clone().parse().map_err(|it| wrong(&it))?;
        let created = queries::create(connection, &writer.actor(), BY_PROGRAM, &new, now.0).await;
        let group = created.map_err(|error| refused(error, draft))?;
        let (location, version) = (format!("/api/v1/groups/{}", group.id), group.version);
        Created::new(location, Some(version), &Group::from(group))
    }
}

fn wrong(draft: &Draft) -> Error {
    mistakes(&[("name", &draft.name)])
}

/// Why a group is not made or changed, where that has to do with a field.
fn refused(error: ChangeError, draft: Draft) -> Error {
    match error {
        ChangeError::NameTaken => taken("name", &draft.name_taken().name),
        error => error.into(),
    }
}

/// Show a group
#[utoipa::path(get, path = "/api/v1/groups/{id}", operation_id = "showGroup", tag = "Groups",
    params(("id" = Uuid, Path)), responses((status = 200, description = "The group", body = Group)))]
pub async fn show(reader: Reader, database: Data<Database>, id: Path<Uuid>) -> Answer {
    let connection = &mut *database.get().await?;
    let id = id.into_inner().into();
    Ok(told(
        queries::group(connection, reader.overseen(), id).await?,
    ))
}

fn told(group: groups::Group) -> HttpResponse {
    versioned(group.version, Group::from(group))
}

/// Edit a group
///
/// Of one that comes by SCIM only the role can be edited. The role is given only by a token that
/// has the scope `all`, no ranges and no expiry.
#[utoipa::path(patch, path = "/api/v1/groups/{id}", operation_id = "editGroup", tag = "Groups",
    params(("id" = Uuid, Path), IfMatch), request_body = GroupEdit,
    responses((status = 200, description = "The group as it is now", body = Group)))]
pub async fn edit(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    id: Path<Uuid>,
    expected: IfMatch,
    Input(edit): Input<GroupEdit>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let id = id.into_inner().into();
    let current = queries::group(connection, writer.overseen(), id).await?;
    let edited = try_edit(connection, &writer.actor(), edit, &current, &expected, now).await?;
    Ok(told(edited))
}

async fn try_edit(
    connection: &mut Connection,
    actor: &Actor,
    edit: GroupEdit,
    current: &groups::Group,
    expected: &IfMatch,
    now: Now,
) -> Result<groups::Group, Error> {
    let which = expected.pin(current.id, current.version)?;
    let mut draft = Draft::from(current);
    let is_renamed = edit.name.is_some();
    if let Some(name) = edit.name {
        draft.name = Field::new(name);
    }
    let new = draft.clone().parse().map_err(|it| wrong(&it))?;
    let edit = queries::Edit {
        name: is_renamed.then_some(&new.name),
        role: edit
            .role
            .map(|role| role.map(|GroupRole::Admin| Role::Admin)),
    };
    let edited = queries::edit(connection, actor, BY_PROGRAM, which, edit, now.0).await;
    edited.map_err(|error| match error {
        ChangeError::Outdated(_) => expected.overtaken(),
        error => refused(error, draft),
    })
}

/// Delete a group
///
/// One that does not come by SCIM. Its members stay members of the organisation.
#[utoipa::path(delete, path = "/api/v1/groups/{id}", operation_id = "deleteGroup", tag = "Groups",
    params(("id" = Uuid, Path), IfMatch), responses((status = 204, description = "It is gone")))]
pub async fn delete(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let connection = &mut *database.get().await?;
    let current = queries::group(connection, writer.overseen(), id.into_inner().into()).await?;
    let which = expected.pin(current.id, current.version)?;
    let deleted = queries::delete(connection, &writer.actor(), BY_PROGRAM, which, now.0).await;
    deleted.map_err(|error| match error {
        ChangeError::Outdated(_) => expected.overtaken(),
        error => error.into(),
    })?;
    Ok(HttpResponse::NoContent().finish())
}
