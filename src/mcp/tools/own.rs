//! What everybody may do with their own MCP tokens.

use chrono::{DateTime, Utc};
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::shapes::{ASKED, Days, TokenInfo, page};
use crate::db::Connection;
use crate::mcp::server::{Failure, Server};
use crate::profile::servers::{self, OWN};
use crate::profile::snippets::{Connect, Form, PLACEHOLDER};
use crate::tokens::queries::{self, ChangeError, Wanted};
use crate::tokens::{TokenId, Transition};

#[derive(Serialize, JsonSchema)]
struct Whoami {
    name: String,
    email: String,
    /// admin or member
    role: &'static str,
    organization: String,
    token_id: String,
    token_name: String,
    scopes: Vec<&'static str>,
    /// null: never
    token_expires_at: Option<DateTime<Utc>>,
    /// Where the user manages their tokens.
    profile_url: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MyTokens {
    /// Only live tokens that were not used for so many days.
    unused_days: Option<Days>,
    /// Only live tokens that expire within so many days.
    expires_within_days: Option<Days>,
    /// To go on: the `next` of the answer before.
    after: Option<Uuid>,
}

#[derive(Serialize, JsonSchema)]
struct Tokens {
    /// The newest first.
    tokens: Vec<TokenInfo>,
    /// If there are more: what to give as `after`.
    next: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    /// The token's ID, as `list_my_tokens` gives it.
    id: Uuid,
}

#[derive(Serialize, JsonSchema)]
struct Activity {
    token: TokenInfo,
    /// The last 30 days on which it was called, the latest last.
    days: Vec<DailyCalls>,
    /// The calls of those days by what was called and what the gate answered, the most first.
    operations: Vec<Purpose>,
}

#[derive(Serialize, JsonSchema)]
struct DailyCalls {
    /// UTC
    day: String,
    allowed: i64,
    refused: i64,
}

#[derive(Serialize, JsonSchema)]
struct Purpose {
    operation: String,
    /// valid, or why it was refused
    code: String,
    calls: i64,
    last_at: DateTime<Utc>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WhichClient {
    /// claude-code, claude-desktop, cursor, vs-code, codex, gemini, opencode, windsurf, zed,
    /// cline, kiro, continue or other
    client: String,
    /// The short name of an MCP server of the organisation's; Tokendesk's own if left out.
    server: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Snippet {
    client: &'static str,
    server: String,
    /// What stands where the token goes. The user puts it in; it is never sent here.
    placeholder: &'static str,
    /// With the token in the variable `WB_TOKEN`, outside of the file; better, where there is one.
    with_variable: Vec<Text>,
    with_token: Text,
}

#[derive(Serialize, JsonSchema)]
struct Text {
    /// What to do with the text, such as: Save as ~/.cursor/mcp.json
    instruction: String,
    text: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Revocation {
    /// The token's ID, as `list_my_tokens` gives it.
    id: Uuid,
    /// The token's exact name, to be sure that it is the one.
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Revoked {
    id: String,
    name: String,
    /// Where the revocation is in effect.
    receipt: String,
}

#[tool_router(router = own_tools, vis = "pub(in crate::mcp)")]
impl Server {
    /// Tells whose token this connection uses, in which organisation, and what it may do.
    #[tool(annotations(
        title = "Who am I",
        read_only_hint = true,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn whoami(&self) -> Result<Json<Whoami>, Failure> {
        let connection = &mut *self.database.get().await?;
        let owner = self.owner(connection).await?;
        Ok(Json(Whoami {
            name: owner.name().to_owned(),
            email: owner.email().to_owned(),
            role: owner.role().as_str(),
            organization: owner.organization().name.clone(),
            token_id: self.view.token.to_string(),
            token_name: self.view.name.to_string(),
            scopes: self.view.effective_scopes().names(),
            token_expires_at: self.view.expires_at,
            profile_url: self.public_url.join("/profile"),
        }))
    }

    /// Lists the user's own MCP tokens, the newest first. Secrets are never among what is listed.
    #[tool(annotations(
        title = "List my tokens",
        read_only_hint = true,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn list_my_tokens(
        &self,
        Parameters(which): Parameters<MyTokens>,
    ) -> Result<Json<Tokens>, Failure> {
        let connection = &mut *self.database.get().await?;
        let owner = self.owner(connection).await?;
        let (wanted, now) = (which.wanted(self.now), self.now);
        let found = queries::wanted_of_owner(connection, &owner, &wanted, ASKED, now).await?;
        let (found, next) = page(found);
        let tokens = found.into_iter().map(|token| TokenInfo::of(token, &now));
        Ok(Json(Tokens {
            tokens: tokens.collect(),
            next,
        }))
    }

    /// Tells how one of the user's own tokens was used in the last 30 days: calls by day, and by
    /// operation with the gate's answer.
    #[tool(annotations(
        title = "Token activity",
        read_only_hint = true,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn token_activity(
        &self,
        Parameters(Which { id }): Parameters<Which>,
    ) -> Result<Json<Activity>, Failure> {
        let connection = &mut *self.database.get().await?;
        let owner = self.owner(connection).await?;
        let token = queries::owned(connection, &owner, id.into()).await?;
        let start = self.now - queries::RECENT;
        let days = queries::days(connection, &[token.id], start.date_naive()).await?;
        Ok(Json(Activity {
            operations: operations(connection, token.id, start).await?,
            token: TokenInfo::of(token, &self.now),
            days: days
                .into_iter()
                .map(|day| DailyCalls {
                    day: day.day.to_string(),
                    allowed: day.allowed,
                    refused: day.denied,
                })
                .collect(),
        }))
    }

    /// Gives what to paste where to connect a client to Tokendesk's MCP server, or to another one
    /// that the organisation registered. A placeholder stands for the token: the user generates
    /// one on their profile page and puts it in.
    #[tool(annotations(
        title = "Client snippet",
        read_only_hint = true,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn client_snippet(
        &self,
        Parameters(wanted): Parameters<WhichClient>,
    ) -> Result<Json<Snippet>, Failure> {
        let connection = &mut *self.database.get().await?;
        let servers = servers::list(connection, self.view.tenant.id).await?;
        let server = wanted.server.as_deref().unwrap_or(OWN);
        let targets = Connect::new(&self.public_url, servers).targets;
        let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
        let target = targets.into_iter().find(|target| target.name == server);
        let target = target.ok_or_else(|| no_such("server", server, &names))?;
        let keys: Vec<&str> = target.snippets.iter().map(|snippet| snippet.key).collect();
        let no_client = no_such("client", &wanted.client, &keys);
        let mut snippets = target.snippets.into_iter();
        let snippet = snippets.find(|snippet| snippet.key == wanted.client);
        let snippet = snippet.ok_or(no_client)?;
        Ok(Json(Snippet {
            client: snippet.title,
            server: target.name,
            placeholder: PLACEHOLDER,
            with_variable: snippet.variable.into_iter().map(Text::from).collect(),
            with_token: snippet.literal.into(),
        }))
    }

    /// Revokes one of the user's own MCP tokens, at once and for ever: whatever uses it stops
    /// working. Ask the user first. The token that this connection uses can be revoked too.
    #[tool(annotations(
        title = "Revoke a token",
        read_only_hint = false,
        destructive_hint = true,
        idempotent_hint = false,
        open_world_hint = false
    ))]
    async fn revoke_token(
        &self,
        Parameters(Revocation { id, name }): Parameters<Revocation>,
    ) -> Result<Json<Revoked>, Failure> {
        let mut connection = self.database.get().await?;
        let owner = self.owner(&mut connection).await?;
        let token = queries::owned(&mut connection, &owner, id.into()).await?;
        if token.name != name {
            return Err(
                "The token with this ID has another name. Nothing was revoked; look at \
                        list_my_tokens again."
                    .to_owned()
                    .into(),
            );
        }
        let (actor, deed) = (owner.oneself(), Transition::Revocation);
        let token = queries::apply(&mut connection, &actor, token.key(), deed, self.now)
            .await
            .map_err(unchanged)?;
        drop(connection);
        Ok(Json(Revoked {
            receipt: self.fleet.report().await,
            id: token.id.to_string(),
            name: token.name,
        }))
    }
}

impl MyTokens {
    fn wanted(&self, now: DateTime<Utc>) -> Wanted {
        Wanted {
            unused_since: self.unused_days.map(|days| days.before(now)),
            expiring_until: self.expires_within_days.map(|days| days.after(now)),
            after: self.after.map(Into::into),
            ..Wanted::default()
        }
    }
}

impl From<Form> for Text {
    fn from(form: Form) -> Self {
        let instruction = format!("{} {}", form.verb, form.file);
        Self {
            instruction: instruction.trim_end().to_owned(),
            text: form.text,
        }
    }
}

async fn operations(
    connection: &mut Connection,
    id: TokenId,
    start: DateTime<Utc>,
) -> Result<Vec<Purpose>, Failure> {
    let rows = queries::operations(connection, id, start).await?;
    Ok(rows
        .into_iter()
        .map(|row| Purpose {
            operation: row.operation,
            code: row.code.to_string(),
            calls: row.calls,
            last_at: row.last_at,
        })
        .collect())
}

fn no_such<S: AsRef<str>>(what: &str, name: &str, known: &[S]) -> Failure {
    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    Failure::Told(format!(
        "There is no {what} {name:?} here. There are: {}.",
        known.join(", ")
    ))
}

fn unchanged(error: ChangeError) -> Failure {
    match error {
        ChangeError::Outdated(token) => {
            Failure::Told(format!("“{}” was revoked before.", token.name))
        }
        error => Failure::Failed(error.into()),
    }
}
