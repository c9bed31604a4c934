//! A new secret for a token.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use diesel_async::AsyncConnection;
use serde::Deserialize;
use uuid::Uuid;

use super::Keeper;
use crate::access::session;
use crate::config::Config;
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::tokens::overlap::Overlap;
use crate::tokens::pages;
use crate::tokens::queries::{self, ChangeError};
use crate::tokens::{NOT_ROTATABLE, Token};
use crate::web::{Answer, Error, Page, Submission, page};

const CHANGED: &str = "The token was changed or rotated after you opened this page. Nothing was \
                       changed. Rotate again if you still want a new secret.";

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Form {
    overlap: String,
    version: i32,
}

pub async fn new<K: Keeper>(
    keeper: K,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let token = keeper.find(connection, id.into_inner().into()).await?;
    if !token.status(&page.now).permits_rotation() {
        return Err(Error::Conflict(NOT_ROTATABLE));
    }
    page::render(&question(connection, &keeper, page, token, Overlap::None, None).await?)
}

pub async fn create<K: Keeper>(
    keeper: K,
    page: Page,
    session: Session,
    (database, fleet): (web::Data<Database>, web::Data<Fleet>),
    config: web::Data<Config>,
    id: web::Path<Uuid>,
    form: Submission<Form>,
) -> Answer {
    let (actor, key) = (keeper.acting(&form)?, keeper.key(id.into_inner().into()));
    let overlap = form.overlap.parse().unwrap_or(Overlap::None);
    let own = session::number(&session);
    let mut connection = database.get().await?;
    // A secret that cannot be shown is not made.
    let changed = connection.transaction(async |connection| {
        let now = page.now;
        match queries::rotate(connection, &actor, key, form.version, overlap, now).await {
            Ok(rotated) => {
                let is_stopped = rotated.old_until.is_none();
                let list = keeper.revealing(page, &own, connection, &config, rotated);
                Ok(Ok((list.await?, is_stopped)))
            }
            Err(ChangeError::Outdated(token)) if token.status(&now).permits_rotation() => {
                let conflict = Some(CHANGED);
                let again = question(connection, &keeper, page, *token, overlap, conflict);
                Ok(Err(again.await?))
            }
            Err(error) => Err(Error::from(error)),
        }
    });
    match changed.await? {
        Ok((mut list, is_stopped)) => {
            drop(connection);
            if is_stopped {
                K::tell(&mut list, fleet.report().await);
            }
            page::reveal(&list)
        }
        Err(again) => page::render_with(StatusCode::CONFLICT, &again),
    }
}

async fn question<K: Keeper>(
    connection: &mut Connection,
    keeper: &K,
    page: Page,
    token: Token,
    overlap: Overlap,
    conflict: Option<&'static str>,
) -> Result<pages::Rotation, Error> {
    Ok(pages::Rotation {
        calls: queries::calls_of_last_day(connection, token.id, page.now).await?,
        shell: keeper.viewer().shell(page, K::SECTION),
        place: pages::Place::of(&token),
        token,
        overlap,
        conflict,
    })
}
