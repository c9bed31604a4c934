//! One's MCP tokens: made, and shown.

use actix_session::Session;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;
use serde_json::json;
use uuid::Uuid;

use super::profile;
use crate::access::{Actor, Section, Viewer, session};
use crate::config::Config;
use crate::db::{Connection, Database};
use crate::profile::draft::{self, Draft};
use crate::profile::pages::{self, Reveal};
use crate::profile::servers;
use crate::profile::snippets::Connect;
use crate::tokens::queries::{self, ChangeError};
use crate::tokens::{Secret, Token};
use crate::web::{Answer, Error, Now, Page, Submission, page};

pub async fn create(
    viewer: Viewer,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    config: web::Data<Config>,
    form: Submission<draft::Form>,
) -> Answer {
    let actor = viewer.oneself(&form)?;
    let own = session::number(&session);
    let connection = &mut *database.get().await?;
    let draft = Draft::from(form.into_inner());
    // A secret that cannot be shown is not made.
    let listed = connection.transaction(async |connection| {
        let (draft, reveal) = match try_create(connection, &actor, draft, page.now).await? {
            Ok((token, secret)) => {
                let revealed = Reveal {
                    connect: connect(connection, &viewer, &config).await?,
                    token,
                    secret,
                    old_until: None,
                    receipt: None,
                    rotated: false,
                };
                (Draft::default(), Some(revealed))
            }
            Err(draft) => (*draft, None),
        };
        profile(connection, &viewer, page, &own, draft, reveal).await
    });
    let listed = listed.await?;
    if listed.reveal.is_some() {
        page::reveal(&listed)
    } else {
        page::render_again(&listed)
    }
}

/// The new token, or the form to correct.
async fn try_create(
    connection: &mut Connection,
    actor: &Actor,
    draft: Draft,
    now: DateTime<Utc>,
) -> Result<Result<(Token, Secret), Box<Draft>>, Error> {
    let new = match draft.clone().parse(now) {
        Ok(new) => new,
        Err(draft) => return Ok(Err(draft)),
    };
    match queries::create_mcp(connection, actor, &new, now).await {
        Ok(created) => Ok(Ok(created)),
        Err(ChangeError::NameTaken) => Ok(Err(draft.name_taken())),
        Err(ChangeError::Full(least_used)) => Ok(Err(draft.full(&least_used, &now))),
        Err(error) => Err(error.into()),
    }
}

/// The servers to connect to, Tokendesk's own first.
pub async fn connect(
    connection: &mut Connection,
    viewer: &Viewer,
    config: &Config,
) -> Result<Connect, Error> {
    let servers = servers::list(connection, viewer.organization().id).await?;
    Ok(Connect::new(&config.public_url, servers))
}

pub async fn show(
    viewer: Viewer,
    page: Page,
    database: web::Data<Database>,
    config: web::Data<Config>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let token = queries::owned(connection, &viewer, id.into_inner().into()).await?;
    let retiring = queries::retiring(connection, &[token.id], page.now).await?;
    page::render(&pages::Show {
        old_until: retiring.last().map(|(_, until)| *until),
        connect: connect(connection, &viewer, &config).await?,
        shell: viewer.shell(page, Section::Profile),
        token,
    })
}

/// `{"connected": "Connected: claude-code 2.1, 4 s ago"}`, or `null` until the first call.
pub async fn connection(
    viewer: Viewer,
    now: Now,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let token = queries::owned(connection, &viewer, id.into_inner().into()).await?;
    let connected = pages::connection(&token, &now.0);
    Ok(HttpResponse::Ok().json(json!({ "connected": connected })))
}
