//! Invitations that nobody has accepted yet.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use utoipa::ToSchema;
use uuid::Uuid;

use super::asker;
use crate::access::{Overseer, Role};
use crate::api::kit::{
    Created, Creation, Email, IfMatch, Name, Page, Paging, Params, RoleWord, Word, mistakes, taken,
    versioned,
};
use crate::config::{Config, PublicUrl};
use crate::db::{Connection, Database};
use crate::gate::{Reader, Writer};
use crate::identity;
use crate::members::draft::InvitationDraft;
use crate::members::invitations::queries::{self, InviteError, Renewal};
use crate::members::invitations::{Invited, Pending};
use crate::web::form::Field;
use crate::web::{Answer, Error, Now};

/// Which list a cursor is of.
const LIST: &str = "invitations";

/// An invitation is what it was made as, until it is gone.
const VERSION: i32 = 1;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/invitations")
                .route(web::get().to(index))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/invitations/{id}")
                .route(web::get().to(show))
                .route(web::delete().to(revoke)),
        );
}

/// A link that makes whoever opens it a member, once; who has no account chooses a password there.
/// Or one by which a member sets a password.
#[derive(Serialize, ToSchema)]
pub struct Invitation {
    id: Uuid,
    email: String,
    name: String,
    /// What they will be, or are.
    role: RoleWord,
    /// Whether an operator made it by `user link`, for a member to set a password.
    renews_password: bool,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<Pending> for Invitation {
    fn from(pending: Pending) -> Self {
        Self {
            id: pending.id.uuid(),
            email: pending.email,
            name: pending.name,
            role: Word(pending.role),
            renews_password: pending.renews_password,
            created_at: pending.created_at,
            expires_at: pending.expires_at,
        }
    }
}

/// Somebody to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Of nobody who has joined already.
    #[schema(value_type = Email)]
    email: String,
    #[schema(value_type = Name)]
    name: String,
    /// Left out: `member`.
    #[serde(default)]
    #[schema(default = "member")]
    role: Option<RoleWord>,
}

impl From<NewInvitation> for InvitationDraft {
    fn from(new: NewInvitation) -> Self {
        Self {
            email: Field::new(new.email),
            name: Field::new(new.name),
            role: Field::new(new.role.map_or(Role::Member, |role| role.0).as_str()),
            renews: None,
            pending: None,
        }
    }
}

/// An invitation with its link.
#[derive(Serialize, ToSchema)]
pub struct RevealedInvitation {
    invitation: Invitation,
    /// To be sent now: it is told this once. `null` where the same request came before with the
    /// same `Idempotency-Key`.
    #[schema(value_type = Option<String>)]
    link: Option<()>,
    /// `sent` by mail; `failed`, or `by_hand` where no mail server is set: then it is yours to
    /// send. `null` where `link` is.
    #[schema(value_type = Option<String>)]
    delivery: Option<()>,
}

/// List invitations
///
/// Those that can still be accepted, the newest first.
#[utoipa::path(get, path = "/api/v1/invitations", operation_id = "listInvitations",
    tag = "Invitations", params(Paging),
    responses((status = 200, description = "A page", body = Page<Invitation>)))]
pub async fn index(
    reader: Reader,
    now: Now,
    database: Data<Database>,
    Params(paging): Params<Paging>,
) -> Answer {
    let (limit, cursor) = (paging.limit()?, paging.cursor(LIST)?);
    let (organization, cursor) = (reader.overseen(), cursor.as_ref());
    let connection = &mut *database.get().await?;
    let slice = queries::page(connection, organization, cursor, limit, now.0).await?;
    Ok(HttpResponse::Ok().json(Page::of(LIST, slice.map(Invitation::from))))
}

/// Invite somebody
///
/// The link is in this answer and never told again; it works once, for seven days. It is also sent
/// by mail, where a mail server is set. An administrator is invited only by a token that has the
/// scope `all`, no ranges and no expiry; and so is a member who has not joined yet, who may be made one
/// before the link is opened. Such a member has the role from now on.
#[utoipa::path(post, path = "/api/v1/invitations", operation_id = "inviteMember",
    tag = "Invitations", request_body = NewInvitation,
    responses((status = 201, description = "The invitation and its link",
        body = RevealedInvitation)))]
pub async fn create(
    writer: Writer,
    now: Now,
    (database, config): (Data<Database>, Data<Config>),
    creation: Creation<NewInvitation>,
) -> Answer {
    let mut connection = database.get().await?;
    let asker = asker(&writer);
    let name = identity::queries::name_of(&mut connection, writer.overseen()).await?;
    let (tell, told) = oneshot::channel();
    let public_url = config.public_url.clone();
    let created = creation.once(&mut connection, asker, now.0, |connection, new| {
        async move {
            let invited = try_invite(connection, &writer, new.into(), now).await?;
            let created = revealed(&invited, &public_url);
            let _ = tell.send(invited);
            created
        }
        .boxed()
    });
    let created = created.await?;
    // Nobody, where the same request came before.
    let Ok(invited) = told.await else {
        return Ok(created.answer());
    };
    drop(connection);
    let delivery = invited.deliver(&config, &name).await;
    Ok(created.telling("delivery", delivery.as_str()).answer())
}

async fn try_invite(
    connection: &mut Connection,
    writer: &Writer,
    draft: InvitationDraft,
    now: Now,
) -> Result<Invited, Error> {
    let guest = draft.clone().parse();
    let guest = guest.map_err(|it| mistakes(&it.fields()))?;
    let invited = queries::invite(connection, &writer.actor(), &guest, Renewal::Any, now.0).await;
    invited.map_err(|error| match error {
        InviteError::AlreadyMember => taken("email", &draft.already_member().email),
        error => error.into(),
    })
}

fn revealed(invited: &Invited, public_url: &PublicUrl) -> Result<Created, Error> {
    let link = invited.link(public_url);
    let location = format!("/api/v1/invitations/{}", invited.invitation.id);
    let body = RevealedInvitation {
        invitation: invited.invitation.clone().into(),
        link: None,
        delivery: None,
    };
    Ok(Created::new(location, Some(VERSION), &body)?.revealing("link", link))
}

/// Show an invitation
#[utoipa::path(get, path = "/api/v1/invitations/{id}", operation_id = "showInvitation",
    tag = "Invitations", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The invitation", body = Invitation)))]
pub async fn show(reader: Reader, now: Now, database: Data<Database>, id: Path<Uuid>) -> Answer {
    let connection = &mut *database.get().await?;
    let (organization, id) = (reader.overseen(), id.into_inner().into());
    let pending = queries::pending(connection, organization, id, now.0).await?;
    Ok(versioned(VERSION, Invitation::from(pending)))
}

/// Revoke an invitation
///
/// Its link leads nowhere then.
#[utoipa::path(delete, path = "/api/v1/invitations/{id}", operation_id = "revokeInvitation",
    tag = "Invitations", params(("id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "It is gone")))]
pub async fn revoke(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let connection = &mut *database.get().await?;
    let (organization, id) = (writer.overseen(), id.into_inner().into());
    queries::pending(connection, organization, id, now.0).await?;
    expected.check(VERSION)?;
    queries::revoke(connection, &writer.actor(), id, now.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
