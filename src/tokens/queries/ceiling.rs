//! The ceiling of a change that is made with a token: that token, as it is when the change is
//! made.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ipnet::IpNet;

use super::known_scopes;
use crate::access::{Actor, UserId};
use crate::catalogue::{Scope, ScopeSet};
use crate::db::Connection;
use crate::db::schema::tokens;
use crate::tokens::ceiling::{Ceiling, Excess, Gift};

type Row = (
    Option<Vec<String>>,
    Vec<IpNet>,
    Option<chrono::DateTime<chrono::Utc>>,
    Option<UserId>,
);

/// What of the gift is beyond the token with which the actor came, if any. To be called in the
/// transaction of the change.
pub async fn excess(
    connection: &mut Connection,
    actor: &Actor,
    owner: Option<UserId>,
    gift: Gift<'_>,
    before: Option<Gift<'_>>,
) -> QueryResult<Vec<Excess>> {
    let Some(token) = actor.token() else {
        return Ok(Vec::new());
    };
    let (scopes, ranges, expires_at, of): Row = tokens::table
        .filter(tokens::organization_id.eq(actor.organization()))
        .filter(tokens::id.eq(token))
        .select((
            tokens::scopes,
            tokens::ip_ranges,
            tokens::expires_at,
            tokens::owner_id,
        ))
        .get_result(connection)
        .await?;
    let ceiling = Ceiling {
        // With an API token it is on the user's behalf, who has all scopes of MCP tokens.
        scopes: if owner.is_some() && of.is_none() {
            ScopeSet::of(&[Scope::WidgetsWrite, Scope::Render])
        } else {
            let all = ScopeSet::of(&[Scope::All]);
            scopes.as_deref().map_or(all, known_scopes)
        },
        ranges: ranges.into(),
        expires_at,
    };
    Ok(ceiling.excess(gift, before))
}
