//! The pages before and around signing in: extract, call, render.

pub mod invitation;
pub mod setup;
pub mod sign_in;

use actix_session::Session;
use actix_web::web;
use serde::Deserialize;

use super::queries;
use crate::access::{OrganizationId, Viewer, session};
use crate::db::Database;
use crate::web::{Answer, Error, Page, Submission, see_other};

/// Leads everyone to where they begin.
pub async fn home(database: web::Data<Database>, viewer: Result<Viewer, Error>) -> Answer {
    match viewer {
        Ok(viewer) if viewer.is_admin() => return Ok(see_other("/settings/api-access")),
        Ok(_) => return Ok(see_other("/profile")),
        Err(Error::SignInRequired) => {}
        Err(error) => return Err(error),
    }
    let connection = &mut *database.get().await?;
    let set_up = queries::is_set_up(connection).await?;
    Ok(see_other(if set_up { "/sign-in" } else { "/setup" }))
}

#[derive(Deserialize)]
pub struct Choice {
    organization: OrganizationId,
}

pub async fn switch_organization(
    page: Page,
    viewer: Viewer,
    session: Session,
    database: web::Data<Database>,
    form: Submission<Choice>,
) -> Answer {
    let chosen = form.organization;
    if !viewer.organizations().iter().any(|own| own.id == chosen) {
        return Err(Error::NotFound);
    }
    let connection = &mut *database.get().await?;
    session::enter(connection, &session, (chosen, viewer.user()), page.now).await?;
    Ok(see_other("/"))
}
