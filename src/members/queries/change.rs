//! What becomes of members. Each change holds the [`Charge`] of the organisation and the
//! membership's row, looks whether it still makes sense, and writes what it does together with
//! its journal entries, in one transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::appointment::may_appoint;
use super::charge::Charge;
use super::find::member;
use super::handover::{ApiTokens, dispose};
use super::refusal::ChangeError;
use crate::access::{Actor, OrganizationId, Role, UserId, session};
use crate::db::schema::{group_members, groups, memberships};
use crate::db::{Connection, Pinned};
use crate::identity::queries::end_links;
use crate::journal::{self, Action, Change};
use crate::members::Member;
use crate::members::groups::GroupId;
use crate::tokens::queries::{Estate, active_of, revoke_estate};

/// What came of a deactivation or removal.
#[derive(Clone, Debug)]
pub struct Departure {
    /// As they were.
    pub member: Member,
    /// Sessions that were ended.
    pub sessions: usize,
    /// Their own MCP tokens that stopped, or are revoked.
    pub mcp_tokens: usize,
    /// What became of the API tokens that they answered for, and of how many.
    pub fate: Option<ApiTokens>,
    pub api_tokens: usize,
}

/// Makes an active member one who may do nothing here. Their sessions in the organisation end,
/// and their MCP tokens stop, until they are reactivated.
pub async fn deactivate(
    connection: &mut Connection,
    actor: &Actor,
    user: impl Into<Pinned<UserId>>,
    fate: Option<ApiTokens>,
    now: DateTime<Utc>,
) -> Result<Departure, ChangeError> {
    let pinned = user.into();
    let user = pinned.id;
    connection
        .transaction(async |connection| {
            let charge = Charge::take(connection, actor).await?;
            let member = lock(connection, actor, pinned).await?;
            if !member.is_active() {
                return Err(ChangeError::Outdated(Box::new(member)));
            }
            set_deactivated(connection, actor, user, Some(now)).await?;
            record(connection, actor, Action::MemberDeactivated, &member, now).await?;
            let stopped = active_of(connection, actor.organization(), &[user], now).await?;
            let stopped = stopped.get(&user).copied().unwrap_or_default();
            let mcp_tokens = usize::try_from(stopped).unwrap_or_default();
            depart(connection, actor, charge, member, mcp_tokens, fate, now).await
        })
        .await
}

/// Makes a deactivated member an active one, with the role and the groups they had: what somebody
/// had before is given to them by nobody, and so a token may do it whatever its scopes.
pub async fn reactivate(
    connection: &mut Connection,
    actor: &Actor,
    user: impl Into<Pinned<UserId>>,
    now: DateTime<Utc>,
) -> Result<Member, ChangeError> {
    let pinned = user.into();
    let user = pinned.id;
    connection
        .transaction(async |connection| {
            Charge::take(connection, actor).await?;
            let member = lock(connection, actor, pinned).await?;
            if member.is_active() {
                return Err(ChangeError::Outdated(Box::new(member)));
            }
            set_deactivated(connection, actor, user, None).await?;
            record(connection, actor, Action::MemberReactivated, &member, now).await?;
            Ok(member)
        })
        .await
}

/// Takes the member out of the organisation and its groups. Their sessions there end, and their
/// MCP tokens are revoked: they would come back if the person did. The account stays.
pub async fn remove(
    connection: &mut Connection,
    actor: &Actor,
    user: impl Into<Pinned<UserId>>,
    fate: Option<ApiTokens>,
    now: DateTime<Utc>,
) -> Result<Departure, ChangeError> {
    let pinned = user.into();
    let user = pinned.id;
    connection
        .transaction(async |connection| {
            let charge = Charge::take(connection, actor).await?;
            let member = lock(connection, actor, pinned).await?;
            let mcp_tokens = revoke_estate(connection, actor, Estate::OwnedBy(user), now).await?;
            leave_groups(connection, actor.organization(), user).await?;
            diesel::delete(memberships::table.find((actor.organization(), user)))
                .execute(connection)
                .await?;
            record(connection, actor, Action::MemberRemoved, &member, now).await?;
            depart(connection, actor, charge, member, mcp_tokens, fate, now).await
        })
        .await
}

/// Their groups are others without them.
async fn leave_groups(
    connection: &mut Connection,
    organization: OrganizationId,
    user: UserId,
) -> QueryResult<()> {
    let left = diesel::delete(group_members::table)
        .filter(group_members::organization_id.eq(organization))
        .filter(group_members::user_id.eq(user))
        .returning(group_members::group_id);
    let left: Vec<GroupId> = left.get_results(connection).await?;
    diesel::update(groups::table)
        .filter(groups::organization_id.eq(organization))
        .filter(groups::id.eq_any(left))
        .set(groups::version.eq(groups::version + 1))
        .execute(connection)
        .await?;
    Ok(())
}

/// Gives the member this role of their own. What groups make of them stays.
pub async fn change_role(
    connection: &mut Connection,
    actor: &Actor,
    user: impl Into<Pinned<UserId>>,
    role: Role,
    now: DateTime<Utc>,
) -> Result<Member, ChangeError> {
    let pinned = user.into();
    let user = pinned.id;
    connection
        .transaction(async |connection| {
            let charge = Charge::take(connection, actor).await?;
            let old = lock(connection, actor, pinned).await?;
            if old.own_role == role {
                return Err(ChangeError::Outdated(Box::new(old)));
            }
            if role == Role::Admin {
                may_appoint::<ChangeError>(connection, actor).await?;
            }
            diesel::update(memberships::table.find((actor.organization(), user)))
                .set((
                    memberships::role.eq(role),
                    memberships::version.eq(memberships::version + 1),
                ))
                .execute(connection)
                .await?;
            charge.keep::<ChangeError>(connection).await?;
            let (from, to) = (old.own_role.as_str(), role.as_str());
            let changes = Change::between("role", Some(from.into()), Some(to.into()));
            let entry = journal::Draft {
                action: Action::MemberRoleChanged,
                subject: (user.uuid(), &old.email),
                changes: changes.into_iter().collect(),
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(Member {
                own_role: role,
                ..old
            })
        })
        .await
}

/// The organisation's member, whom nobody else can change until the transaction ends.
async fn lock(
    connection: &mut Connection,
    actor: &Actor,
    pinned: Pinned<UserId>,
) -> Result<Member, ChangeError> {
    memberships::table
        .find((actor.organization(), pinned.id))
        .select(memberships::user_id)
        .for_update()
        .get_result::<UserId>(connection)
        .await?;
    let member = member(connection, actor.organization(), pinned.id).await?;
    if !pinned.admits(member.version) {
        return Err(ChangeError::Outdated(Box::new(member)));
    }
    Ok(member)
}

async fn set_deactivated(
    connection: &mut Connection,
    actor: &Actor,
    user: UserId,
    at: Option<DateTime<Utc>>,
) -> QueryResult<usize> {
    diesel::update(memberships::table.find((actor.organization(), user)))
        .set((
            memberships::deactivated_at.eq(at),
            memberships::version.eq(memberships::version + 1),
        ))
        .execute(connection)
        .await
}

async fn record(
    connection: &mut Connection,
    actor: &Actor,
    action: Action,
    member: &Member,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let entry = journal::Draft {
        action,
        subject: (member.id.uuid(), &member.email),
        changes: Vec::new(),
    };
    journal::record(connection, actor, entry, now).await
}

/// What a member leaves behind, once they have no place any more.
async fn depart(
    connection: &mut Connection,
    actor: &Actor,
    charge: Charge,
    member: Member,
    mcp_tokens: usize,
    fate: Option<ApiTokens>,
    now: DateTime<Utc>,
) -> Result<Departure, ChangeError> {
    charge.keep::<ChangeError>(connection).await?;
    let api_tokens = match fate {
        Some(fate) => dispose(connection, actor, (member.id, &member.name), fate, now).await?,
        None => 0,
    };
    end_links(connection, actor, (Some(member.id), &member.email), now).await?;
    // Where they have not joined they have none, and those elsewhere are nobody's business here.
    let sessions = if member.has_joined {
        session::end_in(connection, member.id, actor.organization(), now).await?
    } else {
        0
    };
    Ok(Departure {
        member,
        sessions,
        mcp_tokens,
        fate,
        api_tokens,
    })
}
