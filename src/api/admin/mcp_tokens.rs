//! MCP tokens, whoever owns them. Making and renaming them is their owners' alone.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::tokens::missed;
use crate::api::kit::{
    IfMatch, Limit, Page, Paging, Params, Receipt, ScopeWord, StatusWord, Word, term, versioned,
};
use crate::db::Database;
use crate::fleet::Fleet;
use crate::gate::{Reader, Writer};
use crate::tokens::queries::{self, Owned, Owners};
use crate::tokens::{self, TokenId, Transition};
use crate::web::{Answer, Error, Now};

/// Which list a cursor is of.
const LIST: &str = "MCP tokens";

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/mcp-tokens").route(web::get().to(index)))
        .service(web::resource("/mcp-tokens/{id}").route(web::get().to(show)))
        .service(web::resource("/mcp-tokens/{id}/revocation").route(web::post().to(revoke)));
}

/// A personal token, which connects an AI assistant.
#[derive(Serialize, ToSchema)]
pub struct McpToken {
    id: Uuid,
    name: String,
    /// As of an API token.
    prefix: String,
    status: StatusWord,
    scopes: Vec<ScopeWord>,
    /// Addresses and CIDRs; empty: any address.
    allowed_ip_ranges: Vec<String>,
    /// `null`: never.
    expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    /// The last call that was allowed.
    last_used_at: Option<DateTime<Utc>>,
    last_user_agent: Option<String>,
    /// Counts the changes; also in the header `ETag`.
    version: i32,
}

impl McpToken {
    pub fn new(token: tokens::Token, now: DateTime<Utc>) -> Self {
        Self {
            id: token.id.uuid(),
            status: Word(token.status(&now)),
            scopes: token.effective_scopes().iter().map(Word).collect(),
            allowed_ip_ranges: token.ranges.lines(),
            name: token.name,
            prefix: token.display,
            expires_at: token.expires_at,
            created_at: token.created_at,
            last_used_at: token.usage.last_at,
            last_user_agent: token.usage.last_user_agent,
            version: token.version,
        }
    }
}

/// A personal token that was revoked.
#[derive(Serialize, ToSchema)]
pub struct RevokedMcpToken {
    pub token: McpToken,
    pub receipt: Receipt,
}

/// A personal token, and whose it is.
#[derive(Serialize, ToSchema)]
pub struct MembersMcpToken {
    #[serde(flatten)]
    token: McpToken,
    owner: McpTokenOwner,
}

/// Whose personal token it is.
#[derive(Serialize, ToSchema)]
struct McpTokenOwner {
    id: Uuid,
    name: String,
    email: String,
    /// Until they are reactivated, the token is refused, whatever its status.
    deactivated_at: Option<DateTime<Utc>>,
}

impl MembersMcpToken {
    #[must_use]
    pub fn new(owned: Owned, now: DateTime<Utc>) -> Self {
        Self {
            token: McpToken::new(owned.token, now),
            owner: McpTokenOwner {
                id: owned.owner.uuid(),
                name: owned.owner_name,
                email: owned.owner_email,
                deactivated_at: owned.owner_deactivated_at,
            },
        }
    }
}

/// Whose.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// A part of the owner's name or email.
    #[param(max_length = 100)]
    owner: Option<String>,
    /// The ID of the owner.
    owner_id: Option<Uuid>,
    /// How many items a page has.
    #[param(value_type = Option<usize>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<Limit>,
    /// Where to go on: the `next_cursor` of the page before, asked with the same parameters.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

impl Which {
    fn read(self) -> Result<(Owners, Paging), Error> {
        let owners = Owners {
            part: term("owner", self.owner.as_deref())?.unwrap_or_default(),
            id: self.owner_id.map(Into::into),
        };
        let paging = Paging {
            limit: self.limit,
            cursor: self.cursor,
        };
        Ok((owners, paging))
    }
}

/// List MCP tokens
///
/// Everybody's, the newest first.
#[utoipa::path(get, path = "/api/v1/mcp-tokens", operation_id = "listMcpTokens",
    tag = "MCP tokens", params(Which),
    responses((status = 200, description = "A page", body = Page<MembersMcpToken>)))]
pub async fn index(
    reader: Reader,
    now: Now,
    database: Data<Database>,
    Params(which): Params<Which>,
) -> Answer {
    let (owners, paging) = which.read()?;
    let (limit, cursor) = (paging.limit()?, paging.cursor(LIST)?);
    let connection = &mut *database.get().await?;
    let slice = queries::of_all(connection, &reader, &owners, cursor.as_ref(), limit).await?;
    let tokens = slice.map(|owned| MembersMcpToken::new(owned, now.0));
    Ok(HttpResponse::Ok().json(Page::of(LIST, tokens)))
}

/// Show an MCP token
#[utoipa::path(get, path = "/api/v1/mcp-tokens/{id}", operation_id = "showMcpToken",
    tag = "MCP tokens", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The token", body = MembersMcpToken)))]
pub async fn show(reader: Reader, now: Now, database: Data<Database>, id: Path<Uuid>) -> Answer {
    let connection = &mut *database.get().await?;
    let owned = queries::of_somebody(connection, &reader, id.into_inner().into()).await?;
    let version = owned.token.version;
    Ok(versioned(version, MembersMcpToken::new(owned, now.0)))
}

/// Revoke an MCP token
///
/// It is refused at once and for ever.
#[utoipa::path(post, path = "/api/v1/mcp-tokens/{id}/revocation",
    operation_id = "revokeMcpToken", tag = "MCP tokens", params(("id" = Uuid, Path), IfMatch),
    responses((status = 200, description = "The token as it is now", body = RevokedMcpToken)))]
pub async fn revoke(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let (id, how) = (TokenId::from(id.into_inner()), Transition::Revocation);
    let mut connection = database.get().await?;
    let token = queries::of_somebody(&mut connection, &writer, id)
        .await?
        .token;
    let pinned = expected.pin(token.key(), token.version)?;
    let revoked = queries::apply(&mut connection, &writer.actor(), pinned, how, now.0).await;
    revoked.map_err(|error| missed(error, how, &expected, now))?;
    let token = queries::of_somebody(&mut connection, &writer, id)
        .await?
        .token;
    drop(connection);
    let receipt = Receipt::wait(&fleet).await;
    let (version, token) = (token.version, McpToken::new(token, now.0));
    Ok(versioned(version, RevokedMcpToken { token, receipt }))
}
