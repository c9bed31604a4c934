//! The end of an old secret's overlap, before its time.

use actix_session::Session;
use actix_web::web;
use uuid::Uuid;

use super::{Keeper, confirmation};
use crate::db::Database;
use crate::fleet::Fleet;
use crate::tokens::pages::Question;
use crate::tokens::queries;
use crate::web::form::Nothing;
use crate::web::{Answer, Page, Submission, page, see_other};

pub async fn new<K: Keeper>(
    keeper: K,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let token = keeper.find(connection, id.into_inner().into()).await?;
    let retiring = queries::retiring(connection, &[token.id], page.now).await?;
    let stale = retiring
        .is_empty()
        .then(|| "The old secret has stopped already; nothing is left to end.".to_owned());
    let question = Question::EndOverlap;
    page::render(&confirmation(connection, &keeper, page, token, question, stale).await?)
}

pub async fn create<K: Keeper>(
    keeper: K,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    id: web::Path<Uuid>,
    form: Submission<Nothing>,
) -> Answer {
    let actor = keeper.acting(&form)?;
    let mut connection = database.get().await?;
    let key = keeper.key(id.into_inner().into());
    let token = queries::end_overlap(&mut connection, &actor, key, page.now).await?;
    let notice = format!("The old secret of “{}” has stopped working.", token.name);
    page::announce(connection, &fleet, &session, &notice).await?;
    Ok(see_other(&token.path()))
}
