//! Reactivate: a page that says what comes back, and the deed.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use uuid::Uuid;

use super::{LIST, mcp_tokens};
use crate::access::{Admin, Section, UserId};
use crate::db::{Connection, Database};
use crate::members::queries::{self, ChangeError};
use crate::members::{Member, pages};
use crate::web::form::Nothing;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

pub async fn new(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let id = id.into_inner().into();
    let member = queries::member(connection, admin.organization().id, id).await?;
    page::render(&question(connection, &admin, page, member).await?)
}

pub async fn create(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
    form: Submission<Nothing>,
) -> Answer {
    let (actor, id) = (admin.actor(&form)?, UserId::from(id.into_inner()));
    let connection = &mut *database.get().await?;
    match queries::reactivate(connection, &actor, id, page.now).await {
        Ok(member) => {
            page::notify(&session, format!("“{}” is active again.", member.name))?;
            Ok(see_other(LIST))
        }
        Err(ChangeError::Outdated(member)) => {
            let again = question(connection, &admin, page, *member).await?;
            page::render_with(StatusCode::CONFLICT, &again)
        }
        Err(error) => Err(error.into()),
    }
}

async fn question(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    member: Member,
) -> Result<pages::Reactivation, Error> {
    Ok(pages::Reactivation {
        mcp_tokens: mcp_tokens(connection, admin.organization().id, member.id).await?,
        shell: admin.shell(page, Section::Members),
        member,
    })
}
