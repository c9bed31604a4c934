//! Deactivate, remove: a page that says what will stop, and the deed.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use uuid::Uuid;

use super::{LIST, api_tokens, handed_to, heirs, mcp_tokens};
use crate::access::{Actor, Admin, Section, UserId};
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::members::draft::{ApiTokensDraft, ApiTokensForm};
use crate::members::queries::{self, ApiTokens, ChangeError, Departure};
use crate::members::{Exit, Member, pages};
use crate::web::{Answer, Error, Page, Submission, format, page, see_other};

pub async fn new(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    path: web::Path<(Uuid, String)>,
) -> Answer {
    let (id, exit) = parse(path.into_inner())?;
    let connection = &mut *database.get().await?;
    let member = queries::member(connection, admin.organization().id, id).await?;
    let question = question(connection, &admin, page, exit, member, None).await?;
    page::render(&question)
}

pub async fn create(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    fleet: web::Data<Fleet>,
    path: web::Path<(Uuid, String)>,
    form: Submission<ApiTokensForm>,
) -> Answer {
    let (id, exit) = parse(path.into_inner())?;
    let actor = admin.actor(&form)?;
    let mut connection = database.get().await?;
    let member = queries::member(&mut connection, actor.organization(), id).await?;
    let question = question(
        &mut connection,
        &admin,
        page,
        exit,
        member,
        Some(form.into_inner()),
    )
    .await?;
    match try_leave(&mut connection, &actor, question).await? {
        Ok(notice) => {
            page::announce(connection, &fleet, &session, &notice).await?;
            Ok(see_other(if id == admin.user() { "/" } else { LIST }))
        }
        Err(again) if again.obstacle().is_some() => {
            page::render_with(StatusCode::CONFLICT, &*again)
        }
        Err(again) => page::render_again(&*again),
    }
}

fn parse((id, exit): (Uuid, String)) -> Result<(UserId, Exit), Error> {
    let exit = exit.parse().map_err(|_| Error::NotFound)?;
    Ok((id.into(), exit))
}

/// What came of it, or the page again.
async fn try_leave(
    connection: &mut Connection,
    actor: &Actor,
    question: pages::Leaving,
) -> Result<Result<String, Box<pages::Leaving>>, Error> {
    let mut question = Box::new(question);
    let api_tokens = match (question.api_tokens.count, question.draft.clone().parse()) {
        (0, _) => None,
        (_, Ok(api_tokens)) => Some(api_tokens),
        (_, Err(draft)) => {
            question.draft = *draft;
            return Ok(Err(question));
        }
    };
    let (user, now) = (question.member.id, *question.shell.now());
    let left = match question.exit {
        Exit::Deactivation => queries::deactivate(connection, actor, user, api_tokens, now).await,
        Exit::Removal => queries::remove(connection, actor, user, api_tokens, now).await,
    };
    match left {
        Ok(departure) => Ok(Ok(told(&question, &departure))),
        Err(ChangeError::NotAdministrator) => {
            question.draft = question.draft.without_heir();
            Ok(Err(question))
        }
        Err(ChangeError::Outdated(member)) => {
            question.member = *member;
            Ok(Err(question))
        }
        Err(ChangeError::LastAdministrator) => {
            question.heirs.clear();
            Ok(Err(question))
        }
        Err(error) => Err(error.into()),
    }
}

async fn question(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    exit: Exit,
    member: Member,
    form: Option<ApiTokensForm>,
) -> Result<pages::Leaving, Error> {
    let organization = admin.organization().id;
    let (heirs, first) = heirs(connection, admin, member.id).await?;
    Ok(pages::Leaving {
        mcp_tokens: mcp_tokens(connection, organization, member.id).await?,
        api_tokens: api_tokens(connection, organization, member.id).await?,
        shell: admin.shell(page, Section::Members),
        draft: form.map_or(first, ApiTokensDraft::from),
        exit,
        member,
        heirs,
    })
}

/// `“Mei Tanaka” is deactivated: 2 sessions ended, 1 MCP token stopped, 3 API tokens handed over to
/// Ada Lovell.`
fn told(question: &pages::Leaving, departure: &Departure) -> String {
    let (done, fate_of_mcp_tokens) = match question.exit {
        Exit::Deactivation => ("deactivated", "stopped"),
        Exit::Removal => ("removed", "revoked"),
    };
    let fate_of_api_tokens = match departure.fate {
        Some(ApiTokens::HandTo(heir)) => handed_to(&question.heirs, heir),
        Some(ApiTokens::Revoke) | None => "revoked".to_owned(),
    };
    let consequences = [
        (departure.sessions, "session", "ended"),
        (departure.mcp_tokens, "MCP token", fate_of_mcp_tokens),
        (departure.api_tokens, "API token", &fate_of_api_tokens),
    ];
    let consequences: Vec<String> = consequences
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, what, fate)| {
            format!(
                "{} {fate}",
                format::counted(number, what, &format!("{what}s"))
            )
        })
        .collect();
    let name = &departure.member.name;
    if consequences.is_empty() {
        format!("“{name}” is {done}.")
    } else {
        format!("“{name}” is {done}: {}.", consequences.join(", "))
    }
}
