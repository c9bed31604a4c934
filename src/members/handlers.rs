//! *Settings > Members*: extract, call, render.

pub mod exit;
pub mod handover;
pub mod invitation;
pub mod reactivation;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;
use uuid::Uuid;

use super::draft::{ApiTokensDraft, RoleForm, role};
use super::invitations::Pending;
use super::pages::{self, Counts, Heir, Tokens};
use super::queries::{self, ChangeError, Wanted};
use super::query::Query;
use super::{Member, View, groups, invitations};
use crate::access::{Admin, OrganizationId, Role, Section, UserId};
use crate::db::{Connection, Database, plan_afresh};
use crate::journal;
use crate::tokens::queries::{Estate, all_answering, survey_estate};
use crate::web::paging::{Cursor, Slice};
use crate::web::{Answer, Error, Page, Submission, page, see_other};

const LIST: &str = "/settings/members";
const PAGE_SIZE: usize = 50;
/// Invitations on a page.
const INVITATIONS: usize = 25;
/// Tokens of somebody's that are named.
const NAMED: i64 = 10;
/// People who are gone that are named.
const GONE: usize = 25;
/// Journal entries that are shown.
const HISTORY: i64 = 20;

pub async fn index(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    web::Query(query): web::Query<Query>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let list = connection
        .transaction(async |connection| list(connection, &admin, page, query).await)
        .await?;
    page::render(&list)
}

async fn list(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    query: Query,
) -> Result<pages::Index, Error> {
    let (organization, now) = (admin.organization().id, page.now);
    let (wanted, cursor) = (query.wanted(), query.cursor());
    plan_afresh(connection).await?;
    let cursor = cursor.as_ref();
    Ok(pages::Index {
        counts: counts(connection, organization, &wanted).await?,
        members: queries::page(connection, organization, &wanted, cursor, PAGE_SIZE, now).await?,
        invitations: if query.is_beginning() {
            invitations(connection, organization, &query, now).await?
        } else {
            Slice::empty()
        },
        gone: all_answering(connection, organization, true, None, GONE).await?,
        shell: admin.shell(page, Section::Members),
        query,
    })
}

/// Those that can still be accepted.
async fn invitations(
    connection: &mut Connection,
    organization: OrganizationId,
    query: &Query,
    now: DateTime<Utc>,
) -> Result<Slice<Pending>, Error> {
    let cursor = Cursor::decode(&query.invited);
    let (cursor, size) = (cursor.as_ref(), INVITATIONS);
    let page = invitations::queries::page(connection, organization, cursor, size, now).await?;
    Ok(page)
}

async fn counts(
    connection: &mut Connection,
    organization: OrganizationId,
    wanted: &Wanted,
) -> Result<Counts, Error> {
    let of = |view| Wanted {
        view,
        ..wanted.clone()
    };
    let administrators = of(Some(View::Administrators));
    let deactivated = of(Some(View::Deactivated));
    Ok(Counts {
        all: queries::count(connection, organization, &of(None)).await?,
        administrators: queries::count(connection, organization, &administrators).await?,
        deactivated: queries::count(connection, organization, &deactivated).await?,
    })
}

pub async fn show(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let id = id.into_inner().into();
    let member = queries::member(connection, admin.organization().id, id).await?;
    page::render(&member_page(connection, &admin, page, member, None).await?)
}

async fn member_page(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    member: Member,
    problem: Option<&'static str>,
) -> Result<pages::Show, Error> {
    let (organization, id) = (admin.organization().id, member.id);
    let history = journal::of_subject(connection, admin, id.uuid(), HISTORY).await?;
    Ok(pages::Show {
        groups: groups::queries::of_member(connection, organization, id).await?,
        mcp_tokens: mcp_tokens(connection, organization, id).await?,
        api_tokens: api_tokens(connection, organization, id).await?,
        shell: admin.shell(page, Section::Members),
        member,
        history,
        problem,
    })
}

/// Their own, that are not revoked.
async fn mcp_tokens(
    connection: &mut Connection,
    organization: OrganizationId,
    user: UserId,
) -> Result<Tokens, Error> {
    let (count, newest) =
        survey_estate(connection, organization, Estate::OwnedBy(user), NAMED).await?;
    Ok(Tokens { count, newest })
}

/// Those that they answer for, and that are not revoked.
async fn api_tokens(
    connection: &mut Connection,
    organization: OrganizationId,
    user: UserId,
) -> Result<Tokens, Error> {
    let (count, newest) =
        survey_estate(connection, organization, Estate::AnsweredFor(user), NAMED).await?;
    Ok(Tokens { count, newest })
}

/// The other active administrators, who can be handed API tokens; at first whoever asks.
async fn heirs(
    connection: &mut Connection,
    admin: &Admin,
    user: UserId,
) -> Result<(Vec<Heir>, ApiTokensDraft), Error> {
    let mut heirs = queries::administrators(connection, admin.organization().id).await?;
    heirs.retain(|(heir, ..)| *heir != user);
    let ids = || heirs.iter().map(|(heir, ..)| *heir);
    let first = ids().find(|heir| *heir == admin.user()).or(ids().next());
    Ok((heirs, ApiTokensDraft::new(first)))
}

/// `handed over to Ada Lovell`
fn handed_to(heirs: &[Heir], heir: UserId) -> String {
    let heir = heirs.iter().find(|(id, ..)| *id == heir);
    heir.map_or_else(
        || "handed over".to_owned(),
        |(_, name, _)| format!("handed over to {name}"),
    )
}

pub async fn change_role(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
    form: Submission<RoleForm>,
) -> Answer {
    let (actor, id) = (admin.actor(&form)?, id.into_inner().into());
    let role = role(&form.role).map_err(|why| Error::Malformed(why.into()))?;
    let connection = &mut *database.get().await?;
    match queries::change_role(connection, &actor, id, role, page.now).await {
        Ok(member) => changed(&session, &admin, &member, standing(&member)),
        // They have the role.
        Err(ChangeError::Outdated(member)) => {
            changed(&session, &admin, &member, "Nothing was changed.".to_owned())
        }
        Err(ChangeError::LastAdministrator) => {
            let member = queries::member(connection, actor.organization(), id).await?;
            let problem = "This is the last active administrator who can sign in. Make somebody else \
                           one first.";
            let again = member_page(connection, &admin, page, member, Some(problem)).await?;
            page::render_with(StatusCode::CONFLICT, &again)
        }
        Err(error) => Err(error.into()),
    }
}

/// Whoever has made themselves a mere member sees no settings any more.
fn changed(session: &Session, admin: &Admin, member: &Member, notice: String) -> Answer {
    page::notify(session, notice)?;
    let may_stay = member.id != admin.user() || member.role() == Role::Admin;
    Ok(if may_stay {
        see_other(&member.path())
    } else {
        see_other("/")
    })
}

/// What somebody is now, or will be.
fn standing(member: &Member) -> String {
    let name = &member.name;
    match (member.own_role, member.is_lifted, member.is_active()) {
        (Role::Admin, _, true) => format!("“{name}” is an administrator now."),
        (Role::Admin, _, false) => format!("“{name}” will be an administrator when reactivated."),
        (Role::Member, false, true) => {
            format!("“{name}” is a member now, and no administrator.")
        }
        (Role::Member, false, false) => {
            format!("“{name}” will be a member when reactivated, and no administrator.")
        }
        (Role::Member, true, true) => format!(
            "“{name}” has the role Member now, and stays an administrator through a group. Remove them \
             from it too."
        ),
        (Role::Member, true, false) => format!(
            "“{name}” has the role Member now, and will be an administrator through a group when \
             reactivated. Remove them from it too."
        ),
    }
}
