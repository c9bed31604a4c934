//! The ceiling of a change that is made with a token: that token, as it is when the change is
//! made.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ipnet::IpNet;

use super::known_scopes;
use crate::access::{Actor, UserId, is_administrator};
use crate::catalogue::products::ProductId;
use crate::catalogue::{Scope, ScopeSet};
use crate::db::Connection;
use crate::db::schema::tokens;
use crate::tokens::ceiling::{Ceiling, Excess, Gift};

type Row = (
    Option<Vec<String>>,
    Option<ProductId>,
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
    let (scopes, product, ranges, expires_at, of): Row = tokens::table
        .filter(tokens::organization_id.eq(actor.organization()))
        .filter(tokens::id.eq(token))
        .select((
            tokens::scopes,
            tokens::product_id,
            tokens::ip_ranges,
            tokens::expires_at,
            tokens::owner_id,
        ))
        .get_result(connection)
        .await?;
    let own = ScopeSet::effective(scopes.as_deref().map(known_scopes));
    let ceiling = Ceiling {
        scopes: match owner {
            Some(owner) if of.is_none() => on_behalf(connection, actor, owner, own).await?,
            _ => own,
        },
        product,
        ranges: ranges.into(),
        expires_at,
    };
    Ok(ceiling.excess(gift, before))
}

/// What an API token may give on a user's behalf, who has all scopes of MCP tokens. With all of
/// them, an administrator's reads what the organisation has.
async fn on_behalf(
    connection: &mut Connection,
    actor: &Actor,
    owner: UserId,
    own: ScopeSet,
) -> QueryResult<ScopeSet> {
    let may_read = own.allows(Scope::AdminRead)
        || !is_administrator(connection, owner, actor.organization()).await?;
    Ok(if may_read {
        ScopeSet::of(&[Scope::WidgetsWrite, Scope::Render])
    } else {
        ScopeSet::of(&[Scope::WidgetsWrite])
    })
}
