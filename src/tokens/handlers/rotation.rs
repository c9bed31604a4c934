//! A new secret for a token.

use actix_web::http::StatusCode;
use actix_web::web;
use serde::Deserialize;
use uuid::Uuid;

use super::{reveal, revealed};
use crate::access::{Admin, Section};
use crate::config::Config;
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::tokens::Token;
use crate::tokens::overlap::Overlap;
use crate::tokens::pages::{self, Reveal};
use crate::tokens::queries::{self, ChangeError};
use crate::web::{Answer, Error, Page, Submission, page};

const CHANGED: &str = "Someone changed or rotated this token after you opened this page. Nothing \
                       was changed. Rotate again if you still want a new secret.";

#[derive(Deserialize)]
pub struct Form {
    #[serde(default)]
    overlap: String,
    #[serde(default)]
    version: i32,
}

pub async fn new(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let token = queries::token(connection, &admin, id.into_inner().into()).await?;
    if !token.status(&page.now).permits_rotation() {
        return Err(Error::Conflict(
            "Only a token that is active or inactive can be rotated.",
        ));
    }
    page::render(&question(connection, &admin, page, token, Overlap::None, None).await?)
}

pub async fn create(
    admin: Admin,
    page: Page,
    (database, fleet): (web::Data<Database>, web::Data<Fleet>),
    config: web::Data<Config>,
    id: web::Path<Uuid>,
    form: Submission<Form>,
) -> Answer {
    let (actor, id) = (admin.actor(&form)?, id.into_inner().into());
    let overlap = form.overlap.parse().unwrap_or(Overlap::None);
    let mut connection = database.get().await?;
    match queries::rotate(&mut connection, &actor, id, form.version, overlap, page.now).await {
        Ok(rotated) => {
            drop(connection);
            let receipt = match rotated.old_until {
                None => Some(fleet.report(&database).await),
                Some(_) => None,
            };
            let rotated = Reveal {
                rotated: true,
                old_until: rotated.old_until,
                receipt,
                ..revealed(&rotated.token, rotated.secret, &config)
            };
            reveal(&mut *database.get().await?, &admin, page, rotated).await
        }
        Err(ChangeError::Outdated(token)) if token.status(&page.now).permits_rotation() => {
            let again = question(
                &mut connection,
                &admin,
                page,
                *token,
                overlap,
                Some(CHANGED),
            )
            .await?;
            page::render_with(StatusCode::CONFLICT, &again)
        }
        Err(error) => Err(error.into()),
    }
}

async fn question(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    token: Token,
    overlap: Overlap,
    conflict: Option<&'static str>,
) -> Result<pages::Rotation, Error> {
    Ok(pages::Rotation {
        calls: queries::calls_of_last_day(connection, token.id, page.now).await?,
        shell: admin.shell(page, Section::ApiAccess),
        place: pages::Place::of(&token),
        token,
        overlap,
        conflict,
    })
}
