//! Pending invitations in the database.

use chrono::{DateTime, Utc};
use diesel::dsl::not;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::Invited;
use crate::access::{Actor, Operator, OrganizationId, Role, UserId, authorize};
use crate::db::Connection;
use crate::db::schema::{invitations, memberships, users};
use crate::identity::Email;
use crate::identity::queries::{self as identity, InvitationId, Invitee};
use crate::journal::{self, Action};
use crate::members::Member;
use crate::members::draft::Guest;
use crate::members::queries::{Beyond, ChangeError, Charge, change_role, may_appoint};
use crate::secret::{Digest, Plaintext};
use crate::web::Error;
use crate::web::paging::{Cursor, Direction, Slice, one_more};

/// An invitation that can still be accepted. Its link is known to whoever made it alone.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = invitations)]
pub struct Pending {
    pub id: InvitationId,
    pub email: String,
    pub name: String,
    pub role: Role,
    /// Whether it is an operator's link, with which a member sets a password.
    pub renews_password: bool,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// One of the organisation's invitations that can still be accepted.
pub async fn pending(
    connection: &mut Connection,
    organization: OrganizationId,
    id: InvitationId,
    now: DateTime<Utc>,
) -> QueryResult<Pending> {
    invitations::table
        .filter(invitations::organization_id.eq(organization))
        .filter(invitations::id.eq(id))
        .filter(invitations::accepted_at.is_null())
        .filter(invitations::expires_at.gt(now))
        .select(Pending::as_select())
        .get_result(connection)
        .await
}

/// The newest of them for this email.
async fn newest(
    connection: &mut Connection,
    organization: OrganizationId,
    email: &Email,
    now: DateTime<Utc>,
) -> QueryResult<Option<InvitationId>> {
    invitations::table
        .filter(invitations::organization_id.eq(organization))
        .filter(invitations::email.eq(email.as_str()))
        .filter(invitations::accepted_at.is_null())
        .filter(invitations::expires_at.gt(now))
        .order(invitations::id.desc())
        .select(invitations::id)
        .first(connection)
        .await
        .optional()
}

/// A page of them, the newest first.
pub async fn page(
    connection: &mut Connection,
    organization: OrganizationId,
    cursor: Option<&Cursor>,
    size: usize,
    now: DateTime<Utc>,
) -> QueryResult<Slice<Pending>> {
    let found = invitations::table
        .filter(invitations::organization_id.eq(organization))
        .filter(invitations::accepted_at.is_null())
        .filter(invitations::expires_at.gt(now))
        .select(Pending::as_select())
        .limit(one_more(size))
        .into_boxed();
    let found = match cursor {
        Some(cursor) if cursor.direction == Direction::Before => found
            .filter(invitations::id.gt(cursor.id))
            .order(invitations::id.asc()),
        Some(cursor) => found
            .filter(invitations::id.lt(cursor.id))
            .order(invitations::id.desc()),
        None => found.order(invitations::id.desc()),
    };
    let rows: Vec<Pending> = found.load(connection).await?;
    let place = |row: &Pending| (String::new(), row.id.uuid());
    Ok(Slice::new(rows, size, cursor, place))
}

/// Why nobody was invited.
#[derive(Debug)]
pub enum InviteError {
    AlreadyMember,
    /// They have a link that still works, which was not to be renewed.
    Pending(InvitationId),
    /// The token with which it is done may make nobody an administrator.
    Beyond(Beyond),
    /// The member whom it is for cannot have the role.
    Role(ChangeError),
    Query(QueryError),
}

impl From<QueryError> for InviteError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<Beyond> for InviteError {
    fn from(beyond: Beyond) -> Self {
        Self::Beyond(beyond)
    }
}

impl From<InviteError> for Error {
    fn from(error: InviteError) -> Self {
        match error {
            InviteError::AlreadyMember => {
                Self::Conflict("Somebody with this email is a member already.")
            }
            InviteError::Pending(_) => {
                Self::Conflict("Somebody with this email has a pending invitation already.")
            }
            InviteError::Beyond(beyond) => beyond.into(),
            InviteError::Role(error) => error.into(),
            InviteError::Query(error) => error.into(),
        }
    }
}

/// Of which pending invitation the link may stop working for the new one.
#[derive(Clone, Copy)]
pub enum Renewal {
    Any,
    /// A form that is sent twice by mistake ends none.
    Only(Option<InvitationId>),
}

/// Invites somebody who is no member yet, or one who has not joined.
pub async fn invite(
    connection: &mut Connection,
    actor: &Actor,
    guest: &Guest,
    renewal: Renewal,
    now: DateTime<Utc>,
) -> Result<Invited, InviteError> {
    connection
        .transaction(async |connection| {
            // Of several that invite somebody at once, the last one's link is the only one.
            Charge::take(connection, actor).await?;
            let member = member(connection, actor.organization(), &guest.email).await?;
            if member.is_some_and(|(_, waits)| !waits) {
                return Err(InviteError::AlreadyMember);
            }
            if let Renewal::Only(renews) = renewal {
                let pending = newest(connection, actor.organization(), &guest.email, now).await?;
                if let Some(pending) = pending.filter(|pending| Some(*pending) != renews) {
                    return Err(InviteError::Pending(pending));
                }
            }
            // A member may be made an administrator before the link is opened.
            if member.is_some() || guest.role == Role::Admin {
                may_appoint::<InviteError>(connection, actor).await?;
            }
            if let Some((user, _)) = member {
                appoint(connection, actor, user, guest.role, now).await?;
            }
            let code = Plaintext::random(32);
            let digest = code.digest();
            let invitee = Invitee {
                email: guest.email.as_str(),
                name: guest.name.as_str(),
                role: guest.role,
            };
            identity::invite(connection, actor, &invitee, &digest, now).await?;
            let invitation = with_code(connection, &digest).await?;
            Ok(Invited { invitation, code })
        })
        .await
}

/// Makes of a member what they are invited as.
async fn appoint(
    connection: &mut Connection,
    actor: &Actor,
    user: UserId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<(), InviteError> {
    match change_role(connection, actor, user, role, now).await {
        // They have the role.
        Ok(_) | Err(ChangeError::Outdated(_)) => Ok(()),
        Err(error) => Err(InviteError::Role(error)),
    }
}

/// A link with which an active member sets a password, their first or another.
pub async fn link(
    connection: &mut Connection,
    operator: Operator,
    member: &Member,
    now: DateTime<Utc>,
) -> QueryResult<Invited> {
    let code = Plaintext::random(32);
    let digest = code.digest();
    let invitee = Invitee {
        email: &member.email,
        name: &member.name,
        role: member.own_role,
    };
    identity::link(connection, operator, &invitee, &digest, now).await?;
    let invitation = with_code(connection, &digest).await?;
    Ok(Invited { invitation, code })
}

async fn with_code(connection: &mut Connection, code: &Digest) -> QueryResult<Pending> {
    invitations::table
        .filter(invitations::digest.eq(&code.as_bytes()[..]))
        .select(Pending::as_select())
        .get_result(connection)
        .await
}

/// Makes the link one that leads nowhere. Returns the invitation as it was; one that was
/// accepted, revoked or has expired meanwhile is not found.
pub async fn revoke(
    connection: &mut Connection,
    actor: &Actor,
    id: InvitationId,
    now: DateTime<Utc>,
) -> QueryResult<Pending> {
    connection
        .transaction(async |connection| {
            authorize(connection, actor, None).await?;
            let revoked = pending(connection, actor.organization(), id, now).await?;
            let deleted = diesel::delete(invitations::table.find(id))
                .filter(invitations::accepted_at.is_null())
                .execute(connection)
                .await?;
            if deleted == 0 {
                return Err(diesel::NotFound);
            }
            let entry = journal::Draft {
                action: Action::InvitationRevoked,
                subject: (id.uuid(), &revoked.email),
                changes: Vec::new(),
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(revoked)
        })
        .await
}

/// The member with this email, and whether they wait for a link.
async fn member(
    connection: &mut Connection,
    organization: OrganizationId,
    email: &Email,
) -> QueryResult<Option<(UserId, bool)>> {
    let waits = users::password_hash
        .is_null()
        .or(not(memberships::has_joined));
    memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization))
        .filter(users::email.eq(email.as_str()))
        .select((
            memberships::user_id,
            waits.and(memberships::deactivated_at.is_null()),
        ))
        .get_result(connection)
        .await
        .optional()
}
