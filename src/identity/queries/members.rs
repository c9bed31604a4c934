//! People and their memberships.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::attempts::forget_browsers;
use super::links::{end_links, end_password_links};
use crate::access::{Actor, OrganizationId, Role, UserId, hold};
use crate::db::schema::{group_members, groups, memberships, users};
use crate::db::{Connection, violates};
use crate::identity::drafts::{Email, PersonName};
use crate::journal::{self, Action, Change};

/// A person and the hash of their password.
pub struct NewUser<'a> {
    pub email: &'a Email,
    pub name: &'a PersonName,
    /// `None`: they have to be invited to set one.
    pub password_hash: Option<String>,
}

/// Groups are answered with the names of their members, and so are others where one has another name.
pub async fn change_groups_of(
    connection: &mut Connection,
    organization: OrganizationId,
    user: UserId,
) -> QueryResult<usize> {
    let theirs = group_members::table
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::user_id.eq(user))
        .select(group_members::group_id);
    diesel::update(groups::table)
        .filter(groups::organization_id.eq(organization))
        .filter(groups::id.eq_any(theirs))
        .set(groups::version.eq(groups::version + 1))
        .execute(connection)
        .await
}

/// `None` if the email has an account, be it made by another at the same time.
pub(super) async fn insert_user(
    connection: &mut Connection,
    person: &NewUser<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Option<UserId>> {
    diesel::insert_into(users::table)
        .values((
            users::id.eq(UserId::new(now)),
            users::email.eq(person.email.as_str()),
            users::name.eq(person.name.as_str()),
            users::password_hash.eq(person.password_hash.as_deref()),
            users::created_at.eq(now),
        ))
        .on_conflict(users::email)
        .do_nothing()
        .returning(users::id)
        .get_result(connection)
        .await
        .optional()
}

/// One who has joined sees the organisation; anybody else has to open a link of its own first.
pub(super) async fn insert_membership(
    connection: &mut Connection,
    actor: &Actor,
    (user, email): (UserId, &str),
    role: Role,
    has_joined: bool,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(memberships::table)
        .values((
            memberships::organization_id.eq(actor.organization()),
            memberships::user_id.eq(user),
            memberships::role.eq(role),
            memberships::created_at.eq(now),
            memberships::has_joined.eq(has_joined),
        ))
        .execute(connection)
        .await?;
    let entry = journal::Draft {
        action: Action::MemberAdded,
        subject: (user.uuid(), email),
        changes: vec![Change::set("role", role.as_str())],
    };
    journal::record(connection, actor, entry, now).await
}

/// Why somebody could not be added.
#[derive(Debug)]
pub enum MemberError {
    AlreadyMember,
    Query(diesel::result::Error),
}

impl From<diesel::result::Error> for MemberError {
    fn from(error: diesel::result::Error) -> Self {
        if violates(&error, "memberships_pkey") {
            Self::AlreadyMember
        } else {
            Self::Query(error)
        }
    }
}

/// Adds a member: a new user, or one that other organisations know already, who keeps name and
/// password. Whoever does so vouches that the account is theirs. Returns the user.
pub async fn add_member(
    connection: &mut Connection,
    actor: &Actor,
    person: NewUser<'_>,
    role: Role,
    now: DateTime<Utc>,
) -> Result<UserId, MemberError> {
    add(connection, actor, person, (role, true), now).await
}

/// The same where nobody vouches for it: they see the organisation from when they have opened a
/// link of its own.
pub async fn provision_member(
    connection: &mut Connection,
    actor: &Actor,
    person: NewUser<'_>,
    now: DateTime<Utc>,
) -> Result<UserId, MemberError> {
    add(connection, actor, person, (Role::Member, false), now).await
}

async fn add(
    connection: &mut Connection,
    actor: &Actor,
    person: NewUser<'_>,
    (role, has_joined): (Role, bool),
    now: DateTime<Utc>,
) -> Result<UserId, MemberError> {
    connection
        .transaction(async |connection| {
            hold(connection, actor.organization()).await?;
            let user = owner(connection, &person, now).await?;
            let who = (user, person.email.as_str());
            insert_membership(connection, actor, who, role, has_joined, now).await?;
            // Whoever invited them before did not know what they are now.
            end_links(connection, actor, (Some(user), who.1), now).await?;
            Ok(user)
        })
        .await
}

/// Who has the email, which they keep until the transaction ends: perhaps somebody new.
async fn owner(
    connection: &mut Connection,
    person: &NewUser<'_>,
    now: DateTime<Utc>,
) -> QueryResult<UserId> {
    loop {
        if let Some(user) = insert_user(connection, person, now).await? {
            return Ok(user);
        }
        let known = users::table
            .filter(users::email.eq(person.email.as_str()))
            .select(users::id)
            .for_key_share()
            .get_result(connection)
            .await
            .optional()?;
        // `None`: the account has had another email since.
        if let Some(user) = known {
            return Ok(user);
        }
    }
}

/// Who has an account with this email, in lower case.
pub async fn user_with(connection: &mut Connection, email: &str) -> QueryResult<Option<UserId>> {
    users::table
        .filter(users::email.eq(email))
        .select(users::id)
        .get_result(connection)
        .await
        .optional()
}

/// Gives the user another password.
pub async fn set_password(
    connection: &mut Connection,
    actor: &Actor,
    user: UserId,
    hash: String,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let email: String = diesel::update(users::table.find(user))
        .set(users::password_hash.eq(hash))
        .returning(users::email)
        .get_result(connection)
        .await?;
    password_changed(connection, actor, (user, &email), now).await
}

/// Gives the user another password in the place of the one with the hash `present`. Returns whether they
/// still had that.
pub async fn change_password(
    connection: &mut Connection,
    actor: &Actor,
    user: UserId,
    (present, hash): (&str, &str),
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let changed: Option<String> = diesel::update(users::table.find(user))
        .filter(users::password_hash.eq(present))
        .set(users::password_hash.eq(hash))
        .returning(users::email)
        .get_result(connection)
        .await
        .optional()?;
    if let Some(email) = &changed {
        password_changed(connection, actor, (user, email), now).await?;
    }
    Ok(changed.is_some())
}

async fn password_changed(
    connection: &mut Connection,
    actor: &Actor,
    (user, email): (UserId, &str),
    now: DateTime<Utc>,
) -> QueryResult<()> {
    end_password_links(connection, user).await?;
    forget_browsers(connection, user).await?;
    let entry = journal::Draft {
        action: Action::PasswordChanged,
        subject: (user.uuid(), email),
        changes: Vec::new(),
    };
    journal::record(connection, actor, entry, now).await
}

/// Whom the email belongs to, and the hash of their password if they have one.
pub async fn credentials(
    connection: &mut Connection,
    email: &Email,
) -> QueryResult<Option<(UserId, Option<String>)>> {
    users::table
        .filter(users::email.eq(email.as_str()))
        .select((users::id, users::password_hash))
        .get_result(connection)
        .await
        .optional()
}
