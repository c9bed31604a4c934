//! Disable, enable, revoke, delete: a page that asks, and the deed.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use uuid::Uuid;

use super::confirmation;
use crate::access::Admin;
use crate::db::Database;
use crate::fleet::Fleet;
use crate::tokens::Transition;
use crate::tokens::pages::{Question, stale};
use crate::tokens::queries::{self, ChangeError};
use crate::web::form::Nothing;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

pub async fn new(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    path: web::Path<(Uuid, String)>,
) -> Answer {
    let (id, transition) = parse(path.into_inner())?;
    let connection = &mut *database.get().await?;
    let token = queries::token(connection, &admin, id.into()).await?;
    let stale = stale(&token, transition, &page.now);
    let question = Question::Transition(transition);
    page::render(&confirmation(connection, &admin, page, token, question, stale).await?)
}

pub async fn create(
    admin: Admin,
    page: Page,
    session: Session,
    (database, fleet): (web::Data<Database>, web::Data<Fleet>),
    path: web::Path<(Uuid, String)>,
    form: Submission<Nothing>,
) -> Answer {
    let (id, transition) = parse(path.into_inner())?;
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    match queries::apply(&mut connection, &actor, id.into(), transition, page.now).await {
        Ok(token) => {
            drop(connection);
            let mut notice = format!("“{}” {}", token.name, transition.past());
            if transition != Transition::Enabling {
                notice = format!("{notice} {}", fleet.report(&database).await);
            }
            page::notify(&session, notice)?;
            Ok(see_other("/settings/api-access"))
        }
        Err(ChangeError::Outdated(token)) => {
            let stale = stale(&token, transition, &page.now);
            let question = Question::Transition(transition);
            let page = confirmation(&mut connection, &admin, page, *token, question, stale).await?;
            page::render_with(StatusCode::CONFLICT, &page)
        }
        Err(error) => Err(error.into()),
    }
}

fn parse((id, transition): (Uuid, String)) -> Result<(Uuid, Transition), Error> {
    let transition = transition.parse().map_err(|_| Error::NotFound)?;
    Ok((id, transition))
}
