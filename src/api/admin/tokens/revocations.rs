//! Many tokens revoked at once.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::api::kit::{FateWord, Input, Receipt, Word};
use crate::db::Database;
use crate::fleet::Fleet;
use crate::gate::Writer;
use crate::secret::Digest;
use crate::tokens::TokenId;
use crate::tokens::queries::{self, Named};
use crate::tokens::secret::{self, FOREIGN};
use crate::web::{Answer, Error, Now, body};

const MOST: usize = 1_000;
/// In bytes: so many secrets of whatever older system, each character escaped.
pub const LARGEST_LEAK: usize = 2 * MOST * (*FOREIGN.end() + 2);
const _: () = assert!(LARGEST_LEAK <= body::MOST);

/// Which tokens: by their secrets, by their IDs, or both; 1 to 1,000 in all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leak {
    /// As they were found. API and MCP tokens alike.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 1000)]
    secrets: Vec<Zeroizing<String>>,
    #[serde(default)]
    #[schema(max_items = 1000)]
    ids: Vec<Uuid>,
}

impl Leak {
    fn read(self) -> Result<(Vec<Option<Digest>>, Vec<TokenId>), Error> {
        let Self { secrets, ids } = self;
        if !(1..=MOST).contains(&(secrets.len() + ids.len())) {
            let field = if ids.len() > secrets.len() {
                "ids"
            } else {
                "secrets"
            };
            let detail = format!("name 1 to {MOST} secrets and IDs.");
            return Err(Error::invalid(field, detail));
        }
        let digest = |text: &Zeroizing<String>| secret::any_digest_of(text.trim());
        let digests = secrets.iter().map(digest).collect();
        Ok((digests, ids.into_iter().map(Into::into).collect()))
    }
}

/// What became of them, in the order in which they were sent.
#[derive(Serialize, ToSchema)]
pub struct Revoked {
    secrets: Vec<Fate>,
    ids: Vec<Fate>,
    receipt: Receipt,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TokenFate)]
struct Fate {
    /// The token; `null` for one that is not known.
    id: Option<Uuid>,
    /// `retired`: the secret had stopped before, and its token goes on with another.
    outcome: FateWord,
}

impl From<Named> for Fate {
    fn from(named: Named) -> Self {
        Self {
            id: named.token.map(TokenId::uuid),
            outcome: Word(named.fate),
        }
    }
}

/// Revoke many tokens
///
/// For a leak: up to 1,000 secrets or IDs, all in one transaction. What is not known is said and
/// passed over; the secrets are not told back.
#[utoipa::path(post, path = "/api/v1/tokens/revocations", operation_id = "revokeTokens",
    tag = "Tokens", request_body = Leak,
    responses((status = 200, description = "What became of them", body = Revoked)))]
pub async fn revoke_all(
    writer: Writer,
    now: Now,
    database: Data<Database>,
    fleet: Data<Fleet>,
    Input(leak): Input<Leak>,
) -> Answer {
    let (digests, ids) = leak.read()?;
    let mut connection = database.get().await?;
    let actor = writer.actor();
    let done = queries::revoke_all(&mut connection, &actor, &digests, &ids, now.0).await?;
    drop(connection);
    Ok(HttpResponse::Ok().json(Revoked {
        secrets: done.secrets.into_iter().map(Into::into).collect(),
        ids: done.ids.into_iter().map(Into::into).collect(),
        receipt: Receipt::wait(&fleet).await,
    }))
}
