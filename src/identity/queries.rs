//! Organisations, people, invitations and attempts to sign in, in the database.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use super::drafts::{Email, PersonName};
use crate::access::{Actor, Organization, OrganizationId, Role, UserId, Viewer};
use crate::db::schema::{
    invitations, known_browsers, memberships, organizations, sign_in_throttle, site, users,
};
use crate::db::types::id;
use crate::db::{Connection, violates};
use crate::journal::{self, Action, Change};
use crate::secret::Digest;

id!(InvitationId);

const INVITATION_LIFE: TimeDelta = TimeDelta::days(7);

/// The installation's 64 random bytes.
pub async fn site_key(connection: &mut Connection) -> QueryResult<Vec<u8>> {
    site::table.select(site::key).get_result(connection).await
}

pub async fn is_set_up(connection: &mut Connection) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(organizations::table.select(organizations::id)))
        .get_result(connection)
        .await
}

/// A person and the hash of their password.
pub struct NewUser<'a> {
    pub email: &'a Email,
    pub name: &'a PersonName,
    /// `None`: they have to be invited to set one.
    pub password_hash: Option<String>,
}

/// The first organisation with its administrator; `None` if there is one already. Of two that
/// try at once, the second waits for the first.
pub async fn found(
    connection: &mut Connection,
    organization: &PersonName,
    administrator: NewUser<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Option<(OrganizationId, UserId)>> {
    connection
        .transaction(async |connection| {
            site::table
                .select(site::single)
                .for_update()
                .get_result::<bool>(connection)
                .await?;
            if is_set_up(connection).await? {
                return Ok(None);
            }
            let user = insert_user(connection, administrator.email, administrator.name, administrator.password_hash, now).await?;
            let id = OrganizationId::new(now);
            let actor = Actor::joining(id, user, administrator.name.as_str());
            insert_organization(connection, &actor, organization, now).await?;
            insert_membership(connection, &actor, user, administrator.email, Role::Admin, now).await?;
            Ok(Some((id, user)))
        })
        .await
}

/// An organisation without members yet; returns its slug.
pub async fn create_organization(
    connection: &mut Connection,
    name: &PersonName,
    now: DateTime<Utc>,
) -> QueryResult<String> {
    let actor = Actor::command_line(OrganizationId::new(now));
    connection
        .transaction(async |connection| insert_organization(connection, &actor, name, now).await)
        .await
}

/// A slug that is taken gets a number behind it.
async fn insert_organization(
    connection: &mut Connection,
    actor: &Actor,
    name: &PersonName,
    now: DateTime<Utc>,
) -> QueryResult<String> {
    let base = slug(name.as_str());
    let taken = slugs(connection).await?;
    let numbered = (2..=taken.len() + 1).map(|n| format!("{base}-{n}"));
    let free = std::iter::once(base.clone())
        .chain(numbered)
        .find(|slug| !taken.contains(slug));
    let slug = free.unwrap_or(base);
    diesel::insert_into(organizations::table)
        .values((
            organizations::id.eq(actor.organization()),
            organizations::name.eq(name.as_str()),
            organizations::slug.eq(&slug),
            organizations::created_at.eq(now),
        ))
        .execute(connection)
        .await?;
    let entry = journal::Draft {
        action: Action::OrganizationCreated,
        subject: (actor.organization().uuid(), name.as_str()),
        changes: Vec::new(),
    };
    journal::record(connection, actor, entry, now).await?;
    Ok(slug)
}

/// Lower case letters and digits of ASCII, with hyphens between.
fn slug(name: &str) -> String {
    let words: Vec<String> = name
        .to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    if words.is_empty() {
        "organization".to_owned()
    } else {
        words.join("-")
    }
}

async fn insert_user(
    connection: &mut Connection,
    email: &Email,
    name: &PersonName,
    password_hash: Option<String>,
    now: DateTime<Utc>,
) -> QueryResult<UserId> {
    let id = UserId::new(now);
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id),
            users::email.eq(email.as_str()),
            users::name.eq(name.as_str()),
            users::password_hash.eq(password_hash),
            users::created_at.eq(now),
        ))
        .execute(connection)
        .await?;
    Ok(id)
}

async fn insert_membership(
    connection: &mut Connection,
    actor: &Actor,
    user: UserId,
    email: &Email,
    role: Role,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(memberships::table)
        .values((
            memberships::organization_id.eq(actor.organization()),
            memberships::user_id.eq(user),
            memberships::role.eq(role),
            memberships::created_at.eq(now),
        ))
        .execute(connection)
        .await?;
    let entry = journal::Draft {
        action: Action::MemberAdded,
        subject: (user.uuid(), email.as_str()),
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
/// password. Returns whether the user is new.
pub async fn add_member(
    connection: &mut Connection,
    actor: &Actor,
    person: NewUser<'_>,
    role: Role,
    now: DateTime<Utc>,
) -> Result<bool, MemberError> {
    connection
        .transaction(async |connection| {
            let known = users::table
                .filter(users::email.eq(person.email.as_str()))
                .select(users::id)
                .get_result(connection)
                .await
                .optional()?;
            let user = match known {
                Some(user) => user,
                None => {
                    insert_user(connection, person.email, person.name, person.password_hash, now)
                        .await?
                }
            };
            insert_membership(connection, actor, user, person.email, role, now).await?;
            Ok(known.is_none())
        })
        .await
}

/// Whether anybody has an account with this email.
pub async fn user_exists(connection: &mut Connection, email: &Email) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        users::table.filter(users::email.eq(email.as_str())),
    ))
    .get_result(connection)
    .await
}

/// The organisation with this slug.
pub async fn organization(
    connection: &mut Connection,
    slug: &str,
) -> QueryResult<Option<Organization>> {
    let found: Option<(OrganizationId, String)> = organizations::table
        .filter(organizations::slug.eq(slug))
        .select((organizations::id, organizations::name))
        .get_result(connection)
        .await
        .optional()?;
    Ok(found.map(|(id, name)| Organization { id, name }))
}

/// All organisations' slugs.
pub async fn slugs(connection: &mut Connection) -> QueryResult<Vec<String>> {
    organizations::table
        .order(organizations::slug)
        .select(organizations::slug)
        .load(connection)
        .await
}

/// Whether the viewer is a member there.
#[must_use]
pub fn is_member(viewer: &Viewer, organization: Uuid) -> bool {
    viewer
        .organizations()
        .iter()
        .any(|known| known.id.uuid() == organization)
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

/// An invitation that can still be accepted.
#[derive(Clone, Debug)]
pub struct Invitation {
    pub id: InvitationId,
    pub organization: OrganizationId,
    pub organization_name: String,
    pub email: String,
    pub name: String,
    pub role: Role,
}

/// Returns when it expires.
pub async fn invite(
    connection: &mut Connection,
    actor: &Actor,
    person: &NewUser<'_>,
    role: Role,
    code: &Digest,
    now: DateTime<Utc>,
) -> QueryResult<DateTime<Utc>> {
    let (id, expires_at) = (InvitationId::new(now), now + INVITATION_LIFE);
    connection
        .transaction(async |connection| {
            diesel::insert_into(invitations::table)
                .values((
                    invitations::id.eq(id),
                    invitations::digest.eq(&code.as_bytes()[..]),
                    invitations::organization_id.eq(actor.organization()),
                    invitations::email.eq(person.email.as_str()),
                    invitations::name.eq(person.name.as_str()),
                    invitations::role.eq(role),
                    invitations::created_at.eq(now),
                    invitations::expires_at.eq(expires_at),
                ))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::MemberInvited,
                subject: (id.uuid(), person.email.as_str()),
                changes: vec![Change::set("role", role.as_str())],
            };
            journal::record(connection, actor, entry, now).await
        })
        .await?;
    Ok(expires_at)
}

pub async fn invitation(
    connection: &mut Connection,
    code: &Digest,
    now: DateTime<Utc>,
) -> QueryResult<Invitation> {
    let (id, organization, organization_name, email, name, role) = invitations::table
        .inner_join(organizations::table)
        .filter(invitations::digest.eq(&code.as_bytes()[..]))
        .filter(invitations::accepted_at.is_null())
        .filter(invitations::expires_at.gt(now))
        .select((
            invitations::id,
            organizations::id,
            organizations::name,
            invitations::email,
            invitations::name,
            invitations::role,
        ))
        .get_result(connection)
        .await?;
    Ok(Invitation {
        id,
        organization,
        organization_name,
        email,
        name,
        role,
    })
}

/// Makes the invited person a user and member; `None` if the invitation was used meanwhile or
/// the email has an account, which an invitation never takes over.
pub async fn accept(
    connection: &mut Connection,
    invitation: &Invitation,
    person: NewUser<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Option<UserId>> {
    connection
        .transaction(async |connection| {
            let accepted = diesel::update(invitations::table.find(invitation.id))
                .filter(invitations::accepted_at.is_null())
                .set(invitations::accepted_at.eq(now))
                .execute(connection)
                .await?;
            if accepted == 0 || user_exists(connection, person.email).await? {
                return Ok(None);
            }
            let user =
                insert_user(connection, person.email, person.name, person.password_hash, now).await?;
            let actor = Actor::joining(invitation.organization, user, person.name.as_str());
            insert_membership(connection, &actor, user, person.email, invitation.role, now).await?;
            Ok(Some(user))
        })
        .await
}

/// Whether the owner of the email has signed in with this browser before.
pub async fn is_known_browser(
    connection: &mut Connection,
    email: &Email,
    browser: &Digest,
) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        known_browsers::table
            .inner_join(users::table)
            .filter(users::email.eq(email.as_str()))
            .filter(known_browsers::digest.eq(&browser.as_bytes()[..])),
    ))
    .get_result(connection)
    .await
}

pub async fn remember_browser(
    connection: &mut Connection,
    user: UserId,
    browser: &Digest,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(known_browsers::table)
        .values((
            known_browsers::digest.eq(&browser.as_bytes()[..]),
            known_browsers::user_id.eq(user),
            known_browsers::created_at.eq(now),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// The attempts that count against someone.
#[derive(Clone, Debug, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = sign_in_throttle)]
pub struct Attempts {
    pub failures: i32,
    pub last_attempt_at: DateTime<Utc>,
    pub blocked_until: DateTime<Utc>,
}

/// Those so far; nobody else can count until the transaction ends. The update that changes
/// nothing takes the lock even where the row is made or deleted at this moment.
pub async fn lock_attempts(
    connection: &mut Connection,
    subject: &Digest,
    now: DateTime<Utc>,
) -> QueryResult<Attempts> {
    diesel::insert_into(sign_in_throttle::table)
        .values((
            sign_in_throttle::digest.eq(&subject.as_bytes()[..]),
            sign_in_throttle::failures.eq(0),
            sign_in_throttle::last_attempt_at.eq(now),
            sign_in_throttle::blocked_until.eq(now),
        ))
        .on_conflict(sign_in_throttle::digest)
        .do_update()
        .set(sign_in_throttle::failures.eq(sign_in_throttle::failures))
        .returning(Attempts::as_returning())
        .get_result(connection)
        .await
}

pub async fn save_attempts(
    connection: &mut Connection,
    subject: &Digest,
    attempts: &Attempts,
) -> QueryResult<()> {
    diesel::update(sign_in_throttle::table.find(&subject.as_bytes()[..]))
        .set(attempts)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn clear_attempts(connection: &mut Connection, subject: &Digest) -> QueryResult<()> {
    diesel::delete(sign_in_throttle::table.find(&subject.as_bytes()[..]))
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn forgive_attempt(connection: &mut Connection, subject: &Digest) -> QueryResult<()> {
    diesel::update(sign_in_throttle::table.find(&subject.as_bytes()[..]))
        .filter(sign_in_throttle::failures.gt(0))
        .set(sign_in_throttle::failures.eq(sign_in_throttle::failures - 1))
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn delete_attempts_before(
    connection: &mut Connection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(sign_in_throttle::table)
        .filter(sign_in_throttle::last_attempt_at.lt(before))
        .execute(connection)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_made_of_ascii() {
        assert_eq!(slug("Northwind Traders, Inc."), "northwind-traders-inc");
        assert_eq!(slug("東京"), "organization");
    }
}
