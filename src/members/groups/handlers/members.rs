//! Who is in a group.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{BY_HAND, group_page};
use crate::access::{Actor, Admin, UserId};
use crate::db::{Connection, Database};
use crate::members::groups::draft::{Addition, AdditionForm};
use crate::members::groups::pages::MANAGED;
use crate::members::groups::queries::{self, ChangeError};
use crate::members::groups::{Group, GroupId, LAST_ADMINISTRATOR};
use crate::members::queries::{member, of_emails};
use crate::members::query::Query;
use crate::web::form::Nothing;
use crate::web::{Answer, Error, Page, Submission, format, page, see_other};

pub async fn add(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    id: web::Path<Uuid>,
    form: Submission<AdditionForm>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let connection = &mut *database.get().await?;
    let id = id.into_inner().into();
    let group = queries::group(connection, actor.organization(), id).await?;
    if group.managed {
        return refused(connection, &admin, page, group, MANAGED).await;
    }
    let addition = Addition::from(form.into_inner());
    match try_add(connection, &actor, &group, addition, page.now).await? {
        Ok(added) => {
            let added = format::counted(added, "member", "members");
            page::notify(&session, format!("{added} added."))?;
            Ok(see_other(&group.path()))
        }
        Err(addition) => {
            let query = Query::default();
            let mut again = group_page(connection, &admin, page, group, query).await?;
            again.addition = *addition;
            page::render_again(&again)
        }
    }
}

/// How many were added, or the form to correct.
async fn try_add(
    connection: &mut Connection,
    actor: &Actor,
    group: &Group,
    addition: Addition,
    now: DateTime<Utc>,
) -> Result<Result<usize, Box<Addition>>, Error> {
    let emails = match addition.clone().parse() {
        Ok(emails) => emails,
        Err(addition) => return Ok(Err(addition)),
    };
    let members = of_emails(connection, actor.organization(), &emails).await?;
    let is_member = |email: &&String| members.iter().any(|(_, known)| known == *email);
    let strangers: Vec<&String> = emails.iter().filter(|email| !is_member(email)).collect();
    if !strangers.is_empty() {
        return Ok(Err(Box::new(addition.strangers(&strangers))));
    }
    let users: Vec<UserId> = members.iter().map(|(user, _)| *user).collect();
    let added = queries::add_members(connection, actor, BY_HAND, group.id, &users, now).await;
    Ok(Ok(added?))
}

pub async fn remove(
    admin: Admin,
    page: Page,
    session: Session,
    database: web::Data<Database>,
    path: web::Path<(Uuid, Uuid)>,
    form: Submission<Nothing>,
) -> Answer {
    let actor = admin.actor(&form)?;
    let (id, user) = path.into_inner();
    let (id, user) = (GroupId::from(id), UserId::from(user));
    let connection = &mut *database.get().await?;
    let group = queries::group(connection, actor.organization(), id).await?;
    if group.managed {
        return refused(connection, &admin, page, group, MANAGED).await;
    }
    match queries::remove_members(connection, &actor, BY_HAND, id, &[user], page.now).await {
        Ok(0) => Err(Error::NotFound),
        Ok(_) => {
            let member = member(connection, actor.organization(), user).await?;
            let notice = format!(
                "“{}” is no member of “{}” any more.",
                member.name, group.name
            );
            page::notify(&session, notice)?;
            Ok(see_other(&group.path()))
        }
        Err(ChangeError::LastAdministrator) => {
            refused(connection, &admin, page, group, LAST_ADMINISTRATOR).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The group's page, with why it is as it was.
async fn refused(
    connection: &mut Connection,
    admin: &Admin,
    page: Page,
    group: Group,
    why: &'static str,
) -> Answer {
    let mut again = group_page(connection, admin, page, group, Query::default()).await?;
    again.problem = Some(why);
    page::render_with(StatusCode::CONFLICT, &again)
}
