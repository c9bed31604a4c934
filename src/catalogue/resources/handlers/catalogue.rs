//! All resources at once: export, import, reset.

use actix_session::Session;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::LIST;
use crate::access::{Actor, Admin, Section};
use crate::catalogue::resources::queries::{self, ChangeError};
use crate::catalogue::resources::{default_catalogue, file, pages, summed_up};
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::web::form::Field;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

const CHANGED: &str = "Someone else changed the resources after you opened this page. Nothing of \
                       yours was saved. Send it again to replace their changes as well.";

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ImportForm {
    toml: String,
    revision: i32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ResetForm {
    revision: i32,
}

pub async fn export(admin: Admin, database: web::Data<Database>) -> Answer {
    let connection = &mut *database.get().await?;
    let catalogue = queries::list(connection, &admin).await?;
    let attachment = "attachment; filename=\"resources.toml\"";
    Ok(HttpResponse::Ok()
        .content_type("application/toml; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, attachment))
        .body(file::write(&catalogue.all())))
}

pub async fn import(admin: Admin, page: Page, database: web::Data<Database>) -> Answer {
    let connection = &mut *database.get().await?;
    let revision = queries::list(connection, &admin).await?.revision;
    page::render(&pages::Import {
        shell: admin.shell(page, Section::Resources),
        text: Field::default(),
        revision,
        conflict: None,
    })
}

pub async fn replace(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    form: Submission<ImportForm>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let form = form.into_inner();
    match try_replace(&mut connection, &actor, form, page.now).await? {
        Ok(count) => {
            let notice = summed_up("Imported", count);
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other(LIST))
        }
        Err((text, conflict)) => page::render_again(&pages::Import {
            revision: queries::list(&mut connection, &admin).await?.revision,
            shell: admin.shell(page, Section::Resources),
            text,
            conflict,
        }),
    }
}

/// How many resources are others now, or what was typed, to be corrected.
async fn try_replace(
    connection: &mut Connection,
    actor: &Actor,
    form: ImportForm,
    now: DateTime<Utc>,
) -> Result<Result<usize, (Field, Option<&'static str>)>, Error> {
    let mut text = Field::new(form.toml);
    if text.value.trim().is_empty() {
        text.refuse("Paste a catalogue. To begin with an example, export this one.");
        return Ok(Err((text, None)));
    }
    let resources = match file::read(&text.value) {
        Ok(resources) => resources,
        Err(errors) => {
            text.errors = errors;
            return Ok(Err((text, None)));
        }
    };
    match queries::import(connection, actor, form.revision, &resources, now).await {
        Ok(count) => Ok(Ok(count)),
        Err(ChangeError::CatalogueOutdated) => Ok(Err((text, Some(CHANGED)))),
        Err(error) => Err(error.into()),
    }
}

pub async fn question(admin: Admin, page: Page, database: web::Data<Database>) -> Answer {
    let connection = &mut *database.get().await?;
    page::render(&reset_page(connection, &admin, page, None).await?)
}

pub async fn reset(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    form: Submission<ResetForm>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    match queries::reset(&mut connection, &actor, form.revision, page.now).await {
        Ok(count) => {
            let notice = summed_up("Reset", count);
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other(LIST))
        }
        Err(ChangeError::CatalogueOutdated) => {
            let again = reset_page(&mut connection, &admin, page, Some(CHANGED)).await?;
            page::render_with(StatusCode::CONFLICT, &again)
        }
        Err(error) => Err(error.into()),
    }
}

async fn reset_page(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    conflict: Option<&'static str>,
) -> Result<pages::Reset, Error> {
    let catalogue = queries::list(connection, admin).await?;
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    Ok(pages::Reset {
        shell: admin.shell(page, Section::Resources),
        revision: catalogue.revision,
        counts: (
            count(catalogue.resources.len()),
            count(default_catalogue().len()),
        ),
        conflict,
    })
}
