//! Another name for an MCP token.

use actix_session::Session;
use actix_web::web;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::access::{Actor, Section, Viewer};
use crate::db::{Connection, Database};
use crate::profile::draft::{self, renamed, taken};
use crate::profile::pages;
use crate::tokens::queries::{self, ChangeError};
use crate::tokens::{NOT_EDITABLE, Name, Token};
use crate::web::form::Field;
use crate::web::{Answer, Error, Page, Submission, page, see_other};

const CHANGED: &str = "The token was changed after you opened this page. Nothing of yours was \
                       saved. Save again if you still want this name.";

/// A form to correct: the name, and what is wrong with the whole.
type Again = (Field, Option<&'static str>, Token);

pub async fn edit(
    viewer: Viewer,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let token = queries::owned(connection, &viewer, id.into_inner().into()).await?;
    if !token.status(&page.now).permits_edit() {
        return Err(Error::Conflict(NOT_EDITABLE));
    }
    page::render(&form_page(
        &viewer,
        page,
        (Field::new(&token.name), None, token),
    ))
}

pub async fn update(
    viewer: Viewer,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
    form: Submission<draft::Rename>,
) -> Answer {
    let actor = viewer.oneself(&form)?;
    let connection = &mut *database.get().await?;
    let token = queries::owned(connection, &viewer, id.into_inner().into()).await?;
    match try_update(connection, &actor, form.into_inner(), token, page.now).await? {
        Ok(name) => {
            page::notify(&session, format!("“{}” is saved.", name.as_str()))?;
            Ok(see_other("/profile"))
        }
        Err(again) => page::render_again(&form_page(&viewer, page, *again)),
    }
}

/// The token's name now, or the form to correct.
async fn try_update(
    connection: &mut Connection,
    actor: &Actor,
    form: draft::Rename,
    token: Token,
    now: DateTime<Utc>,
) -> Result<Result<Name, Box<Again>>, Error> {
    let mut field = Field::new(form.name);
    let Some(name) = field.parse(Name::parse) else {
        return Ok(Err(Box::new((field, None, token))));
    };
    let new = renamed(&token, name);
    match queries::edit(connection, actor, token.key(), form.version, &new, now).await {
        Ok(()) => Ok(Ok(new.name)),
        Err(ChangeError::NameTaken) => {
            field.refuse(taken(&field.value));
            Ok(Err(Box::new((field, None, token))))
        }
        Err(ChangeError::Outdated(current)) if current.status(&now).permits_edit() => {
            Ok(Err(Box::new((field, Some(CHANGED), *current))))
        }
        Err(error) => Err(error.into()),
    }
}

fn form_page(viewer: &Viewer, page: Page, (name, conflict, token): Again) -> pages::Rename {
    pages::Rename {
        shell: viewer.shell(page, Section::Profile),
        token,
        name,
        conflict,
    }
}
