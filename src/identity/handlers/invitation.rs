//! Accepting an invitation.

use actix_session::Session;
use actix_web::web;

use crate::access::{Device, session};
use crate::db::Database;
use crate::identity::drafts::{Acceptance, AcceptanceForm, Email};
use crate::identity::queries::{self, NewUser};
use crate::identity::{pages, password};
use crate::secret::Digest;
use crate::web::form::Field;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

pub async fn show(page: Page, database: web::Data<Database>, code: web::Path<String>) -> Answer {
    let connection = &mut *database.get().await?;
    let invitation = queries::invitation(connection, &Digest::of(&code), page.now).await?;
    let draft = Acceptance {
        name: Field::new(&invitation.name),
        ..Acceptance::default()
    };
    page::render(&pages::Accept {
        page,
        code: code.into_inner(),
        invitation,
        draft,
    })
}

pub async fn accept(
    page: Page,
    session: Session,
    database: web::Data<Database>,
    code: web::Path<String>,
    device: Device,
    form: Submission<AcceptanceForm>,
) -> Answer {
    let invitation = {
        let connection = &mut *database.get().await?;
        queries::invitation(connection, &Digest::of(&code), page.now).await?
    };
    let context = [
        &*invitation.email,
        &invitation.organization_name,
        &form.name.clone(),
    ];
    let (name, password) = match Acceptance::parse(form.into_inner(), &context) {
        Ok(accepted) => accepted,
        Err(draft) => {
            return page::render_again(&pages::Accept {
                page,
                code: code.into_inner(),
                invitation,
                draft: *draft,
            });
        }
    };
    let email = Email::parse(&invitation.email).map_err(Error::internal)?;
    let person = NewUser {
        email: &email,
        name: &name,
        password_hash: Some(password::hash(password).await?),
    };
    let connection = &mut *database.get().await?;
    let user = queries::accept(connection, &invitation, person, page.now).await?;
    let user = user.ok_or(Error::Conflict(
        "This invitation was used already, or the email has an account. Sign in instead.",
    ))?;
    session::begin(&session, user, &device)?;
    Ok(see_other("/"))
}
