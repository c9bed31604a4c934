//! Inviting, and taking that back.

use actix_session::Session;
use actix_web::web;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::LIST;
use crate::access::{Actor, Admin, Section};
use crate::config::Config;
use crate::db::{Connection, Database};
use crate::members::draft::{InvitationDraft, InvitationForm};
use crate::members::invitations::Invited;
use crate::members::invitations::queries::{self, InviteError, Renewal};
use crate::members::pages;
use crate::web::form::Nothing;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

/// Perhaps with the fields filled in, for somebody who is known.
pub async fn new(admin: Admin, page: Page, known: web::Query<InvitationForm>) -> Answer {
    page::render(&pages::Invite {
        shell: admin.shell(page, Section::Members),
        draft: InvitationDraft::prefilled(known.into_inner()),
    })
}

pub async fn create(
    admin: Admin,
    page: Page,
    (database, config): (web::Data<Database>, web::Data<Config>),
    form: Submission<InvitationForm>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let draft = InvitationDraft::from(form.into_inner());
    let invited = try_invite(&mut connection, &actor, draft, page.now).await?;
    drop(connection);
    match invited {
        Ok(invited) => tell(&admin, page, &config, invited).await,
        Err(draft) => page::render_again(&pages::Invite {
            shell: admin.shell(page, Section::Members),
            draft: *draft,
        }),
    }
}

async fn tell(admin: &Admin, page: Page, config: &Config, invited: Invited) -> Answer {
    let delivery = invited.deliver(config, &admin.organization().name).await;
    page::reveal(&pages::Invited {
        shell: admin.shell(page, Section::Members),
        link: invited.link(&config.public_url),
        email: invited.invitation.email,
        role: invited.invitation.role,
        expires_at: invited.invitation.expires_at,
        delivery,
    })
}

/// The invitation, or the form to correct.
async fn try_invite(
    connection: &mut Connection,
    actor: &Actor,
    draft: InvitationDraft,
    now: DateTime<Utc>,
) -> Result<Result<Invited, Box<InvitationDraft>>, Error> {
    let guest = match draft.clone().parse() {
        Ok(guest) => guest,
        Err(draft) => return Ok(Err(draft)),
    };
    match queries::invite(connection, actor, &guest, Renewal::Only(draft.renews), now).await {
        Ok(invited) => Ok(Ok(invited)),
        Err(InviteError::Pending(pending)) => Ok(Err(draft.already_invited(pending))),
        Err(InviteError::AlreadyMember) => Ok(Err(draft.already_member())),
        Err(error) => Err(error.into()),
    }
}

pub async fn new_revocation(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let (organization, id) = (admin.organization().id, id.into_inner().into());
    let connection = &mut *database.get().await?;
    page::render(&pages::InvitationRevocation {
        invitation: queries::pending(connection, organization, id, page.now).await?,
        shell: admin.shell(page, Section::Members),
    })
}

pub async fn revoke(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
    form: Submission<Nothing>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let connection = &mut *database.get().await?;
    let id = id.into_inner().into();
    let revoked = queries::revoke(connection, &actor, id, page.now).await?;
    let notice = format!("The invitation of {} is revoked.", revoked.email);
    page::notify(&session, notice)?;
    Ok(see_other(LIST))
}
