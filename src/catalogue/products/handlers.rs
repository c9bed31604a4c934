//! *Settings > Products*: extract, call, render.

pub mod deletion;

use actix_session::Session;
use actix_web::web;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::draft::{self, Draft};
use super::queries::{self, ChangeError};
use super::{ListedProduct, pages};
use crate::access::{Actor, Admin, Section};
use crate::db::{Connection, Database, Pinned};
use crate::fleet::Fleet;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

const PAGE_SIZE: usize = 25;

pub async fn index(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    web::Query(query): web::Query<pages::Query>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let products = queries::page(connection, &admin, &query, PAGE_SIZE).await?;
    let total = queries::total(connection, &admin, &query).await?;
    page::render(&pages::Index {
        shell: admin.shell(page, Section::Products),
        query,
        products,
        total,
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
    form: Submission<draft::Form>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let connection = &mut *database.get().await?;
    let draft = Draft::from(form.into_inner());
    match try_create(connection, &actor, draft, page.now).await? {
        Ok(name) => {
            page::notify(&session, format!("“{name}” created."))?;
            Ok(see_other("/settings/products"))
        }
        Err(draft) => page::render_again(&form_page(&admin, page, *draft, None)),
    }
}

/// The new product's name, or the form to correct.
async fn try_create(
    connection: &mut Connection,
    actor: &Actor,
    draft: Draft,
    now: DateTime<Utc>,
) -> Result<Result<String, Box<Draft>>, Error> {
    let new = match draft.clone().parse(None) {
        Ok(new) => new,
        Err(draft) => return Ok(Err(draft)),
    };
    let created = queries::create(connection, actor, &new.name, &new.key, now).await;
    match created.map_err(ChangeError::from) {
        Ok(product) => Ok(Ok(product.name)),
        Err(error) => to_correct(error, draft).map(Err),
    }
}

pub async fn edit(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let current = queries::product(connection, &admin, id.into_inner().into()).await?;
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
    let (actor, id) = (admin.actor(&form)?, id.into_inner().into());
    let mut connection = database.get().await?;
    let current = queries::product(&mut connection, &admin, id).await?;
    let draft = Draft::from(form.into_inner());
    match try_update(&mut connection, &actor, draft, &current, page.now).await? {
        Ok(name) => {
            let notice = format!("“{name}” is saved.");
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other("/settings/products"))
        }
        Err(draft) => {
            let current = queries::product(&mut connection, &admin, id).await?;
            page::render_again(&form_page(&admin, page, *draft, Some(current)))
        }
    }
}

/// The product's name now, or the form to correct.
async fn try_update(
    connection: &mut Connection,
    actor: &Actor,
    draft: Draft,
    current: &ListedProduct,
    now: DateTime<Utc>,
) -> Result<Result<String, Box<Draft>>, Error> {
    if !draft.key.value.is_empty() && draft.moves_key_of(current) {
        return Ok(Err(Box::new(draft.outdated(current))));
    }
    let new = match draft.clone().parse(Some(current)) {
        Ok(new) => new,
        Err(draft) => return Ok(Err(draft)),
    };
    let read = Pinned::read(current.product.id, draft.version);
    match queries::edit(connection, actor, read, &new, now).await {
        Ok(()) => Ok(Ok(new.name)),
        Err(error) => to_correct(error, draft).map(Err),
    }
}

/// The form to correct, where that is what the error means.
fn to_correct(error: ChangeError, draft: Draft) -> Result<Box<Draft>, Error> {
    let draft = match error {
        ChangeError::NameTaken => draft.name_taken(),
        ChangeError::KeyTaken => draft.key_taken(),
        ChangeError::Outdated(current) => draft.outdated(&current),
        ChangeError::Query(error) => return Err(error.into()),
    };
    Ok(Box::new(draft))
}

fn form_page(
    admin: &Admin,
    page: Page,
    draft: Draft,
    current: Option<ListedProduct>,
) -> pages::Form {
    pages::Form {
        shell: admin.shell(page, Section::Products),
        draft,
        current,
    }
}
