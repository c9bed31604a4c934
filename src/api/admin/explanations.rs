//! *Explain*: what the gate would answer to a use of a token, which need not be sent for that.

use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access::Overseer;
use crate::api::kit::{Address, Params, ScopeWord};
use crate::api::verify::{Purpose, Verdict};
use crate::db::Database;
use crate::gate::{Gate, Question, Reader, current_secret};
use crate::web::client_address::ClientAddress;
use crate::web::{Answer, Error, Now};

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/tokens/{id}/explanation").route(web::get().to(of_token)))
        .service(web::resource("/mcp-tokens/{id}/explanation").route(web::get().to(of_mcp_token)));
}

/// A use of a token. What is left out is not checked.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// The client's address.
    #[param(value_type = Option<Address>)]
    ip: Option<IpAddr>,
    /// The key of the product that is asked for.
    product: Option<String>,
    /// Needed, whatever is done; in place of `method` and `path`.
    #[param(inline)]
    scope: Option<ScopeWord>,
    /// With `path`: what the client does; the resources say which scope that needs.
    method: Option<String>,
    path: Option<String>,
    /// The tool of an MCP server that the client calls; in place of `method` and `path`.
    tool: Option<String>,
}

/// Whose tokens.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Api,
    Mcp,
}

/// Where it is decided.
type Places = (Data<Database>, Data<Gate>, ClientAddress);

/// Explain a token
///
/// What the gate would answer to a use of it, check by check. It is not counted as a call.
#[utoipa::path(get, path = "/api/v1/tokens/{id}/explanation", operation_id = "explainToken",
    tag = "Tokens", params(("id" = Uuid, Path), Use),
    responses((status = 200, description = "The gate's answer", body = Verdict<'static>)))]
pub async fn of_token(
    reader: Reader,
    now: Now,
    places: Places,
    id: Path<Uuid>,
    Params(asked): Params<Use>,
) -> Answer {
    explained(&reader, now, places, (Kind::Api, *id), &asked).await
}

/// Explain an MCP token
///
/// What the gate would answer to a use of it, check by check. It is not counted as a call.
#[utoipa::path(get, path = "/api/v1/mcp-tokens/{id}/explanation",
    operation_id = "explainMcpToken", tag = "MCP tokens", params(("id" = Uuid, Path), Use),
    responses((status = 200, description = "The gate's answer", body = Verdict<'static>)))]
pub async fn of_mcp_token(
    reader: Reader,
    now: Now,
    places: Places,
    id: Path<Uuid>,
    Params(asked): Params<Use>,
) -> Answer {
    explained(&reader, now, places, (Kind::Mcp, *id), &asked).await
}

async fn explained(
    reader: &Reader,
    now: Now,
    (database, gate, source): Places,
    (kind, id): (Kind, Uuid),
    asked: &Use,
) -> Answer {
    let (key, digest) = {
        // The gate takes another: it goes back first.
        let connection = &mut *database.get().await?;
        current_secret(connection, reader, id.into()).await?
    };
    let found = key.owner.map_or(Kind::Api, |_| Kind::Mcp);
    if found != kind {
        return Err(Error::NotFound);
    }
    let purpose = Purpose {
        scope: asked.scope.map(|scope| scope.0),
        method: asked.method.as_deref(),
        path: asked.path.as_deref(),
        tool: asked.tool.as_deref(),
    };
    let question = Question {
        digest: Some(digest),
        organization: Some(reader.overseen()),
        address: asked.ip,
        product: asked.product.as_deref(),
        asked: purpose.asked()?,
        operation: "explanation",
        source,
        user_agent: None,
    };
    let decision = gate.consider(&question, now.0).await?;
    Ok(HttpResponse::Ok().json(Verdict::of(&decision, true)))
}
