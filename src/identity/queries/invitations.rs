//! Invitations.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel::sql_types::Bool;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::links::{InvitationId, end_links};
use super::members::{
    NewUser, change_groups_of, insert_membership, insert_user, set_password, user_with,
};
use crate::access::{Actor, Operator, OrganizationId, Role, UserId, hold, session};
use crate::db::schema::{invitations, memberships, organizations, users};
use crate::db::{Connection, violates};
use crate::journal::{self, Action, Change};
use crate::secret::Digest;

const INVITATION_LIFE: TimeDelta = TimeDelta::days(7);

/// An invitation that can still be accepted.
#[derive(Clone, Debug)]
pub struct Invitation {
    pub id: InvitationId,
    /// Of the code in its link.
    pub digest: Digest,
    pub organization: OrganizationId,
    pub organization_name: String,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub created_at: DateTime<Utc>,
    /// Whether it is an operator's link, for a member who has no password, or lost it.
    pub renews_password: bool,
    pub account: Account,
}

/// The account that an invitation's email has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Account {
    Missing,
    /// Provisioning made it, and nobody has signed in with it: it has no password, its owner has
    /// joined no other organisation and been in that of the invitation since before, and it had the
    /// email then. Whoever has the link gives it a password. Or it is a member's, and an operator's
    /// link leads to it.
    Unclaimed(UserId),
    /// It is somebody's, who keeps it.
    Owned,
}

/// Who is to get a link.
pub struct Invitee<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub role: Role,
}

/// Their earlier invitation, whose link may be lost, lets nobody in any more. To be called in a
/// transaction that has the organisation by [`hold`].
pub async fn invite(
    connection: &mut Connection,
    actor: &Actor,
    invitee: &Invitee<'_>,
    code: &Digest,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let account = user_with(connection, invitee.email).await?;
    end_links(connection, actor, (account, invitee.email), now).await?;
    write(connection, actor, (invitee, account), code, false, now).await
}

/// A link with which a member sets a password, their first or another. It opens an account that is
/// in use, perhaps in other organisations too: so it is made only by whoever runs commands on the
/// machine.
pub async fn link(
    connection: &mut Connection,
    operator: Operator,
    member: &Invitee<'_>,
    code: &Digest,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            let account = user_with(connection, member.email).await?;
            let actor = operator.actor();
            write(connection, &actor, (member, account), code, true, now).await
        })
        .await
}

async fn write(
    connection: &mut Connection,
    actor: &Actor,
    (invitee, account): (&Invitee<'_>, Option<UserId>),
    code: &Digest,
    renews_password: bool,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let id = InvitationId::new(now);
    diesel::insert_into(invitations::table)
        .values((
            invitations::id.eq(id),
            invitations::digest.eq(&code.as_bytes()[..]),
            invitations::organization_id.eq(actor.organization()),
            invitations::email.eq(invitee.email),
            invitations::name.eq(invitee.name),
            invitations::role.eq(invitee.role),
            invitations::created_at.eq(now),
            invitations::expires_at.eq(now + INVITATION_LIFE),
            invitations::user_id.eq(account),
            invitations::renews_password.eq(renews_password),
        ))
        .execute(connection)
        .await?;
    let entry = journal::Draft {
        action: if renews_password {
            Action::PasswordLinkMade
        } else {
            Action::MemberInvited
        },
        subject: (id.uuid(), invitee.email),
        changes: vec![Change::set("role", invitee.role.as_str())],
    };
    journal::record(connection, actor, entry, now).await
}

type Row = (
    InvitationId,
    OrganizationId,
    String,
    String,
    String,
    Role,
    DateTime<Utc>,
    bool,
    Option<UserId>,
    bool,
);

/// The invitation with this code, if it can still be accepted.
pub async fn invitation(
    connection: &mut Connection,
    code: &Digest,
    now: DateTime<Utc>,
) -> QueryResult<Invitation> {
    let is_in = exists(
        memberships::table
            .filter(memberships::user_id.nullable().eq(users::id.nullable()))
            .filter(
                memberships::organization_id
                    .ne(organizations::id)
                    .and(memberships::has_joined)
                    .or(memberships::organization_id
                        .eq(organizations::id)
                        .and(memberships::created_at.ge(invitations::created_at))),
            ),
    );
    let is_active_member = exists(
        memberships::table
            .filter(memberships::user_id.nullable().eq(users::id.nullable()))
            .filter(memberships::user_id.nullable().eq(invitations::user_id))
            .filter(memberships::organization_id.eq(organizations::id))
            .filter(memberships::deactivated_at.is_null()),
    );
    // Of whom there was an account; where none was, whoever is provisioned since is meant.
    let is_another = invitations::user_id
        .is_not_null()
        .and(invitations::user_id.is_distinct_from(users::id.nullable()));
    let is_owned = users::password_hash
        .nullable()
        .is_not_null()
        .or(is_in)
        .or(is_another);
    let row: Row = invitations::table
        .inner_join(organizations::table)
        .left_join(users::table.on(users::email.eq(invitations::email)))
        .filter(invitations::digest.eq(&code.as_bytes()[..]))
        .filter(invitations::accepted_at.is_null())
        .filter(invitations::expires_at.gt(now))
        .filter(not(invitations::renews_password).or(is_active_member))
        .select((
            invitations::id,
            organizations::id,
            organizations::name,
            invitations::email,
            invitations::name,
            invitations::role,
            invitations::created_at,
            invitations::renews_password,
            users::id.nullable(),
            is_owned,
        ))
        .get_result(connection)
        .await?;
    let (id, organization, organization_name, email, name, role, created_at, renews, user, owned) =
        row;
    Ok(Invitation {
        id,
        digest: *code,
        organization,
        organization_name,
        email,
        name,
        role,
        created_at,
        renews_password: renews,
        account: match user {
            None => Account::Missing,
            Some(user) if renews || !owned => Account::Unclaimed(user),
            Some(_) => Account::Owned,
        },
    })
}

/// Makes the invited person a user and member; `None`, and nothing done, if the invitation was
/// used meanwhile or the email has an account, which an invitation never takes over.
pub async fn accept(
    connection: &mut Connection,
    invitation: &Invitation,
    person: NewUser<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Option<UserId>> {
    let accepted = connection
        .transaction(async |connection| {
            hold(connection, invitation.organization).await?;
            use_up(connection, invitation, now).await?;
            let user = insert_user(connection, &person, now)
                .await?
                .ok_or(QueryError::RollbackTransaction)?;
            let actor = Actor::member(invitation.organization, user, person.name.as_str());
            let email = person.email.as_str();
            let role = invitation.role;
            insert_membership(connection, &actor, (user, email), role, true, now).await?;
            end_links(connection, &actor, (Some(user), email), now).await?;
            Ok(user)
        })
        .await;
    match accepted {
        Err(QueryError::RollbackTransaction) => Ok(None),
        accepted => accepted.map(Some),
    }
}

/// Makes the owner of the account that the email has a member, or lets the one join that they are;
/// `false`, and nothing done, if the invitation was used meanwhile, or they have joined already.
pub async fn join(
    connection: &mut Connection,
    invitation: &Invitation,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let joined = connection
        .transaction(async |connection| {
            hold(connection, invitation.organization).await?;
            use_up(connection, invitation, now).await?;
            let (name, email): (String, String) = users::table
                .find(user)
                .select((users::name, users::email))
                .get_result(connection)
                .await?;
            let actor = Actor::member(invitation.organization, user, &name);
            let has_come_in = enter(connection, &actor, invitation, (user, &email), now).await?;
            if !has_come_in {
                return Err(QueryError::RollbackTransaction);
            }
            end_links(connection, &actor, (Some(user), &email), now).await
        })
        .await;
    match joined {
        Err(QueryError::RollbackTransaction) => Ok(false),
        Err(error) if violates(&error, "memberships_pkey") => Ok(false),
        joined => joined.map(|()| true),
    }
}

/// Gives the account its first password, and makes it a member if it is none; or, by an operator's
/// link, a member's account another one, and ends all sessions with the old one. `false`, and
/// nothing done, if the invitation was used meanwhile, or the account is somebody's or deactivated
/// by now.
pub async fn claim(
    connection: &mut Connection,
    invitation: &Invitation,
    user: UserId,
    password_hash: String,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let claimed = connection
        .transaction(async |connection| {
            hold(connection, invitation.organization).await?;
            // Who else gives it a password has done so, or waits.
            let (name, email): (String, String) = users::table
                .find(user)
                .select((users::name, users::email))
                .for_no_key_update()
                .get_result(connection)
                .await?;
            let found = self::invitation(connection, &invitation.digest, now).await;
            if found.optional()?.map(|it| it.account) != Some(Account::Unclaimed(user)) {
                return Err(QueryError::RollbackTransaction);
            }
            use_up(connection, invitation, now).await?;
            let name = claimed_as(connection, invitation, user, name).await?;
            let actor = Actor::member(invitation.organization, user, &name);
            session::end_all(connection, user).await?;
            enter(connection, &actor, invitation, (user, &email), now).await?;
            end_links(connection, &actor, (Some(user), &email), now).await?;
            set_password(connection, &actor, user, password_hash, now).await
        })
        .await;
    match claimed {
        Err(QueryError::RollbackTransaction) => Ok(false),
        Err(error) if violates(&error, "memberships_pkey") => Ok(false),
        claimed => claimed.map(|()| true),
    }
}

/// What an account is called that gets its owner: what the organisation calls them whose link they open,
/// and not what others do.
async fn claimed_as(
    connection: &mut Connection,
    invitation: &Invitation,
    user: UserId,
    name: String,
) -> QueryResult<String> {
    let known: Option<Option<String>> = memberships::table
        .find((invitation.organization, user))
        .select(memberships::known_as)
        .get_result(connection)
        .await
        .optional()?;
    let here = match known {
        None => Some(invitation.name.clone()),
        Some(known_as) => known_as,
    };
    let Some(here) = here else {
        return Ok(name);
    };
    diesel::update(users::table.find(user))
        .set(users::name.eq(&here))
        .execute(connection)
        .await?;
    Ok(here)
}

/// Has the person join, who may be a member already: then the role that they have counts. A
/// deactivated one stays outside, as does whom a provider made a member after the invitation was
/// made, by somebody who did not know; and by an operator's link nobody becomes a member. Returns
/// whether they had not joined before.
async fn enter(
    connection: &mut Connection,
    actor: &Actor,
    invitation: &Invitation,
    (user, email): (UserId, &str),
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let membership = memberships::table.find((invitation.organization, user));
    let is_older = memberships::created_at.lt(invitation.created_at);
    let may_join = is_older.or(invitation.renews_password.into_sql::<Bool>());
    let known: Option<(bool, bool)> = membership
        .select((
            memberships::has_joined,
            memberships::deactivated_at.is_null().and(may_join),
        ))
        .for_no_key_update()
        .get_result(connection)
        .await
        .optional()?;
    match known {
        None if !invitation.renews_password => {
            insert_membership(connection, actor, (user, email), invitation.role, true, now).await?;
            Ok(true)
        }
        Some((true, true)) => Ok(false),
        Some((false, true)) => {
            diesel::update(membership)
                .set((
                    memberships::has_joined.eq(true),
                    memberships::version.eq(memberships::version + 1),
                ))
                .execute(connection)
                .await?;
            // From now on they have the name that they gave themselves.
            change_groups_of(connection, invitation.organization, user).await?;
            let entry = journal::Draft {
                action: Action::MemberJoined,
                subject: (user.uuid(), email),
                changes: Vec::new(),
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(true)
        }
        None | Some((_, false)) => Err(QueryError::RollbackTransaction),
    }
}

/// Of many that try, one succeeds; the others' transactions are to be rolled back.
async fn use_up(
    connection: &mut Connection,
    invitation: &Invitation,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let used = diesel::update(invitations::table.find(invitation.id))
        .filter(invitations::accepted_at.is_null())
        .set(invitations::accepted_at.eq(now))
        .execute(connection)
        .await?;
    if used == 0 {
        return Err(QueryError::RollbackTransaction);
    }
    Ok(())
}
