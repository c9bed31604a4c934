//! Who answers for API tokens, and to whom they are handed.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::Overseer;
use crate::api::kit::{Input, Limit, Page, Paging, Params, PresenceWord, Receipt, Word};
use crate::db::Database;
use crate::fleet::Fleet;
use crate::gate::{Reader, Writer};
use crate::members::queries::{self, ApiTokens, ChangeError};
use crate::tokens::Answering;
use crate::tokens::queries::all_answering;
use crate::web::{Answer, Error, Now};

/// Which list a cursor is of.
const LIST: &str = "responsible people";

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/responsible-people").route(web::get().to(index)))
        .service(
            web::resource("/responsible-people/{id}/handover").route(web::post().to(hand_over)),
        );
}

/// Somebody who answers for API tokens that are not revoked.
#[derive(Serialize, ToSchema)]
pub struct ResponsiblePerson {
    id: Uuid,
    name: String,
    email: String,
    /// Whether they are still there to do it.
    presence: PresenceWord,
}

impl From<Answering> for ResponsiblePerson {
    fn from(Answering { person, presence }: Answering) -> Self {
        Self {
            id: person.id.uuid(),
            name: person.name,
            email: person.email,
            presence: Word(presence),
        }
    }
}

/// Which people.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// Those alone who are deactivated or no members any more.
    #[serde(default)]
    #[param(default = false)]
    gone: bool,
    /// How many items a page has.
    #[param(value_type = Option<usize>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<Limit>,
    /// Where to go on: the `next_cursor` of the page before, asked with the same parameters.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// List who answers for API tokens
///
/// By ID. A deactivated person's API tokens work on, and so do those of one who was removed: hand
/// them over, or revoke them.
#[utoipa::path(get, path = "/api/v1/responsible-people", operation_id = "listResponsiblePeople",
    tag = "Members", params(Who),
    responses((status = 200, description = "A page", body = Page<ResponsiblePerson>)))]
pub async fn index(reader: Reader, database: Data<Database>, Params(who): Params<Who>) -> Answer {
    let (limit, cursor) = (who.limit, who.cursor);
    let paging = Paging { limit, cursor };
    let (limit, cursor) = (paging.limit()?, paging.cursor(LIST)?);
    let (organization, cursor) = (reader.overseen(), cursor.as_ref());
    let connection = &mut *database.get().await?;
    let page = all_answering(connection, organization, who.gone, cursor, limit).await?;
    let page = Page::of(LIST, page.map(ResponsiblePerson::from));
    Ok(HttpResponse::Ok().json(page))
}

/// What becomes of API tokens.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HandoverFate {
    /// They work on, and another administrator answers for them.
    HandOver,
    /// They stop for ever.
    Revoke,
}

impl HandoverFate {
    /// # Errors
    /// [`Error::Invalid`] where an heir is missing, or is too much.
    pub fn read(self, heir: Option<Uuid>) -> Result<ApiTokens, Error> {
        match (self, heir) {
            (Self::HandOver, Some(heir)) => Ok(ApiTokens::HandTo(heir.into())),
            (Self::HandOver, None) => Err(no_heir()),
            (Self::Revoke, Some(_)) => Err(stray_heir()),
            (Self::Revoke, None) => Ok(ApiTokens::Revoke),
        }
    }
}

pub(super) fn no_heir() -> Error {
    Error::invalid("heir_id", "name another active administrator.")
}

pub(super) fn stray_heir() -> Error {
    Error::invalid("heir_id", "it goes with hand-over.")
}

/// What becomes of the API tokens that somebody answers for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    api_tokens: HandoverFate,
    /// With `hand-over`: the ID of another active administrator, who answers for them then.
    heir_id: Option<Uuid>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub struct HandedOver {
    /// How many API tokens were handed over or revoked.
    pub api_tokens: usize,
    pub receipt: Receipt,
}

/// Hand over or revoke somebody's API tokens
///
/// All that they answer for and that are not revoked, whether they are members or not. Whoever is no
/// member and answers for none is unknown (404).
#[utoipa::path(post, path = "/api/v1/responsible-people/{id}/handover",
    operation_id = "handOverApiTokens", tag = "Members", params(("id" = Uuid, Path)),
    request_body = Handover,
    responses((status = 200, description = "What came of it", body = HandedOver)))]
pub async fn hand_over(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    Input(handover): Input<Handover>,
) -> Answer {
    let fate = handover.api_tokens.read(handover.heir_id)?;
    let mut connection = database.get().await?;
    let (actor, user) = (writer.actor(), id.into_inner().into());
    let handed = queries::hand_over(&mut connection, &actor, user, fate, now.0).await;
    let api_tokens = handed.map_err(|error| match error {
        ChangeError::NotAdministrator => no_heir(),
        error => error.into(),
    })?;
    drop(connection);
    Ok(HttpResponse::Ok().json(HandedOver {
        api_tokens,
        receipt: Receipt::wait(&fleet).await,
    }))
}
