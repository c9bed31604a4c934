//! Disable, enable, revoke, delete: a page that asks, and the deed.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use uuid::Uuid;

use super::{Keeper, confirmation};
use crate::db::Database;
use crate::fleet::Fleet;
use crate::tokens::pages::{Place, Question, no_room, stale};
use crate::tokens::queries::{self, ChangeError};
use crate::tokens::{TokenId, Transition};
use crate::web::form::Nothing;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

pub async fn new<K: Keeper>(
    keeper: K,
    page: Page,
    database: web::Data<Database>,
    path: web::Path<(Uuid, String)>,
) -> Answer {
    let (id, transition) = parse::<K>(path.into_inner())?;
    let connection = &mut *database.get().await?;
    let token = keeper.find(connection, id).await?;
    let stale = stale(&token, transition, &page.now);
    let question = Question::Transition(transition);
    page::render(&confirmation(connection, &keeper, page, token, question, stale).await?)
}

pub async fn create<K: Keeper>(
    keeper: K,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    path: web::Path<(Uuid, String)>,
    form: Submission<Nothing>,
) -> Answer {
    let (id, transition) = parse::<K>(path.into_inner())?;
    let (actor, key) = (keeper.acting(&form)?, keeper.key(id));
    let mut connection = database.get().await?;
    let (token, stale) =
        match queries::apply(&mut connection, &actor, key, transition, page.now).await {
            Ok(token) => {
                let notice = format!("“{}” {}", token.name, transition.past());
                match transition {
                    Transition::Enabling => page::notify(&session, notice)?,
                    _ => page::announce(connection, &fleet, &session, &notice).await?,
                }
                return Ok(see_other(Place::of(&token).list));
            }
            Err(ChangeError::Outdated(token)) => {
                let stale = stale(&token, transition, &page.now);
                (*token, stale)
            }
            Err(ChangeError::Full(least_used)) => {
                let token = keeper.find(&mut connection, id).await?;
                (token, Some(no_room(&least_used, &page.now)))
            }
            Err(error) => return Err(error.into()),
        };
    let question = Question::Transition(transition);
    let again = confirmation(&mut connection, &keeper, page, token, question, stale).await?;
    page::render_with(StatusCode::CONFLICT, &again)
}

fn parse<K: Keeper>((id, transition): (Uuid, String)) -> Result<(TokenId, Transition), Error> {
    let transition = transition.parse().ok().filter(|it| K::may_do(*it));
    Ok((id.into(), transition.ok_or(Error::NotFound)?))
}
