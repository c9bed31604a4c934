//! Tokens in the database: finding them, changing them, and their usage.

mod answering;
mod bulk;
mod ceiling;
mod change;
mod counts;
mod estate;
mod find;
mod import;
mod list;
mod mcp;
mod revocations;
mod room;
mod search;
mod status;
mod survey;
mod usage;

pub use answering::{all_answering, answering, answering_with, presence};
pub use bulk::{Tokens, insert_tokens};
pub use ceiling::excess;
pub use change::{ChangeError, Rotated, apply, create, edit, end_overlap, rotate};
pub use counts::Counts;
pub use estate::{Estate, Left, hand_over, revoke_estate, survey_estate};
pub use find::{named, retiring, secrets, token};
pub use import::{ImportError, check, import};
pub use list::page;
pub use mcp::{Owned, Owners, active_of, create_mcp, of_all, of_owner, of_somebody, owned};
pub use revocations::{Fate, Named, Revocations, revoke_all};
pub use room::{LeastUsed, MOST_ACTIVE};
pub use survey::{Stats, Wanted, stats, wanted, wanted_of_owner};
pub use usage::{
    Day, Denied, OperationUse, RECENT, RetiredUse, calls_of_last_day, days, denied, operations,
    retired_uses,
};

use chrono::{DateTime, Utc};
use diesel::dsl::{AsSelect, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use ipnet::IpNet;

use super::{Responsible, Standing, Token, TokenId, Usage};
use crate::access::{OrganizationId, UserId, coalesce};
use crate::catalogue::{Product, Scope, ScopeSet};
use crate::db::schema::{memberships, products, token_usage, tokens, users};

/// A secret of a token, without the secret.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = crate::db::schema::secrets)]
pub struct SecretRecord {
    pub display: String,
    pub created_at: DateTime<Utc>,
    /// `None`: the current one.
    pub retires_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tokens)]
struct TokenRow {
    #[diesel(
        select_expression = sql(
            "coalesce((SELECT max(created_at) FROM secrets WHERE secrets.token_id = tokens.id), \
                tokens.created_at)"
        ),
        select_expression_type = SqlLiteral<Timestamptz>
    )]
    secret_created_at: DateTime<Utc>,
    id: TokenId,
    owner_id: Option<UserId>,
    name: String,
    name_folded: String,
    display: String,
    standing: Standing,
    scopes: Option<Vec<String>>,
    ip_ranges: Vec<IpNet>,
    expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    created_by_name: String,
    version: i32,
    expires_sort: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = token_usage)]
struct UsageRow {
    allowed: i64,
    denied: i64,
    last_used_at: Option<DateTime<Utc>>,
    last_used_from: Option<IpNet>,
    last_user_agent: Option<String>,
    last_used_minute: DateTime<Utc>,
}

/// As [`known_as`](crate::access::known_as), also of somebody who is a member no more.
#[must_use]
#[diesel::dsl::auto_type]
fn name_here() -> _ {
    coalesce(memberships::known_as.nullable(), users::name)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct ResponsibleRow {
    id: UserId,
    name: String,
    email: String,
}

impl From<ResponsibleRow> for Responsible {
    fn from(row: ResponsibleRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            email: row.email,
        }
    }
}

/// The organisation's tokens, with what is told of each.
#[must_use]
#[diesel::dsl::auto_type]
fn rows(organization: OrganizationId) -> _ {
    let token: AsSelect<TokenRow, Pg> = TokenRow::as_select();
    let usage: AsSelect<UsageRow, Pg> = UsageRow::as_select();
    let product: AsSelect<Option<Product>, Pg> = Option::<Product>::as_select();
    let responsible: AsSelect<Option<ResponsibleRow>, Pg> = Option::<ResponsibleRow>::as_select();
    tokens::table
        .inner_join(token_usage::table)
        .left_join(products::table)
        .left_join(users::table.on(tokens::responsible_id.eq(users::id.nullable())))
        .filter(tokens::organization_id.eq(organization))
        .select((token, usage, product, responsible))
}

type Row = (TokenRow, UsageRow, Option<Product>, Option<ResponsibleRow>);

fn assemble((row, usage, product, responsible): Row) -> Token {
    Token {
        id: row.id,
        owner: row.owner_id,
        name: row.name,
        display: row.display,
        secret_created_at: row.secret_created_at,
        standing: row.standing,
        scopes: row.scopes.as_deref().map(known_scopes),
        ranges: row.ip_ranges.into(),
        expires_at: row.expires_at,
        created_at: row.created_at,
        created_by_name: row.created_by_name,
        responsible: responsible.map(Into::into),
        version: row.version,
        product,
        usage: Usage {
            allowed: usage.allowed,
            denied: usage.denied,
            last_at: usage.last_used_at,
            last_from: usage.last_used_from,
            last_user_agent: usage.last_user_agent,
        },
    }
}

/// A scope that this program does not know gives nothing.
#[must_use]
pub fn known_scopes(names: &[String]) -> ScopeSet {
    names
        .iter()
        .filter_map(|name| name.parse::<Scope>().ok())
        .collect()
}
