//! Making users what a client wants them to be. Each change holds the [`Charge`] of the
//! organisation from its beginning, as members may be deactivated by it.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde_json::Value;

use super::account;
use super::{Row, find, groups_of};
use crate::access::{Actor, UserId};
use crate::db::schema::{scim_documents, scim_users, users};
use crate::db::{Connection, lower, violates};
use crate::identity::queries::{change_groups_of, user_with};
use crate::journal::{self, Action, Change};
use crate::members::queries::{Charge, Departure, deactivate, reactivate, remove};
use crate::scim::document::Document;
use crate::scim::problem;
use crate::scim::queries::directory::of_user;
use crate::scim::user::{InGroup, User, Wanted};
use crate::scim::version::Condition;
use crate::web::Error;

/// A new member, from the whole resource. An account that has the email is linked: it keeps its
/// name and password. A member whom no client has provisioned yet is adopted.
///
/// # Errors
/// `uniqueness` for any other who is a member already, by user name, ID at the client, or email;
/// those of a change for one who is adopted.
pub async fn create(
    connection: &mut Connection,
    actor: &Actor,
    document: &Document,
    now: DateTime<Utc>,
) -> Result<Changed, Error> {
    let wanted = &Wanted::of(document.clone())?;
    connection
        .transaction(async |connection| {
            Charge::take(connection, actor).await?;
            let email = wanted.email.as_ref().ok_or_else(|| {
                problem::value("emails should hold an email address, as userName is none.")
            })?;
            if let Some(id) = user_with(connection, email.as_str()).await?
                && is_to_adopt(connection, actor, id, wanted).await?
            {
                let edit = |_| Ok(document.clone());
                return change(connection, actor, id, &Condition::NONE, edit, now).await;
            }
            let id = account::provision(connection, actor, (email, wanted), now).await?;
            account::call(connection, actor, id, wanted).await?;
            save(connection, actor, id, wanted, (1, now)).await?;
            if !wanted.active {
                deactivate(connection, actor, id, None, now).await?;
            }
            Ok(Changed {
                user: find(connection, actor.organization(), id).await?,
                is_deactivated: false,
            })
        })
        .await
}

/// Whether the account is a member's whom no client has provisioned yet, and who is known here by
/// another user name: a client that looks for its own does not find them.
async fn is_to_adopt(
    connection: &mut Connection,
    actor: &Actor,
    id: UserId,
    wanted: &Wanted,
) -> QueryResult<bool> {
    let them = scim_users::table
        .find((actor.organization(), id))
        .filter(scim_users::provisioned.eq(false))
        .filter(scim_users::user_name_folded.ne(lower(&wanted.user_name)));
    diesel::select(exists(them)).get_result(connection).await
}

/// What came of a change.
pub struct Changed {
    pub user: User,
    /// Whether something was taken away, which has to be heard everywhere.
    pub is_deactivated: bool,
}

/// Makes of a user what `edit` makes of the whole resource. What stays as it was is no change.
///
/// # Errors
/// Those of `edit`; 412; `uniqueness`; [`Error::Conflict`] for the last administrator.
pub async fn change(
    connection: &mut Connection,
    actor: &Actor,
    id: UserId,
    condition: &Condition,
    edit: impl Fn(Document) -> Result<Document, Error> + Send + Sync,
    now: DateTime<Utc>,
) -> Result<Changed, Error> {
    connection
        .transaction(async |connection| {
            Charge::take(connection, actor).await?;
            let old = lock(connection, actor, id).await?;
            check(connection, actor, condition, &old).await?;
            let before = old.whole();
            let mut after = edit(before.clone())?;
            // Nobody is deactivated or comes back because nothing is said (RFC 7644, section 3.5.1).
            after.0.entry("active").or_insert(old.active.into());
            if before == after {
                set_provisioned(connection, actor, id).await?;
                return Ok(Changed {
                    user: old,
                    is_deactivated: false,
                });
            }
            let wanted = Wanted::of(after.clone())?;
            match (old.active, wanted.active) {
                (true, false) => {
                    deactivate(connection, actor, id, None, now).await?;
                }
                (false, true) => {
                    reactivate(connection, actor, id, now).await?;
                }
                _ => {}
            }
            let mut is_renamed = account::call(connection, actor, id, &wanted).await?;
            is_renamed |= account::follow(connection, actor, id, &wanted, now).await?;
            if is_renamed {
                change_groups_of(connection, actor.organization(), id).await?;
            }
            save(connection, actor, id, &wanted, (old.version + 1, now)).await?;
            record(connection, actor, id, differences(&before, &after), now).await?;
            Ok(Changed {
                user: find(connection, actor.organization(), id).await?,
                is_deactivated: old.active && !wanted.active,
            })
        })
        .await
}

/// Takes the user out of the organisation. The account stays.
///
/// # Errors
/// 412; [`Error::Conflict`] for the last administrator.
pub async fn delete(
    connection: &mut Connection,
    actor: &Actor,
    id: UserId,
    condition: &Condition,
    now: DateTime<Utc>,
) -> Result<Departure, Error> {
    connection
        .transaction(async |connection| {
            Charge::take(connection, actor).await?;
            let old = lock(connection, actor, id).await?;
            check(connection, actor, condition, &old).await?;
            Ok(remove(connection, actor, id, None, now).await?)
        })
        .await
}

async fn check(
    connection: &mut Connection,
    actor: &Actor,
    condition: &Condition,
    user: &User,
) -> Result<(), Error> {
    if condition.is_none() {
        return Ok(());
    }
    let groups = groups_of(connection, actor.organization(), &[user.id]).await?;
    let groups: Vec<InGroup> = groups.into_iter().map(|(_, group)| group).collect();
    condition.check(&user.tag(&groups))
}

/// The user, whom nobody else can change until the transaction ends.
async fn lock(connection: &mut Connection, actor: &Actor, id: UserId) -> QueryResult<User> {
    let row: (Row, Value) = scim_users::table
        .find((actor.organization(), id))
        .inner_join(scim_documents::table.on(of_user()))
        .select((Row::as_select(), scim_documents::document))
        .for_update()
        .get_result(connection)
        .await?;
    Ok(row.into())
}

/// Linked, though nothing is different.
async fn set_provisioned(
    connection: &mut Connection,
    actor: &Actor,
    id: UserId,
) -> QueryResult<usize> {
    diesel::update(scim_users::table.find((actor.organization(), id)))
        .filter(scim_users::provisioned.eq(false))
        .set(scim_users::provisioned.eq(true))
        .execute(connection)
        .await
}

async fn save(
    connection: &mut Connection,
    actor: &Actor,
    id: UserId,
    wanted: &Wanted,
    (version, now): (i32, DateTime<Utc>),
) -> Result<(), Error> {
    diesel::update(scim_users::table.find((actor.organization(), id)))
        .set((
            scim_users::user_name.eq(&wanted.user_name),
            scim_users::external_id.eq(&wanted.external_id),
            scim_users::version.eq(version),
            scim_users::modified_at.eq(now),
            scim_users::provisioned.eq(true),
        ))
        .execute(connection)
        .await
        .map_err(taken)?;
    let document = Value::Object(wanted.document.0.clone());
    diesel::update(scim_documents::table.find((actor.organization(), id)))
        .set(scim_documents::document.eq(document))
        .execute(connection)
        .await?;
    Ok(())
}

async fn record(
    connection: &mut Connection,
    actor: &Actor,
    id: UserId,
    changes: Vec<Change>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let email: String = users::table
        .find(id)
        .select(users::email)
        .get_result(connection)
        .await?;
    let entry = journal::Draft {
        action: Action::MemberProvisioned,
        subject: (id.uuid(), &email),
        changes,
    };
    journal::record(connection, actor, entry, now).await
}

fn taken(error: QueryError) -> Error {
    if violates(&error, "scim_users_user_name") {
        problem::taken("Another user has this userName.")
    } else if violates(&error, "scim_users_external_id") {
        problem::taken("Another user has this externalId.")
    } else {
        error.into()
    }
}

/// What the journal tells: the old and the new where it says who somebody is, and else the
/// attribute's name.
fn differences(before: &Document, after: &Document) -> Vec<Change> {
    let mut names: Vec<&String> = before.0.keys().chain(after.0.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let (from, to) = (&before.0, &after.0);
    let differing = names
        .into_iter()
        .filter(|name| from.get(*name) != to.get(*name));
    differing
        // It has an entry of its own.
        .filter(|name| *name != "active")
        .map(|name| match name.as_str() {
            "userName" | "externalId" | "displayName" => {
                let text = |document: &Document| document.text(name).map(str::to_owned);
                Change {
                    field: name.clone(),
                    from: text(before),
                    to: text(after),
                }
            }
            "emails" => {
                let main = |document: &Document| document.main_value(name).map(str::to_owned);
                Change {
                    field: "email".to_owned(),
                    from: main(before),
                    to: main(after),
                }
            }
            name => Change::set("attribute", name),
        })
        .collect()
}
