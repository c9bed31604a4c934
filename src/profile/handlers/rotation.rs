//! A new secret for an MCP token.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use serde::Deserialize;
use uuid::Uuid;

use super::reveal;
use super::tokens::connect;
use crate::access::{Section, Viewer};
use crate::config::Config;
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::profile::pages::Reveal;
use crate::tokens::Token;
use crate::tokens::overlap::Overlap;
use crate::tokens::pages::{Place, Rotation};
use crate::tokens::queries::{self, ChangeError};
use crate::web::{Answer, Error, Page, Submission, page};

const CHANGED: &str = "The token was changed or rotated after you opened this page. Nothing was \
                       changed. Rotate again if you still want a new secret.";

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Form {
    overlap: String,
    version: i32,
}

pub async fn new(
    viewer: Viewer,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let token = queries::owned(connection, &viewer, id.into_inner().into()).await?;
    if !token.status(&page.now).permits_rotation() {
        return Err(Error::Conflict(
            "Only a token that is active or inactive can be rotated.",
        ));
    }
    page::render(&question(connection, &viewer, page, token, Overlap::None, None).await?)
}

pub async fn create(
    viewer: Viewer,
    page: Page,
    session: Session,
    (database, fleet): (web::Data<Database>, web::Data<Fleet>),
    config: web::Data<Config>,
    id: web::Path<Uuid>,
    form: Submission<Form>,
) -> Answer {
    let actor = viewer.oneself(&form)?;
    let overlap = form.overlap.parse().unwrap_or(Overlap::None);
    let mut connection = database.get().await?;
    let key = queries::owned(&mut connection, &viewer, id.into_inner().into())
        .await?
        .key();
    match queries::rotate(
        &mut connection,
        &actor,
        key,
        form.version,
        overlap,
        page.now,
    )
    .await
    {
        Ok(rotated) => {
            drop(connection);
            let receipt = match rotated.old_until {
                None => Some(fleet.report(&database).await),
                Some(_) => None,
            };
            let connection = &mut *database.get().await?;
            let revealed = Reveal {
                connect: connect(connection, &viewer, &config).await?,
                receipt,
                token: rotated.token,
                secret: rotated.secret,
                old_until: rotated.old_until,
                rotated: true,
            };
            reveal(connection, &viewer, page, &session, revealed).await
        }
        Err(ChangeError::Outdated(token)) if token.status(&page.now).permits_rotation() => {
            let again = question(
                &mut connection,
                &viewer,
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
    viewer: &Viewer,
    page: Page,
    token: Token,
    overlap: Overlap,
    conflict: Option<&'static str>,
) -> Result<Rotation, Error> {
    Ok(Rotation {
        calls: queries::calls_of_last_day(connection, token.id, page.now).await?,
        shell: viewer.shell(page, Section::Profile),
        place: Place::of(&token),
        token,
        overlap,
        conflict,
    })
}
