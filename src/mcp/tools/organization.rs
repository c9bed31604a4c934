//! What administrators may learn about their organisation.

use chrono::{DateTime, Utc};
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::shapes::{ASKED, Days, TokenInfo, page};
use crate::catalogue::Scope;
use crate::journal::{self, Action, Entry, Filter};
use crate::mcp::server::{Failure, Server};
use crate::tokens::queries::{self, Stats, Wanted};
use crate::web::form;
use crate::web::paging::Cursor;

/// Entries that one answer holds.
const PAGE_SIZE: usize = 50;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WhichTokens {
    /// active, inactive (disabled), expired or revoked
    status: Option<String>,
    /// Only tokens that may do what this scope allows, such as `admin:read`.
    scope: Option<String>,
    /// Only live tokens that were not used for so many days.
    unused_days: Option<Days>,
    /// Only live tokens that expire within so many days.
    expires_within_days: Option<Days>,
    /// To go on: the `next` of the answer before.
    after: Option<Uuid>,
}

#[derive(Serialize, JsonSchema)]
struct ApiTokens {
    /// The newest first.
    tokens: Vec<ApiToken>,
    /// If there are more: what to give as `after`.
    next: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct ApiToken {
    #[serde(flatten)]
    token: TokenInfo,
    /// The key of the product that it is linked to.
    product: Option<String>,
    created_by: String,
    /// Empty: any address.
    allowed_ip_ranges: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    /// What was done, such as `token.created`, `token.revoked` or `mcp_token.created`.
    action: Option<String>,
    /// To what: its ID, or a part of its name.
    subject: Option<String>,
    /// From this instant on.
    from: Option<DateTime<Utc>>,
    /// Before this instant.
    before: Option<DateTime<Utc>>,
    /// To go on: the `next` of the answer before.
    after: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    /// The newest first.
    entries: Vec<EntryInfo>,
    /// If there are more: what to give as `after`.
    next: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct EntryInfo {
    at: DateTime<Utc>,
    author: String,
    action: &'static str,
    subject_id: String,
    subject: String,
    changes: Vec<ChangeInfo>,
}

#[derive(Serialize, JsonSchema)]
struct ChangeInfo {
    field: String,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct AllStats {
    api_tokens: Kind,
    /// Those of all members together.
    mcp_tokens: Kind,
}

#[derive(Serialize, JsonSchema)]
struct Kind {
    active: i64,
    inactive: i64,
    expired: i64,
    revoked: i64,
    /// Active ones of which no call was ever allowed.
    never_used: i64,
    /// In the last 30 days.
    calls_allowed: i64,
    calls_refused: i64,
}

#[tool_router(router = organization_tools, vis = "pub(in crate::mcp)")]
impl Server {
    /// Lists the organisation's API tokens, for administrators, the newest first. Secrets are
    /// never among what is listed.
    #[tool(annotations(
        title = "List API tokens",
        read_only_hint = true,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn list_api_tokens(
        &self,
        Parameters(which): Parameters<WhichTokens>,
    ) -> Result<Json<ApiTokens>, Failure> {
        let wanted = which.wanted(self.now)?;
        let connection = &mut *self.database.get().await?;
        let admin = self.admin(connection).await?;
        let found = queries::wanted(connection, &admin, &wanted, ASKED, self.now).await?;
        let (found, next) = page(found);
        Ok(Json(ApiTokens {
            next,
            tokens: found
                .into_iter()
                .map(|token| ApiToken {
                    product: token.product.as_ref().map(|product| product.key.clone()),
                    created_by: token.created_by_name.clone(),
                    allowed_ip_ranges: token.ranges.lines(),
                    token: TokenInfo::of(token, &self.now),
                })
                .collect(),
        }))
    }

    /// Searches the organisation's audit log, for administrators: who changed what and when, the
    /// newest first.
    #[tool(annotations(
        title = "Search the audit log",
        read_only_hint = true,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn audit_search(
        &self,
        Parameters(search): Parameters<Search>,
    ) -> Result<Json<Found>, Failure> {
        let filter = search.filter()?;
        let connection = &mut *self.database.get().await?;
        let admin = self.admin(connection).await?;
        let found = journal::page(connection, &admin, &filter, PAGE_SIZE).await?;
        Ok(Json(Found {
            next: found.next,
            entries: found.rows.into_iter().map(EntryInfo::from).collect(),
        }))
    }

    /// Counts the organisation's tokens by status, and their calls of the last 30 days, for
    /// administrators.
    #[tool(annotations(
        title = "Token statistics",
        read_only_hint = true,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn token_stats(&self) -> Result<Json<AllStats>, Failure> {
        let connection = &mut *self.database.get().await?;
        let admin = self.admin(connection).await?;
        let (now, first) = (self.now, (self.now - queries::RECENT).date_naive());
        let api = queries::stats(connection, &admin, false, first, now).await?;
        let mcp = queries::stats(connection, &admin, true, first, now).await?;
        Ok(Json(AllStats {
            api_tokens: api.into(),
            mcp_tokens: mcp.into(),
        }))
    }
}

impl WhichTokens {
    fn wanted(&self, now: DateTime<Utc>) -> Result<Wanted, Failure> {
        let status = self.status.as_deref().map(str::parse).transpose();
        let scope = self.scope.as_deref().map(str::parse::<Scope>).transpose();
        let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        let scopes = scopes.join(", ");
        Ok(Wanted {
            status: status
                .map_err(|_| "status is active, inactive, expired or revoked.".to_owned())?,
            scope: scope.map_err(|_| format!("scope is one of {scopes}."))?,
            unused_since: self.unused_days.map(|days| days.before(now)),
            expiring_until: self.expires_within_days.map(|days| days.after(now)),
            after: self.after.map(Into::into),
        })
    }
}

impl Search {
    fn filter(&self) -> Result<Filter, Failure> {
        let actions: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        let action = self.action.as_deref().map(str::parse::<Action>).transpose();
        let action = action.map_err(|_| format!("action is one of {}.", actions.join(", ")))?;
        let subject = self.subject.as_deref().and_then(form::term);
        let id = subject.as_deref().and_then(|subject| subject.parse().ok());
        let cursor = self.after.as_deref().map(|after| {
            Cursor::decode(after).ok_or_else(|| "after is the `next` of an answer.".to_owned())
        });
        Ok(Filter {
            author: None,
            action,
            subject: id,
            subject_name: subject.filter(|_| id.is_none()),
            from: self.from,
            before: self.before,
            cursor: cursor.transpose()?,
        })
    }
}

impl From<Entry> for EntryInfo {
    fn from(entry: Entry) -> Self {
        let changes = entry.changes.into_iter();
        Self {
            at: entry.at,
            author: entry.author_name,
            action: entry.action.as_str(),
            subject_id: entry.subject_id.to_string(),
            subject: entry.subject_name,
            changes: changes
                .map(|change| ChangeInfo {
                    field: change.field,
                    from: change.from,
                    to: change.to,
                })
                .collect(),
        }
    }
}

impl From<Stats> for Kind {
    fn from(stats: Stats) -> Self {
        Self {
            active: stats.active,
            inactive: stats.inactive,
            expired: stats.expired,
            revoked: stats.revoked,
            never_used: stats.never_used,
            calls_allowed: stats.allowed,
            calls_refused: stats.denied,
        }
    }
}
