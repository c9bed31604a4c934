//! A page that asks, and the deed.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use uuid::Uuid;

use super::{BY_HAND, LIST};
use crate::access::{Admin, Section};
use crate::db::Database;
use crate::members::groups::GroupId;
use crate::members::groups::LAST_ADMINISTRATOR;
use crate::members::groups::pages;
use crate::members::groups::queries::{self, ChangeError};
use crate::web::form::Nothing;
use crate::web::{Answer, Page, Submission, page, see_other};

pub async fn new(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let id = id.into_inner().into();
    page::render(&pages::Deletion {
        group: queries::group(connection, admin.organization().id, id).await?,
        shell: admin.shell(page, Section::Groups),
        problem: None,
    })
}

pub async fn create(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
    form: Submission<Nothing>,
) -> Answer {
    let (actor, id) = (admin.actor(&form)?, GroupId::from(id.into_inner()));
    let connection = &mut *database.get().await?;
    match queries::delete(connection, &actor, BY_HAND, id, page.now).await {
        Ok(group) => {
            page::notify(&session, format!("“{}” is deleted.", group.name))?;
            Ok(see_other(LIST))
        }
        Err(ChangeError::LastAdministrator) => {
            let again = pages::Deletion {
                group: queries::group(connection, actor.organization(), id).await?,
                shell: admin.shell(page, Section::Groups),
                problem: Some(LAST_ADMINISTRATOR),
            };
            page::render_with(StatusCode::CONFLICT, &again)
        }
        Err(error) => Err(error.into()),
    }
}
