//! Inviting, and taking that back.

use actix_session::Session;
use actix_web::http::header::{CONTENT_ENCODING, HeaderValue};
use actix_web::web;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::LIST;
use crate::access::{Actor, Admin, Section};
use crate::config::Config;
use crate::db::{Connection, Database};
use crate::identity::queries::{NewUser, invite};
use crate::members::draft::{Guest, InvitationDraft, InvitationForm};
use crate::members::invitations::queries;
use crate::members::pages;
use crate::secret::Plaintext;
use crate::web::form::Nothing;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

pub async fn new(admin: Admin, page: Page) -> Answer {
    page::render(&pages::Invite {
        shell: admin.shell(page, Section::Members),
        draft: InvitationDraft::default(),
    })
}

pub async fn create(
    admin: Admin,
    page: Page,
    (database, config): (web::Data<Database>, web::Data<Config>),
    form: Submission<InvitationForm>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let connection = &mut *database.get().await?;
    let draft = InvitationDraft::from(form.into_inner());
    let shell = |page| admin.shell(page, Section::Members);
    match try_invite(connection, &actor, draft, &config, page.now).await? {
        Ok(invited) => reveal(&pages::Invited {
            shell: shell(page),
            email: invited.guest.email.as_str().to_owned(),
            link: invited.link,
            expires_at: invited.expires_at,
        }),
        Err(draft) => page::render_again(&pages::Invite {
            shell: shell(page),
            draft: *draft,
        }),
    }
}

struct Invited {
    guest: Guest,
    link: Plaintext,
    expires_at: DateTime<Utc>,
}

/// The invitation, or the form to correct.
async fn try_invite(
    connection: &mut Connection,
    actor: &Actor,
    draft: InvitationDraft,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<Result<Invited, Box<InvitationDraft>>, Error> {
    let guest = match draft.clone().parse() {
        Ok(guest) => guest,
        Err(draft) => return Ok(Err(draft)),
    };
    if queries::is_member(connection, actor.organization(), &guest.email).await? {
        return Ok(Err(draft.is_member()));
    }
    let code = Plaintext::random(32);
    let person = NewUser {
        email: &guest.email,
        name: &guest.name,
        password_hash: None,
    };
    let expires_at = invite(connection, actor, &person, guest.role, &code.digest(), now).await?;
    let link = format!("/invitations/{}", code.reveal());
    Ok(Ok(Invited {
        link: Plaintext::new(config.public_url.join(&link)),
        guest,
        expires_at,
    }))
}

/// The one answer that holds the link. It is not compressed, as the size of compressed text can
/// tell of its content.
fn reveal(invited: &pages::Invited) -> Answer {
    let mut response = page::render(invited)?;
    let identity = HeaderValue::from_static("identity");
    response.headers_mut().insert(CONTENT_ENCODING, identity);
    Ok(response)
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
