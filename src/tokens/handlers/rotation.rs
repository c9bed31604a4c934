//! A new secret for a token, and the end of the old one's overlap.

use actix_session::Session;
use actix_web::web;
use chrono::TimeDelta;
use serde::Deserialize;
use uuid::Uuid;

use super::{reveal, revealed};
use crate::access::{Admin, Section};
use crate::config::Config;
use crate::db::Database;
use crate::tokens::overlap::Overlap;
use crate::tokens::pages::{self, Question, Reveal};
use crate::tokens::queries::{self, ChangeError};
use crate::web::form::Nothing;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

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
    let start = page.now - TimeDelta::hours(24);
    page::render(&pages::Rotation {
        calls: queries::calls_since(connection, token.id, start).await?,
        shell: admin.shell(page, Section::ApiAccess),
        token,
        overlap: Overlap::None,
        conflict: None,
    })
}

pub async fn create(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    config: web::Data<Config>,
    id: web::Path<Uuid>,
    form: Submission<Form>,
) -> Answer {
    let (actor, id) = (admin.actor(&form), id.into_inner().into());
    let overlap = form.overlap.parse().unwrap_or(Overlap::None);
    let connection = &mut *database.get().await?;
    match queries::rotate(connection, &actor, id, form.version, overlap, page.now).await {
        Ok(rotated) => {
            let rotated = Reveal {
                rotated: true,
                old_until: rotated.old_until,
                ..revealed(&rotated.token, rotated.secret, &config)
            };
            reveal(connection, &admin, page, rotated).await
        }
        Err(ChangeError::Outdated(token)) if token.status(&page.now).permits_rotation() => {
            page::render_with(
                actix_web::http::StatusCode::CONFLICT,
                &pages::Rotation {
                    calls: queries::calls_since(connection, id, page.now - TimeDelta::hours(24))
                        .await?,
                    shell: admin.shell(page, Section::ApiAccess),
                    token: *token,
                    overlap,
                    conflict: Some(
                        "Someone changed or rotated this token after you opened this page. \
                         Nothing was changed. Rotate again if you still want a new secret."
                            .to_owned(),
                    ),
                },
            )
        }
        Err(error) => Err(error.into()),
    }
}

/// "End overlap?"
pub async fn confirm_end(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let token = queries::token(connection, &admin, id.into_inner().into()).await?;
    let retiring = queries::retiring(connection, &[token.id], page.now).await?;
    let stale = retiring.is_empty().then(|| {
        "The old secret has stopped already; nothing is left to end.".to_owned()
    });
    let start = page.now - TimeDelta::hours(24);
    page::render(&pages::Confirmation {
        calls: queries::calls_since(connection, token.id, start).await?,
        shell: admin.shell(page, Section::ApiAccess),
        token,
        question: Question::EndOverlap,
        stale,
    })
}

pub async fn end(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
    form: Submission<Nothing>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let id = id.into_inner().into();
    match queries::end_overlap(connection, &admin.actor(&form), id, page.now).await {
        Ok(token) => {
            let notice = format!("The old secret of “{}” has stopped working.", token.name);
            page::notify(&session, notice)?;
            Ok(see_other(&token.path()))
        }
        Err(error) => Err(error.into()),
    }
}
