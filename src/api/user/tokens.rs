//! A user's MCP tokens.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::OnBehalf;
use crate::api::admin::mcp_tokens::{McpToken, RevokedMcpToken};
use crate::api::admin::tokens::missed;
use crate::api::kit::{
    Asker, Created, Creation, IfMatch, Name, Page, Paging, Params, Receipt, mistakes, read_of,
    schema_of, taken, versioned,
};
use crate::catalogue::Scope;
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::gate::Behalf;
use crate::profile::draft::{Draft, EXPIRIES};
use crate::tokens::draft::Expiry;
use crate::tokens::queries::{self, ChangeError};
use crate::tokens::{TokenId, Transition};
use crate::web::form::Field;
use crate::web::{Answer, Error, Now};

/// Which list a cursor is of.
const LIST: &str = "one's MCP tokens";

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/mcp-tokens")
                .route(web::get().to(index))
                .route(web::post().to(create)),
        )
        .service(web::resource("/mcp-tokens/{id}").route(web::get().to(show)))
        .service(web::resource("/mcp-tokens/{id}/revocation").route(web::post().to(revoke)));
}

/// A personal token with its secret.
#[derive(Serialize, ToSchema)]
pub struct RevealedMcpToken {
    token: McpToken,
    /// To be kept now: it is told this once. `null` where the same request came before with the
    /// same `Idempotency-Key`.
    #[schema(value_type = Option<String>)]
    secret: Option<()>,
}

/// A scope that a personal token can have.
#[derive(Clone, Copy, Debug)]
pub struct McpScope(Scope);

impl<'de> Deserialize<'de> for McpScope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_of(&Scope::FOR_MCP_TOKENS, deserializer).map(Self)
    }
}

impl PartialSchema for McpScope {
    fn schema() -> RefOr<Schema> {
        schema_of(&Scope::FOR_MCP_TOKENS)
    }
}

impl ToSchema for McpScope {}

/// When a personal token can end.
#[derive(Clone, Copy, Debug)]
pub struct McpExpiry(Expiry);

impl<'de> Deserialize<'de> for McpExpiry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_of(&EXPIRIES, deserializer).map(Self)
    }
}

impl PartialSchema for McpExpiry {
    fn schema() -> RefOr<Schema> {
        schema_of(&EXPIRIES)
    }
}

impl ToSchema for McpExpiry {}

/// A personal token to be generated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMcpToken {
    /// Unique among the user's tokens that are not revoked.
    #[schema(value_type = Name)]
    name: String,
    /// Left out: all.
    #[serde(default)]
    #[schema(min_items = 1)]
    scopes: Option<Vec<McpScope>>,
    /// `30d`, `90d`, `1y` or `never`.
    #[serde(default)]
    #[schema(default = "never")]
    expiry: Option<McpExpiry>,
    /// In place of `expiry`: an instant in the future and before the year 9999, kept to the second.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

impl NewMcpToken {
    /// The instant that is named, if one is.
    fn until(&self, now: Now) -> Result<Option<DateTime<Utc>>, Error> {
        let wrong = |why: String| Error::invalid("expires_at", why);
        match (self.expires_at, self.expiry) {
            (Some(_), Some(_)) => {
                let why = "expiry says when it ends already: use one of them.";
                Err(wrong(why.to_owned()))
            }
            (Some(at), None) => Expiry::at(at, now.0)
                .map(Some)
                .map_err(|why| wrong(format!("it {why}."))),
            (None, _) => Ok(None),
        }
    }
}

impl From<NewMcpToken> for Draft {
    fn from(new: NewMcpToken) -> Self {
        let expiry = new.expiry.map_or(Expiry::Never, |expiry| expiry.0);
        let chosen = |scopes: Vec<McpScope>| scopes.iter().map(|scope| scope.0).collect();
        Self {
            name: Field::new(new.name),
            scopes: new.scopes.map_or(Scope::FOR_MCP_TOKENS.to_vec(), chosen),
            expiry: Field::new(expiry.as_str()),
            ..Self::default()
        }
    }
}

/// List the user's MCP tokens
///
/// The enabled, the disabled and the revoked ones, each the newest first.
#[utoipa::path(get, path = "/api/v1/me/mcp-tokens", operation_id = "listMyMcpTokens",
    tag = "User", params(OnBehalf, Paging),
    responses((status = 200, description = "A page", body = Page<McpToken>)))]
pub async fn index(
    Behalf { bearer, .. }: Behalf,
    now: Now,
    database: Data<Database>,
    Params(paging): Params<Paging>,
) -> Answer {
    let (limit, cursor) = (paging.limit()?, paging.cursor(LIST)?);
    let connection = &mut *database.get().await?;
    let slice = queries::of_owner(connection, &bearer, cursor.as_ref(), limit).await?;
    let tokens = slice.map(|token| McpToken::new(token, now.0));
    Ok(HttpResponse::Ok().json(Page::of(LIST, tokens)))
}

/// Generate an MCP token
///
/// Its secret is in this answer and never told again. It is bound to the ranges of the token that
/// is used here, and can give nothing beyond it. With an API token all scopes of MCP tokens can be
/// given; for an administrator `render` only if it has `admin:read`, as an administrator's MCP token
/// with all of them reads what the organisation has. A user has at most 25 active ones.
#[utoipa::path(post, path = "/api/v1/me/mcp-tokens", operation_id = "generateMyMcpToken",
    tag = "User", params(OnBehalf), request_body = NewMcpToken,
    responses((status = 201, description = "The token and its secret", body = RevealedMcpToken)))]
pub async fn create(
    behalf: Behalf,
    now: Now,
    database: Data<Database>,
    creation: Creation<NewMcpToken>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let asker = Asker {
        organization: behalf.bearer.organization().id,
        credential: behalf.credential(),
    };
    let created = creation.once(connection, asker, now.0, |connection, new| {
        async move { try_create(connection, &behalf, new, now).await }.boxed()
    });
    Ok(created.await?.answer())
}

async fn try_create(
    connection: &mut Connection,
    behalf: &Behalf,
    wanted: NewMcpToken,
    now: Now,
) -> Result<Created, Error> {
    let until = wanted.until(now)?;
    let draft = Draft::from(wanted);
    let mut new = draft.clone().parse(now.0).map_err(|it| wrong(&it))?;
    new.ranges = behalf.ranges.clone();
    new.expires_at = until.or(new.expires_at);
    let actor = behalf.bearer.oneself();
    let created = queries::create_mcp(connection, &actor, &new, now.0).await;
    let (token, secret) = created.map_err(|error| match error {
        ChangeError::NameTaken => taken("name", &draft.name_taken().name),
        error => error.into(),
    })?;
    let location = format!("/api/v1/me/mcp-tokens/{}", token.id);
    let version = Some(token.version);
    let body = RevealedMcpToken {
        token: McpToken::new(token, now.0),
        secret: None,
    };
    Ok(Created::new(location, version, &body)?.revealing("secret", secret.into()))
}

fn wrong(draft: &Draft) -> Error {
    let fields = [
        ("name", &draft.name),
        ("scopes", &draft.scope),
        ("expiry", &draft.expiry),
    ];
    mistakes(&fields)
}

/// Show an MCP token of the user's
#[utoipa::path(get, path = "/api/v1/me/mcp-tokens/{id}", operation_id = "showMyMcpToken",
    tag = "User", params(("id" = Uuid, Path), OnBehalf),
    responses((status = 200, description = "The token", body = McpToken)))]
pub async fn show(
    Behalf { bearer, .. }: Behalf,
    now: Now,
    database: Data<Database>,
    id: Path<Uuid>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let token = queries::owned(connection, &bearer, id.into_inner().into()).await?;
    Ok(versioned(token.version, McpToken::new(token, now.0)))
}

/// Revoke an MCP token of the user's
///
/// It is refused at once and for ever.
#[utoipa::path(post, path = "/api/v1/me/mcp-tokens/{id}/revocation",
    operation_id = "revokeMyMcpToken", tag = "User",
    params(("id" = Uuid, Path), OnBehalf, IfMatch),
    responses((status = 200, description = "The token as it is now", body = RevokedMcpToken)))]
pub async fn revoke(
    Behalf { bearer, .. }: Behalf,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    id: Path<Uuid>,
    expected: IfMatch,
) -> Answer {
    let id = TokenId::from(id.into_inner());
    let mut connection = database.get().await?;
    let token = queries::owned(&mut connection, &bearer, id).await?;
    let pinned = expected.pin(token.key(), token.version)?;
    let (actor, how) = (bearer.oneself(), Transition::Revocation);
    let revoked = queries::apply(&mut connection, &actor, pinned, how, now.0).await;
    revoked.map_err(|error| missed(error, how, &expected, now))?;
    let token = queries::owned(&mut connection, &bearer, id).await?;
    drop(connection);
    let receipt = Receipt::wait(&fleet).await;
    let (version, token) = (token.version, McpToken::new(token, now.0));
    Ok(versioned(version, RevokedMcpToken { token, receipt }))
}
