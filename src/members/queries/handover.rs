//! What becomes of the API tokens that somebody answers for.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::AsyncConnection;

use super::charge::Charge;
use super::find::member;
use super::refusal::ChangeError;
use crate::access::{Actor, UserId};
use crate::db::Connection;
use crate::tokens::queries::{self as tokens, Estate, answering, revoke_estate};

/// What becomes of them. Handed to somebody, they work on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApiTokens {
    HandTo(UserId),
    Revoke,
}

/// Hands the API tokens that somebody answers for to an active administrator, or revokes them; also
/// of somebody who is no member any more. How many there were.
pub async fn hand_over(
    connection: &mut Connection,
    actor: &Actor,
    user: UserId,
    fate: ApiTokens,
    now: DateTime<Utc>,
) -> Result<usize, ChangeError> {
    connection
        .transaction(async |connection| {
            // Whoever gets them is an administrator until it is done.
            Charge::take(connection, actor).await?;
            let from = answering(connection, actor.organization(), user).await?;
            let who = (user, &*from.person.name);
            dispose(connection, actor, who, fate, now).await
        })
        .await
}

/// How many there were. To be called by whoever has taken the [`Charge`].
pub(super) async fn dispose(
    connection: &mut Connection,
    actor: &Actor,
    (from, name): (UserId, &str),
    fate: ApiTokens,
    now: DateTime<Utc>,
) -> Result<usize, ChangeError> {
    Ok(match fate {
        ApiTokens::Revoke => {
            revoke_estate(connection, actor, Estate::AnsweredFor(from), now).await?
        }
        ApiTokens::HandTo(heir) => {
            let heir = member(connection, actor.organization(), heir)
                .await
                .optional()?
                .filter(|heir| heir.is_in_charge() && heir.has_joined)
                .filter(|heir| heir.id != from)
                .ok_or(ChangeError::NotAdministrator)?;
            tokens::hand_over(connection, actor, (from, name), (heir.id, &heir.name), now).await?
        }
    })
}
