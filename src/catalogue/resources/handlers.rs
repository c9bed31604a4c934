//! *Settings > Resources*: extract, call, render.

pub mod catalogue;
pub mod deletion;

use actix_session::Session;
use actix_web::web;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::draft::{self, Draft};
use super::queries::{self, ChangeError, Stored};
use super::{Resource, pages};
use crate::access::{Actor, Admin, Section};
use crate::db::{Connection, Database, Pinned};
use crate::fleet::Fleet;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

const LIST: &str = "/settings/resources";

pub async fn index(admin: Admin, page: Page, database: web::Data<Database>) -> Answer {
    let connection = &mut *database.get().await?;
    let catalogue = queries::list(connection, &admin).await?;
    page::render(&pages::Index {
        shell: admin.shell(page, Section::Resources),
        catalogue,
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
    form: Submission<draft::Form>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let draft = Draft::from(form.into_inner());
    match try_create(&mut connection, &actor, draft, page.now).await? {
        Ok(new) => {
            let notice = format!("“{}” created.", new.name);
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other(LIST))
        }
        Err(draft) => page::render_again(&form_page(&admin, page, *draft, None)),
    }
}

/// The new resource, or the form to correct.
async fn try_create(
    connection: &mut Connection,
    actor: &Actor,
    draft: Draft,
    now: DateTime<Utc>,
) -> Result<Result<Resource, Box<Draft>>, Error> {
    let new = match draft.clone().parse() {
        Ok(new) => new,
        Err(draft) => return Ok(Err(draft)),
    };
    match queries::create(connection, actor, &new, now).await {
        Ok(_) => Ok(Ok(new)),
        Err(ChangeError::Clash(conflicts)) => Ok(Err(draft.clashing(&conflicts))),
        Err(error) => Err(error.into()),
    }
}

pub async fn edit(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let current = queries::resource(connection, &admin, id.into_inner().into()).await?;
    page::render(&form_page(
        &admin,
        page,
        Draft::from(&current),
        Some(current),
    ))
}

pub async fn update(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    id: web::Path<Uuid>,
    form: Submission<draft::Form>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let current = queries::resource(&mut connection, &admin, id.into_inner().into()).await?;
    let draft = Draft::from(form.into_inner());
    match try_update(&mut connection, &actor, draft, &current, page.now).await? {
        Ok(new) => {
            let notice = format!("“{}” is saved.", new.name);
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other(LIST))
        }
        Err(draft) => page::render_again(&form_page(&admin, page, *draft, Some(current))),
    }
}

/// The resource as it is now, or the form to correct.
async fn try_update(
    connection: &mut Connection,
    actor: &Actor,
    draft: Draft,
    current: &Stored,
    now: DateTime<Utc>,
) -> Result<Result<Resource, Box<Draft>>, Error> {
    let new = match draft.clone().parse() {
        Ok(new) => new,
        Err(draft) => return Ok(Err(draft)),
    };
    let read = Pinned::read(current.id, draft.version);
    match queries::edit(connection, actor, read, &new, now).await {
        Ok(()) => Ok(Ok(new)),
        Err(ChangeError::Clash(conflicts)) => Ok(Err(draft.clashing(&conflicts))),
        Err(ChangeError::Outdated(current)) => Ok(Err(draft.outdated(&current))),
        Err(error) => Err(error.into()),
    }
}

fn form_page(admin: &Admin, page: Page, draft: Draft, current: Option<Stored>) -> pages::Form {
    pages::Form {
        shell: admin.shell(page, Section::Resources),
        draft: draft.with_spare_rows(),
        current,
    }
}
