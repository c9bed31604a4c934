//! A page that asks, and the deed.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use serde::Deserialize;
use uuid::Uuid;

use crate::access::{Admin, Section};
use crate::catalogue::products::queries::{self, ChangeError};
use crate::catalogue::products::{ListedProduct, pages};
use crate::db::{Database, Pinned};
use crate::web::{Answer, Page, Submission, page, see_other};

const CHANGED: &str = "Someone changed this product after you opened this page. Nothing was \
                       deleted. Look at it again before you do.";

#[derive(Deserialize)]
pub struct Form {
    #[serde(default)]
    version: i32,
}

pub async fn new(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let listed = queries::product(connection, &admin, id.into_inner().into()).await?;
    page::render(&question(&admin, page, listed, None))
}

pub async fn create(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
    form: Submission<Form>,
) -> Answer {
    let (actor, id) = (admin.actor(&form)?, id.into_inner().into());
    let connection = &mut *database.get().await?;
    let read = Pinned::read(id, form.version);
    match queries::delete(connection, &actor, read, page.now).await {
        Ok(listed) => {
            page::notify(&session, format!("“{}” deleted.", listed.product.name))?;
            Ok(see_other("/settings/products"))
        }
        Err(ChangeError::Outdated(listed)) => {
            let again = question(&admin, page, *listed, Some(CHANGED));
            page::render_with(StatusCode::CONFLICT, &again)
        }
        Err(error) => Err(error.into()),
    }
}

fn question(
    admin: &Admin,
    page: Page,
    listed: ListedProduct,
    conflict: Option<&'static str>,
) -> pages::Deletion {
    pages::Deletion {
        shell: admin.shell(page, Section::Products),
        listed,
        conflict,
    }
}
