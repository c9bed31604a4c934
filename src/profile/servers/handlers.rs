//! *Settings > MCP servers*: extract, call, render.

use actix_session::Session;
use actix_web::web;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::draft::{Draft, Form};
use super::queries::{self, ChangeError};
use super::{Edit, Index, Removal, Server, ServerId};
use crate::access::{Actor, Admin, Section};
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::web::form::Nothing;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

const LIST: &str = "/settings/mcp-servers";

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
    (database, fleet): (web::Data<Database>, web::Data<Fleet>),
    form: Submission<Form>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let draft = Draft::from(form.into_inner());
    match try_save(&mut connection, &actor, None, draft, page.now).await? {
        Ok(name) => {
            let notice = format!("“{name}” is added.");
            page::announce(connection, &database, &fleet, &session, &notice).await?;
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
    (database, fleet): (web::Data<Database>, web::Data<Fleet>),
    id: web::Path<Uuid>,
    form: Submission<Form>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let server = queries::server(&mut connection, &admin, id.into_inner().into()).await?;
    let draft = Draft::from(form.into_inner());
    match try_save(&mut connection, &actor, Some(server.id), draft, page.now).await? {
        Ok(name) => {
            let notice = format!("“{name}” is saved.");
            page::announce(connection, &database, &fleet, &session, &notice).await?;
            Ok(see_other(LIST))
        }
        Err(draft) => page::render_again(&form_page(&admin, page, *draft, Some(server))),
    }
}

/// The server's name, or the form to correct; `id` is that of the server that is edited.
async fn try_save(
    connection: &mut Connection,
    actor: &Actor,
    id: Option<ServerId>,
    draft: Draft,
    now: DateTime<Utc>,
) -> Result<Result<String, Box<Draft>>, Error> {
    let new = match draft.clone().parse() {
        Ok(new) => new,
        Err(draft) => return Ok(Err(draft)),
    };
    let saved = match id {
        Some(id) => queries::update(connection, actor, id, None, &new, now).await,
        None => queries::create(connection, actor, &new, now)
            .await
            .map(drop),
    };
    match saved {
        Ok(()) => Ok(Ok(new.name)),
        Err(ChangeError::NameTaken) => Ok(Err(draft.name_taken())),
        Err(ChangeError::Full) => Ok(Err(draft.full())),
        Err(error) => Err(error.into()),
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
    page::render(&Removal {
        server: queries::server(connection, &admin, id.into_inner().into()).await?,
        shell: admin.shell(page, Section::McpServers),
    })
}

pub async fn remove(
    admin: Admin,
    page: Page,
    session: Session,
    (database, fleet): (web::Data<Database>, web::Data<Fleet>),
    id: web::Path<Uuid>,
    form: Submission<Nothing>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let id = ServerId::from(id.into_inner());
    let server = queries::remove(&mut connection, &actor, id, page.now).await?;
    let notice = format!("“{}” is removed.", server.name);
    page::announce(connection, &database, &fleet, &session, &notice).await?;
    Ok(see_other(LIST))
}
