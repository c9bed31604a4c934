//! Members, and what becomes of them.

mod departures;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub use departures::*;

use super::groups::GroupRole;
use crate::access::{OrganizationId, Overseer, UserId};
use crate::api::kit::{
    IfMatch, Input, Limit, Page, Paging, Params, RoleWord, ViewWord, Word, present, term, versioned,
};
use crate::db::{Connection, Database, plan_afresh};
use crate::gate::{Reader, Writer};
use crate::members::groups::GroupId;
use crate::members::groups::queries::of_member;
use crate::members::queries::{self, ChangeError, Listed, Wanted};
use crate::web::{Answer, Error, Now};

/// Which list a cursor is of.
const LIST: &str = "members by name";

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/members").route(web::get().to(index)))
        .service(
            web::resource("/members/{id}")
                .route(web::get().to(show))
                .route(web::patch().to(edit))
                .route(web::delete().to(remove)),
        )
        .service(web::resource("/members/{id}/deactivation").route(web::post().to(deactivate)))
        .service(web::resource("/members/{id}/reactivation").route(web::post().to(reactivate)));
}

/// A user in the organisation.
#[derive(Serialize, ToSchema)]
pub struct Member {
    id: Uuid,
    name: String,
    email: String,
    /// Their own, which can be edited.
    role: RoleWord,
    /// What they are while they are active: `admin` also through a group.
    effective_role: RoleWord,
    /// Since when they are a member.
    joined_at: DateTime<Utc>,
    /// Whether they see the organisation: one who was provisioned does once they have opened a link
    /// of its own.
    has_joined: bool,
    /// Since when they may do nothing here; `null`: they are active.
    deactivated_at: Option<DateTime<Utc>>,
    /// In this organisation; `null` for one who has not joined.
    last_sign_in_at: Option<DateTime<Utc>>,
    /// Counts the changes of their own role, of whether they are active, and of whether they have
    /// joined; also in the header `ETag`.
    version: i32,
    /// How many active MCP tokens they have.
    mcp_tokens: i64,
    /// The groups that they are in, by name; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    groups: Option<Vec<MembersGroup>>,
    /// How many API tokens they answer for that are not revoked; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    api_tokens: Option<i64>,
}

/// A group that a member is in.
#[derive(Serialize, ToSchema)]
struct MembersGroup {
    id: Uuid,
    name: String,
    role: Option<GroupRole>,
}

impl From<Listed> for Member {
    fn from(Listed { member, mcp_tokens }: Listed) -> Self {
        Self {
            id: member.id.uuid(),
            role: Word(member.own_role),
            effective_role: Word(member.role()),
            name: member.name,
            email: member.email,
            joined_at: member.joined_at,
            has_joined: member.has_joined,
            deactivated_at: member.deactivated_at,
            last_sign_in_at: member.last_sign_in_at,
            version: member.version,
            mcp_tokens,
            groups: None,
            api_tokens: None,
        }
    }
}

impl Member {
    /// With all that is known of them.
    pub async fn load(
        connection: &mut Connection,
        organization: OrganizationId,
        id: UserId,
        now: Now,
    ) -> Result<Self, Error> {
        let listed = queries::listed(connection, organization, id, now.0).await?;
        let groups = of_member(connection, organization, id).await?;
        let groups = groups.into_iter().map(|group| MembersGroup {
            id: group.id.uuid(),
            name: group.name,
            role: group.role.and_then(GroupRole::of),
        });
        Ok(Self {
            groups: Some(groups.collect()),
            api_tokens: Some(answered_for(connection, organization, id).await?),
            ..listed.into()
        })
    }
}

/// Which members.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// A part of the name or of the email.
    #[param(max_length = 100)]
    q: Option<String>,
    /// `administrators` are those who are active.
    #[param(inline)]
    view: Option<ViewWord>,
    /// How many items a page has.
    #[param(value_type = Option<usize>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<Limit>,
    /// Where to go on: the `next_cursor` of the page before, asked with the same parameters.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

impl Which {
    /// A page of them, or of those who are in a group.
    pub async fn page(
        self,
        connection: &mut Connection,
        organization: OrganizationId,
        group: Option<GroupId>,
        now: Now,
    ) -> Result<Page<Member>, Error> {
        let wanted = Wanted {
            term: term("q", self.q.as_deref())?,
            view: self.view.map(|view| view.0),
            group,
        };
        let paging = Paging {
            limit: self.limit,
            cursor: self.cursor,
        };
        let (limit, cursor) = (paging.limit()?, paging.cursor(LIST)?);
        let page = connection.transaction(async |connection| {
            plan_afresh(connection).await?;
            let cursor = cursor.as_ref();
            queries::page(connection, organization, &wanted, cursor, limit, now.0).await
        });
        Ok(Page::of(LIST, page.await?.map(Member::from)))
    }
}

/// What is to be other than it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberEdit {
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    role: Option<RoleWord>,
}

/// List members
///
/// Deactivated ones too, by name.
#[utoipa::path(get, path = "/api/v1/members", operation_id = "listMembers", tag = "Members",
    params(Which), responses((status = 200, description = "A page", body = Page<Member>)))]
pub async fn index(
    reader: Reader,
    now: Now,
    database: Data<Database>,
    Params(which): Params<Which>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let page = which.page(connection, reader.overseen(), None, now).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Show a member
#[utoipa::path(get, path = "/api/v1/members/{id}", operation_id = "showMember", tag = "Members",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The member", body = Member)))]
pub async fn show(reader: Reader, now: Now, database: Data<Database>, id: Path<Uuid>) -> Answer {
    let connection = &mut *database.get().await?;
    told(connection, &reader, id.into_inner().into(), now).await
}

async fn told(
    connection: &mut Connection,
    overseer: &impl Overseer,
    id: UserId,
    now: Now,
) -> Answer {
    let member = Member::load(connection, overseer.overseen(), id, now).await?;
    Ok(versioned(member.version, member))
}

/// Edit a member
///
/// Their own role is all that can be edited. What is sent is what it is then, at once and on every
/// instance. The last active administrator stays one. An administrator is made only by a token that
/// has the scope `all`, no ranges and no expiry.
#[utoipa::path(patch, path = "/api/v1/members/{id}", operation_id = "editMember", tag = "Members",
    params(("id" = Uuid, Path), IfMatch), request_body = MemberEdit,
    responses((status = 200, description = "The member as they are now", body = Member)))]
pub async fn edit(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    id: Path<Uuid>,
    expected: IfMatch,
    Input(edit): Input<MemberEdit>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let member = queries::member(connection, writer.overseen(), id.into_inner().into()).await?;
    let pinned = expected.pin(member.id, member.version)?;
    if let Some(Word(role)) = edit.role {
        match queries::change_role(connection, &writer.actor(), pinned, role, now.0).await {
            Ok(_) => {}
            // They have the role, if it is not the version.
            Err(ChangeError::Outdated(member)) => expected.check(member.version)?,
            Err(error) => return Err(error.into()),
        }
    }
    told(connection, &writer, member.id, now).await
}
