//! A page that asks, and the deed.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use serde::Deserialize;
use uuid::Uuid;

use crate::access::{Admin, Section};
use crate::catalogue::resources::pages;
use crate::catalogue::resources::queries::{self, ChangeError, Stored};
use crate::db::{Database, Pinned};
use crate::fleet::Fleet;
use crate::web::{Answer, Page, Submission, page, see_other};

const CHANGED: &str = "Someone changed this resource after you opened this page. Nothing was \
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
    let stored = queries::resource(connection, &admin, id.into_inner().into()).await?;
    page::render(&question(&admin, page, stored, None))
}

pub async fn create(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    id: web::Path<Uuid>,
    form: Submission<Form>,
) -> Answer {
    let (actor, id) = (admin.actor(&form)?, id.into_inner().into());
    let mut connection = database.get().await?;
    let read = Pinned::read(id, form.version);
    match queries::delete(&mut connection, &actor, read, page.now).await {
        Ok(stored) => {
            let notice = format!("“{}” deleted.", stored.resource.name);
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other("/settings/resources"))
        }
        Err(ChangeError::Outdated(stored)) => {
            let again = question(&admin, page, *stored, Some(CHANGED));
            page::render_with(StatusCode::CONFLICT, &again)
        }
        Err(error) => Err(error.into()),
    }
}

fn question(
    admin: &Admin,
    page: Page,
    stored: Stored,
    conflict: Option<&'static str>,
) -> pages::Deletion {
    pages::Deletion {
        shell: admin.shell(page, Section::Resources),
        stored,
        conflict,
    }
}
