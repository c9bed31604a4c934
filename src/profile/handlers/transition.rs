//! Disable, enable, revoke one's own: a page that asks, and the deed.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use uuid::Uuid;

use super::confirmation;
use crate::access::Viewer;
use crate::db::Database;
use crate::fleet::Fleet;
use crate::profile::draft::full;
use crate::tokens::Transition;
use crate::tokens::pages::{Question, stale};
use crate::tokens::queries::{self, ChangeError};
use crate::web::form::Nothing;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

pub async fn new(
    viewer: Viewer,
    page: Page,
    database: web::Data<Database>,
    path: web::Path<(Uuid, String)>,
) -> Answer {
    let (id, transition) = parse(path.into_inner())?;
    let connection = &mut *database.get().await?;
    let token = queries::owned(connection, &viewer, id.into()).await?;
    let stale = stale(&token, transition, &page.now);
    let question = Question::Transition(transition);
    page::render(&confirmation(connection, &viewer, page, token, question, stale).await?)
}

pub async fn create(
    viewer: Viewer,
    page: Page,
    session: Session,
    (database, fleet): (web::Data<Database>, web::Data<Fleet>),
    path: web::Path<(Uuid, String)>,
    form: Submission<Nothing>,
) -> Answer {
    let (id, transition) = parse(path.into_inner())?;
    let actor = viewer.oneself(&form)?;
    let mut connection = database.get().await?;
    let token = queries::owned(&mut connection, &viewer, id.into()).await?;
    let (token, why) =
        match queries::apply(&mut connection, &actor, token.key(), transition, page.now).await {
            Ok(token) => {
                drop(connection);
                let mut notice = format!("“{}” {}", token.name, transition.past());
                if transition != Transition::Enabling {
                    notice = format!("{notice} {}", fleet.report(&database).await);
                }
                page::notify(&session, notice)?;
                return Ok(see_other("/profile"));
            }
            Err(ChangeError::Outdated(token)) => {
                let stale = stale(&token, transition, &page.now);
                (*token, stale)
            }
            Err(ChangeError::Full(least_used)) => (token, Some(full(&least_used, &page.now))),
            Err(error) => return Err(error.into()),
        };
    let question = Question::Transition(transition);
    let page = confirmation(&mut connection, &viewer, page, token, question, why).await?;
    page::render_with(StatusCode::CONFLICT, &page)
}

/// MCP tokens are not deleted: a revoked one stays in its owner's list.
fn parse((id, transition): (Uuid, String)) -> Result<(Uuid, Transition), Error> {
    match transition.parse() {
        Ok(Transition::Deletion) | Err(_) => Err(Error::NotFound),
        Ok(transition) => Ok((id, transition)),
    }
}
