//! Hand over API tokens: a page that says which, and the deed.

use actix_session::Session;
use actix_web::web;
use uuid::Uuid;

use super::{api_tokens, handed_to, heirs};
use crate::access::{Actor, Admin, Section, UserId};
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::members::draft::{ApiTokensDraft, ApiTokensForm};
use crate::members::pages;
use crate::members::queries::{self, ApiTokens, ChangeError};
use crate::tokens::queries::answering;
use crate::web::{Answer, Error, Page, Submission, format, page, see_other};

pub async fn new(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let (connection, id) = (&mut *database.get().await?, id.into_inner().into());
    page::render(&question(connection, &admin, page, id, None).await?)
}

pub async fn create(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    id: web::Path<Uuid>,
    form: Submission<ApiTokensForm>,
) -> Answer {
    let (actor, id) = (admin.actor(&form)?, id.into_inner().into());
    let mut connection = database.get().await?;
    let form = Some(form.into_inner());
    let question = question(&mut connection, &admin, page, id, form).await?;
    let back = question.back();
    match try_hand_over(&mut connection, &actor, question).await? {
        Ok(notice) => {
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other(&back))
        }
        Err(again) => page::render_again(&*again),
    }
}

/// What came of it, or the page again.
async fn try_hand_over(
    connection: &mut Connection,
    actor: &Actor,
    mut question: pages::Handover,
) -> Result<Result<String, Box<pages::Handover>>, Error> {
    let fate = match question.draft.clone().parse() {
        Ok(fate) => fate,
        Err(draft) => {
            question.draft = *draft;
            return Ok(Err(Box::new(question)));
        }
    };
    let (user, now) = (question.answering.person.id, *question.shell.now());
    match queries::hand_over(connection, actor, user, fate, now).await {
        Ok(number) => Ok(Ok(told(&question, number, fate))),
        Err(ChangeError::NotAdministrator) => {
            question.draft = question.draft.without_heir();
            Ok(Err(Box::new(question)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn question(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    user: UserId,
    form: Option<ApiTokensForm>,
) -> Result<pages::Handover, Error> {
    let organization = admin.organization().id;
    let (heirs, first) = heirs(connection, admin, user).await?;
    Ok(pages::Handover {
        answering: answering(connection, organization, user).await?,
        api_tokens: api_tokens(connection, organization, user).await?,
        shell: admin.shell(page, Section::Members),
        draft: form.map_or(first, ApiTokensDraft::from),
        heirs,
    })
}

/// `3 API tokens of “Mei Tanaka” are handed over to Ada Lovell.`
fn told(question: &pages::Handover, number: usize, fate: ApiTokens) -> String {
    let tokens = format::counted(number, "API token", "API tokens");
    let are = if number == 1 { "is" } else { "are" };
    let done = match fate {
        ApiTokens::HandTo(heir) => handed_to(&question.heirs, heir),
        ApiTokens::Revoke => "revoked".to_owned(),
    };
    format!(
        "{tokens} of “{}” {are} {done}.",
        question.answering.person.name
    )
}
