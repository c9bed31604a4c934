//! Accounts of users. One that a provider made follows it, for as long as its owner is in no other
//! organisation.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::access::{Actor, UserId};
use crate::db::schema::{memberships, scim_users, tokens, users};
use crate::db::{Connection, violates};
use crate::identity::Email;
use crate::identity::queries::{MemberError, NewUser, end_links, provision_member};
use crate::scim::problem;
use crate::scim::user::Wanted;
use crate::web::Error;

/// Makes a member of whoever has the email, with an account that follows the provider unless it is
/// somebody's, or others mean them too.
///
/// # Errors
/// `uniqueness`
pub async fn provision(
    connection: &mut Connection,
    actor: &Actor,
    (email, wanted): (&Email, &Wanted),
    now: DateTime<Utc>,
) -> Result<UserId, Error> {
    let person = NewUser {
        email,
        name: &wanted.name,
        password_hash: None,
    };
    let id = match provision_member(connection, actor, person, now).await {
        Ok(id) => id,
        Err(MemberError::AlreadyMember) => {
            return Err(member_already(connection, actor, email).await?);
        }
        Err(MemberError::Query(error)) => return Err(error.into()),
    };
    let organization = actor.organization();
    let is_elsewhere = exists(
        memberships::table
            .filter(memberships::user_id.eq(users::id))
            .filter(memberships::organization_id.ne(organization)),
    );
    let is_nobodys = users::password_hash.is_null().and(not(is_elsewhere));
    let followed = diesel::update(users::table.find(id))
        .filter(is_nobodys)
        .set((
            users::provisioned_by.eq(organization.uuid()),
            users::name.eq(wanted.name.as_str()),
        ))
        .execute(connection)
        .await?;
    if followed == 0 {
        // It followed before its owner had a password, and went.
        diesel::update(users::table.find(id))
            .filter(users::provisioned_by.eq(organization.uuid()))
            .set(users::provisioned_by.eq(None::<uuid::Uuid>))
            .execute(connection)
            .await?;
    }
    Ok(id)
}

/// Their email addresses may be others here than that of their account.
async fn member_already(
    connection: &mut Connection,
    actor: &Actor,
    email: &Email,
) -> QueryResult<Error> {
    let user_name: String = scim_users::table
        .inner_join(users::table.on(users::id.eq(scim_users::user_id)))
        .filter(scim_users::organization_id.eq(actor.organization()))
        .filter(users::email.eq(email.as_str()))
        .select(scim_users::user_name)
        .get_result(connection)
        .await?;
    Ok(problem::taken(format!(
        "{} is a member already: look for userName eq {}.",
        email.as_str(),
        Value::from(user_name)
    )))
}

/// The organisation knows whoever has not joined by what it calls them itself. Returns whether that is
/// another name.
pub async fn call(
    connection: &mut Connection,
    actor: &Actor,
    id: UserId,
    wanted: &Wanted,
) -> QueryResult<bool> {
    let name = Some(wanted.name.as_str());
    let renamed = diesel::update(memberships::table.find((actor.organization(), id)))
        .filter(memberships::has_joined.eq(false))
        .filter(memberships::known_as.is_distinct_from(name))
        .set(memberships::known_as.eq(name))
        .execute(connection)
        .await?;
    Ok(renamed > 0)
}

/// The account's name and email become what the provider says, if it follows it; the email only while
/// they are a member of no other organisation: that means whoever has that email, and nobody who is
/// given it. Returns whether it has another name.
///
/// # Errors
/// `uniqueness` if the email is another member's.
pub async fn follow(
    connection: &mut Connection,
    actor: &Actor,
    id: UserId,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    // Whoever makes a member of whom has the email waits, or is seen here.
    let followed: Option<String> = users::table
        .find(id)
        .filter(users::provisioned_by.eq(actor.organization().uuid()))
        .select(users::email)
        .for_update()
        .get_result(connection)
        .await
        .optional()?;
    let Some(old) = followed else {
        return Ok(false);
    };
    if let Some(email) = &wanted.email
        && email.as_str() != old
        && !is_meant_elsewhere(connection, actor, id).await?
        && is_to_be_had(connection, actor, email).await?
    {
        diesel::update(users::table.find(id))
            .set(users::email.eq(email.as_str()))
            .execute(connection)
            .await
            .map_err(|error| match error {
                error if violates(&error, "users_email_key") => email_taken(),
                error => error.into(),
            })?;
        // Whoever was invited by either did not know whose it is now.
        for email in [&old, email.as_str()] {
            end_links(connection, actor, (Some(id), email), now).await?;
        }
    }
    let name = wanted.name.as_str();
    let renamed = diesel::update(users::table.find(id))
        .filter(users::name.ne(name))
        .set(users::name.eq(name))
        .execute(connection)
        .await?;
    Ok(renamed > 0)
}

async fn is_meant_elsewhere(
    connection: &mut Connection,
    actor: &Actor,
    id: UserId,
) -> QueryResult<bool> {
    let elsewhere = memberships::table
        .filter(memberships::user_id.eq(id))
        .filter(memberships::organization_id.ne(actor.organization()));
    diesel::select(exists(elsewhere))
        .get_result(connection)
        .await
}

/// Whether nobody has the email, or nobody any more. Another organisation's member keeps it, of which
/// nothing is told.
async fn is_to_be_had(
    connection: &mut Connection,
    actor: &Actor,
    email: &Email,
) -> Result<bool, Error> {
    let holder: Option<UserId> = users::table
        .filter(users::email.eq(email.as_str()))
        .select(users::id)
        .for_update()
        .get_result(connection)
        .await
        .optional()?;
    let Some(holder) = holder else {
        return Ok(true);
    };
    let here = memberships::table.find((actor.organization(), holder));
    if diesel::select(exists(here)).get_result(connection).await? {
        return Err(email_taken());
    }
    let has_tokens = tokens::owner_id
        .eq(users::id.nullable())
        .or(tokens::responsible_id.eq(users::id.nullable()));
    let forgotten = diesel::delete(users::table.find(holder))
        .filter(users::password_hash.is_null())
        .filter(not(exists(
            memberships::table.filter(memberships::user_id.eq(users::id)),
        )))
        .filter(not(exists(tokens::table.filter(has_tokens))))
        .execute(connection)
        .await?;
    Ok(forgotten == 1)
}

fn email_taken() -> Error {
    problem::taken("Another user has this email address.")
}
