//! How members go, and come back.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Member, told};
use crate::access::{OrganizationId, Overseer, UserId};
use crate::api::admin::responsible::{HandoverFate, no_heir, stray_heir};
use crate::api::kit::{IfMatch, Input, Params, Receipt, versioned};
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::gate::Writer;
use crate::members::Exit;
use crate::members::queries::{self, ApiTokens, ChangeError, Departure, Listed};
use crate::tokens::queries::{Estate, survey_estate};
use crate::web::{Answer, Error, Now};

/// What becomes of the API tokens that somebody answers for.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ApiTokensFate {
    /// They work on, and stay theirs.
    Keep,
    /// They work on, and another administrator answers for them.
    HandOver,
    /// They stop for ever.
    Revoke,
}

/// How somebody goes.
#[derive(Debug, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Farewell {
    /// What becomes of the API tokens that they answer for: needed if there are any that are not
    /// revoked.
    #[param(inline)]
    api_tokens: Option<ApiTokensFate>,
    /// With `hand-over`: the ID of another active administrator, who answers for them then.
    heir_id: Option<Uuid>,
}

/// Somebody who went.
#[derive(Serialize, ToSchema)]
pub struct Departed {
    /// As they are now; somebody who was removed: as they were.
    pub member: Member,
    /// How many sessions were ended.
    pub sessions: usize,
    /// How many of their MCP tokens stopped, or are revoked.
    pub mcp_tokens: usize,
    /// How many API tokens were handed over or revoked.
    pub api_tokens: usize,
    pub receipt: Receipt,
}

impl Farewell {
    /// `answered_for` is how many API tokens there are.
    fn read(&self, answered_for: i64) -> Result<Option<ApiTokens>, Error> {
        match (self.api_tokens, self.heir_id) {
            (Some(ApiTokensFate::HandOver), heir) => HandoverFate::HandOver.read(heir).map(Some),
            (Some(ApiTokensFate::Revoke), heir) => HandoverFate::Revoke.read(heir).map(Some),
            (_, Some(_)) => Err(stray_heir()),
            (Some(ApiTokensFate::Keep), None) => Ok(None),
            (None, None) if answered_for == 0 => Ok(None),
            (None, None) => {
                let detail = format!(
                    "they answer for {answered_for} API tokens: use keep, hand-over or revoke."
                );
                Err(Error::invalid("api_tokens", detail))
            }
        }
    }
}

/// How many API tokens somebody answers for.
pub(super) async fn answered_for(
    connection: &mut Connection,
    organization: OrganizationId,
    user: UserId,
) -> Result<i64, Error> {
    let (count, _) = survey_estate(connection, organization, Estate::AnsweredFor(user), 0).await?;
    Ok(count)
}

/// Deactivate a member
///
/// Their sessions end, and their MCP tokens are refused until they are reactivated. The last
/// active administrator stays.
#[utoipa::path(post, path = "/api/v1/members/{id}/deactivation",
    operation_id = "deactivateMember", tag = "Members", params(("id" = Uuid, Path), IfMatch),
    request_body = Farewell,
    responses((status = 200, description = "What came of it", body = Departed)))]
pub async fn deactivate(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
    Input(farewell): Input<Farewell>,
) -> Answer {
    let how = (Exit::Deactivation, &farewell, &expected);
    leave(&writer, now, database, fleet, id.into_inner().into(), how).await
}

/// Remove a member
///
/// Their sessions in the organisation end, and their MCP tokens are revoked for ever; the account
/// stays. The last active administrator stays.
#[utoipa::path(delete, path = "/api/v1/members/{id}", operation_id = "removeMember",
    tag = "Members", params(("id" = Uuid, Path), Farewell, IfMatch),
    responses((status = 200, description = "What came of it", body = Departed)))]
pub async fn remove(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
    Params(farewell): Params<Farewell>,
) -> Answer {
    let how = (Exit::Removal, &farewell, &expected);
    leave(&writer, now, database, fleet, id.into_inner().into(), how).await
}

/// How somebody leaves, and as which version of themselves.
type How<'a> = (Exit, &'a Farewell, &'a IfMatch);

async fn leave(
    writer: &Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: UserId,
    how: How<'_>,
) -> Answer {
    let mut connection = database.get().await?;
    let departure = try_leave(&mut connection, writer, now, id, how).await?;
    let member = match how.0 {
        Exit::Deactivation => Member::load(&mut connection, writer.overseen(), id, now).await?,
        Exit::Removal => Listed {
            member: departure.member,
            mcp_tokens: 0,
        }
        .into(),
    };
    drop(connection);
    let version = member.version;
    let departed = Departed {
        member,
        sessions: departure.sessions,
        mcp_tokens: departure.mcp_tokens,
        api_tokens: departure.api_tokens,
        receipt: Receipt::wait(&fleet).await,
    };
    Ok(match how.0 {
        Exit::Deactivation => versioned(version, departed),
        Exit::Removal => HttpResponse::Ok().json(departed),
    })
}

async fn try_leave(
    connection: &mut Connection,
    writer: &Writer,
    now: Now,
    id: UserId,
    (exit, farewell, expected): How<'_>,
) -> Result<Departure, Error> {
    let (actor, organization) = (writer.actor(), writer.overseen());
    let member = queries::member(connection, organization, id).await?;
    let pinned = expected.pin(id, member.version)?;
    if !exit.permits(&member) {
        return Err(Error::Conflict("This member is deactivated already."));
    }
    let api_tokens = farewell.read(answered_for(connection, organization, id).await?)?;
    let left = match exit {
        Exit::Deactivation => {
            queries::deactivate(connection, &actor, pinned, api_tokens, now.0).await
        }
        Exit::Removal => queries::remove(connection, &actor, pinned, api_tokens, now.0).await,
    };
    left.map_err(|error| match error {
        ChangeError::NotAdministrator => no_heir(),
        ChangeError::Outdated(member) => expected.refusal(member.version, || {
            Error::Conflict("This member is deactivated already.")
        }),
        error => error.into(),
    })
}

/// Reactivate a member
///
/// With the role and the groups that they had, and their MCP tokens.
#[utoipa::path(post, path = "/api/v1/members/{id}/reactivation",
    operation_id = "reactivateMember", tag = "Members", params(("id" = Uuid, Path), IfMatch),
    responses((status = 200, description = "The member as they are now", body = Member)))]
pub async fn reactivate(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let connection = &mut *database.get().await?;
    let member = queries::member(connection, writer.overseen(), id.into_inner().into()).await?;
    let pinned = expected.pin(member.id, member.version)?;
    let reactivated = queries::reactivate(connection, &writer.actor(), pinned, now.0).await;
    reactivated.map_err(|error| match error {
        ChangeError::Outdated(member) => expected.refusal(member.version, || {
            Error::Conflict("This member is active already.")
        }),
        error => error.into(),
    })?;
    told(connection, &writer, member.id, now).await
}
