//! *Settings > MCP tokens*: who has which. Their secrets nobody sees.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use serde::Deserialize;
use uuid::Uuid;

use crate::access::{Admin, Section};
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::profile::pages;
use crate::tokens::pages::{Confirmation, Place, Question, stale};
use crate::tokens::queries::{self as tokens, ChangeError, Owners};
use crate::tokens::{Token, Transition};
use crate::web::form::{self, Nothing};
use crate::web::paging::Cursor;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

const PAGE_SIZE: usize = 50;
const LIST: &str = "/settings/mcp-tokens";

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Query {
    owner: String,
    page: String,
}

pub async fn index(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    web::Query(query): web::Query<Query>,
) -> Answer {
    let owner = form::term(&query.owner).unwrap_or_default();
    let owners = Owners {
        part: owner.clone(),
        id: None,
    };
    let cursor = Cursor::decode(&query.page);
    let connection = &mut *database.get().await?;
    page::render(&pages::All {
        tokens: tokens::of_all(connection, &admin, &owners, cursor.as_ref(), PAGE_SIZE).await?,
        shell: admin.shell(page, Section::McpTokens),
        owner,
    })
}

pub async fn new_revocation(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let owned = tokens::of_somebody(connection, &admin, id.into_inner().into()).await?;
    page::render(&confirmation(connection, &admin, page, owned.token).await?)
}

pub async fn revoke(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    id: web::Path<Uuid>,
    form: Submission<Nothing>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let owned = tokens::of_somebody(&mut connection, &admin, id.into_inner().into()).await?;
    let (key, transition) = (owned.token.key(), Transition::Revocation);
    match tokens::apply(&mut connection, &actor, key, transition, page.now).await {
        Ok(token) => {
            let notice = format!("“{}” {}", token.name, transition.past());
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other(LIST))
        }
        Err(ChangeError::Outdated(token)) => {
            let again = confirmation(&mut connection, &admin, page, *token).await?;
            page::render_with(StatusCode::CONFLICT, &again)
        }
        Err(error) => Err(error.into()),
    }
}

async fn confirmation(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    token: Token,
) -> Result<Confirmation, Error> {
    Ok(Confirmation {
        calls: tokens::calls_of_last_day(connection, token.id, page.now).await?,
        stale: stale(&token, Transition::Revocation, &page.now),
        shell: admin.shell(page, Section::McpTokens),
        place: Place::of_somebodys(&token),
        token,
        question: Question::Transition(Transition::Revocation),
    })
}
