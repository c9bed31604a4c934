//! *Settings > MCP servers*: extract, call, render.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::draft::{Draft, Form, RemovalForm};
use super::queries::{self, ChangeError};
use super::{Edit, Index, Removal, Server, ServerId};
use crate::access::{Actor, Admin, Section};
use crate::db::{Connection, Database, Pinned};
use crate::fleet::Fleet;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

const LIST: &str = "/settings/mcp-servers";
const CHANGED: &str = "Someone changed this server after you opened this page. Nothing was \
                       removed. Look at it again before you do.";

pub async fn index(admin: Admin, page: Page, database: web::Data<Database>) -> Answer {
    let connection = &mut *database.get().await?;
    page::render(&Index {
        servers: queries::list(connection, admin.organization().id).await?,
        shell: admin.shell(page, Section::McpServers),
    })
}

pub async fn new(admin: Admin, page: Page) -> Answer {
    page::render(&form_page(&admin, page, Draft::default(), None))
}

pub async fn create(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    form: Submission<Form>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let draft = Draft::from(form.into_inner());
    match try_save(&mut connection, &actor, None, draft, page.now).await? {
        Ok(name) => {
            let notice = format!("“{name}” is added.");
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other(LIST))
        }
        Err(draft) => page::render_again(&form_page(&admin, page, *draft, None)),
    }
}

pub async fn edit(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let server = queries::server(connection, &admin, id.into_inner().into()).await?;
    page::render(&form_page(&admin, page, Draft::from(&server), Some(server)))
}

pub async fn update(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    id: web::Path<Uuid>,
    form: Submission<Form>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let server = queries::server(&mut connection, &admin, id.into_inner().into()).await?;
    let draft = Draft::from(form.into_inner());
    match try_save(&mut connection, &actor, Some(&server), draft, page.now).await? {
        Ok(name) => {
            let notice = format!("“{name}” is saved.");
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other(LIST))
        }
        Err(draft) => page::render_again(&form_page(&admin, page, *draft, Some(server))),
    }
}

/// The server's name, or the form to correct; `server` is the one that is edited.
async fn try_save(
    connection: &mut Connection,
    actor: &Actor,
    server: Option<&Server>,
    draft: Draft,
    now: DateTime<Utc>,
) -> Result<Result<String, Box<Draft>>, Error> {
    let new = match draft.clone().parse() {
        Ok(new) => new,
        Err(draft) => return Ok(Err(draft)),
    };
    let saved = match server {
        Some(server) => {
            let read = Pinned::read(server.id, draft.version);
            queries::update(connection, actor, read, &new, now).await
        }
        None => queries::create(connection, actor, &new, now)
            .await
            .map(drop),
    };
    match saved {
        Ok(()) => Ok(Ok(new.name)),
        Err(ChangeError::NameTaken) => Ok(Err(draft.name_taken())),
        Err(ChangeError::Full) => Ok(Err(draft.full())),
        Err(ChangeError::Outdated(server)) => Ok(Err(draft.outdated(&server))),
        Err(ChangeError::Query(error)) => Err(error.into()),
    }
}

fn form_page(admin: &Admin, page: Page, draft: Draft, server: Option<Server>) -> Edit {
    Edit {
        shell: admin.shell(page, Section::McpServers),
        draft,
        server,
    }
}

pub async fn new_removal(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let server = queries::server(connection, &admin, id.into_inner().into()).await?;
    page::render(&question(&admin, page, server, None))
}

pub async fn remove(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    id: web::Path<Uuid>,
    form: Submission<RemovalForm>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let read = Pinned::read(ServerId::from(id.into_inner()), form.version);
    match queries::remove(&mut connection, &actor, read, page.now).await {
        Ok(server) => {
            let notice = format!("“{}” is removed.", server.name);
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other(LIST))
        }
        Err(ChangeError::Outdated(server)) => {
            let again = question(&admin, page, *server, Some(CHANGED));
            page::render_with(StatusCode::CONFLICT, &again)
        }
        Err(error) => Err(error.into()),
    }
}

fn question(admin: &Admin, page: Page, server: Server, conflict: Option<&'static str>) -> Removal {
    Removal {
        shell: admin.shell(page, Section::McpServers),
        server,
        conflict,
    }
}
