//! *Settings > Groups*: extract, call, render.

pub mod deletion;
pub mod members;

use std::fmt::Display;

use actix_session::Session;
use actix_web::web;
use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;
use uuid::Uuid;

use super::draft::{Addition, Draft, Form};
use super::queries::{self, ChangeError};
use super::{Group, Keeper, pages};
use crate::access::{Actor, Admin, Section};
use crate::db::{Connection, Database, Pinned, plan_afresh};
use crate::members::queries::{Wanted, count, page as members_page};
use crate::members::query::Query;
use crate::web::{Answer, Error, Page, Submission, format, page, see_other};

const LIST: &str = "/settings/groups";
const PAGE_SIZE: usize = 50;
const BY_HAND: Keeper = Keeper::Administrators;

pub async fn index(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    web::Query(query): web::Query<Query>,
) -> Answer {
    let (organization, cursor) = (admin.organization().id, query.cursor());
    let (term, cursor) = (query.term(), cursor.as_ref());
    let connection = &mut *database.get().await?;
    let term = term.as_deref();
    page::render(&pages::Index {
        total: queries::count(connection, organization, term).await?,
        groups: queries::page(connection, organization, term, cursor, PAGE_SIZE).await?,
        shell: admin.shell(page, Section::Groups),
        query,
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
    form: Submission<Form>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let connection = &mut *database.get().await?;
    let draft = Draft::from(form.into_inner());
    match try_save(connection, &actor, None, draft, page.now).await? {
        Ok(group) => saved(&session, &group, "is created. Add its members."),
        Err(draft) => page::render_again(&form_page(&admin, page, *draft, None)),
    }
}

pub async fn edit(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let id = id.into_inner().into();
    let group = queries::group(connection, admin.organization().id, id).await?;
    page::render(&form_page(&admin, page, Draft::from(&group), Some(group)))
}

pub async fn update(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
    form: Submission<Form>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let connection = &mut *database.get().await?;
    let id = id.into_inner().into();
    let group = queries::group(connection, actor.organization(), id).await?;
    let draft = Draft::from(form.into_inner());
    match try_save(connection, &actor, Some(&group), draft, page.now).await? {
        Ok(new) => saved(&session, &new, news(&group, &new)),
        Err(draft) => page::render_again(&form_page(&admin, page, *draft, Some(group))),
    }
}

fn saved(session: &Session, group: &Group, how: impl Display) -> Answer {
    page::notify(session, format!("“{}” {how}", group.name))?;
    Ok(see_other(&group.path()))
}

/// What is new, beside the name.
fn news(old: &Group, new: &Group) -> String {
    let members = match new.members {
        0 => "its members".to_owned(),
        number => format!("its {}", format::counted(number, "member", "members")),
    };
    let administrators = format::plural(new.members, "an administrator", "administrators");
    match (old.role, new.role) {
        (None, Some(_)) => format!("is saved. It makes {members} {administrators} now."),
        (Some(_), None) => {
            format!("is saved. It makes {members} {administrators} no longer.")
        }
        _ => "is saved.".to_owned(),
    }
}

/// The group as it is then, or the form to correct; `group` is the one that is edited.
async fn try_save(
    connection: &mut Connection,
    actor: &Actor,
    group: Option<&Group>,
    draft: Draft,
    now: DateTime<Utc>,
) -> Result<Result<Group, Box<Draft>>, Error> {
    let new = match draft.clone().parse() {
        Ok(new) => new,
        Err(draft) => return Ok(Err(draft)),
    };
    let saved = match group {
        Some(group) => {
            let which = Pinned::read(group.id, draft.version);
            let edit = queries::Edit::both(&new.name, new.role);
            queries::edit(connection, actor, BY_HAND, which, edit, now).await
        }
        None => queries::create(connection, actor, BY_HAND, &new, now).await,
    };
    match saved {
        Ok(group) => Ok(Ok(group)),
        Err(ChangeError::NameTaken) => Ok(Err(Box::new(draft.name_taken()))),
        Err(ChangeError::LastAdministrator) => Ok(Err(Box::new(draft.last_administrator()))),
        Err(ChangeError::Outdated(group)) => Ok(Err(Box::new(draft.outdated(&group)))),
        Err(error) => Err(error.into()),
    }
}

fn form_page(admin: &Admin, page: Page, draft: Draft, group: Option<Group>) -> pages::Form {
    pages::Form {
        shell: admin.shell(page, Section::Groups),
        draft,
        group,
    }
}

pub async fn show(
    admin: Admin,
    page: Page,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
    web::Query(query): web::Query<Query>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let id = id.into_inner().into();
    let group = queries::group(connection, admin.organization().id, id).await?;
    let show = group_page(connection, &admin, page, group, query).await?;
    page::render(&show)
}

async fn group_page(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    group: Group,
    query: Query,
) -> Result<pages::Show, Error> {
    let (organization, cursor) = (admin.organization().id, query.cursor());
    let wanted = Wanted {
        group: Some(group.id),
        view: None,
        ..query.wanted()
    };
    let (cursor, now) = (cursor.as_ref(), page.now);
    let (total, members) = connection
        .transaction(async |connection| {
            plan_afresh(connection).await?;
            let total = count(connection, organization, &wanted).await?;
            let members =
                members_page(connection, organization, &wanted, cursor, PAGE_SIZE, now).await?;
            Ok::<_, Error>((total, members))
        })
        .await?;
    Ok(pages::Show {
        total,
        members,
        shell: admin.shell(page, Section::Groups),
        addition: Addition::default(),
        problem: None,
        group,
        query,
    })
}
