//! Between actix and the SDK, whose HTTP service is made for another server.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use http_body_util::{BodyExt, Full};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};

use super::LARGEST;
use super::server::Server;
use crate::config::{Config, PublicUrl};
use crate::web::state;

pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";

/// The token is not handed on.
pub async fn pass(request: &HttpRequest, body: web::Bytes, server: Server) -> HttpResponse {
    let mut forwarded = http::Request::new(Full::new(body));
    *forwarded.method_mut() = http::Method::POST;
    for (name, value) in request.headers() {
        let name = http::HeaderName::from_bytes(name.as_ref());
        let value = http::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value)
            && name.as_str() != AUTHORIZATION.as_str()
        {
            forwarded.headers_mut().append(name, value);
        }
    }
    let service = StreamableHttpService::new(
        move || Ok(server.clone()),
        Arc::new(NeverSessionManager::default()),
        config(&state::<Config>(request).public_url),
    );
    respond(service.handle(forwarded).await).await
}

/// Without sessions there is none to borrow, and each answer is one JSON message.
fn config(public_url: &PublicUrl) -> StreamableHttpServerConfig {
    let origin = public_url.origin();
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_allowed_hosts([host])
        .with_max_request_body_bytes(LARGEST)
}

async fn respond<B>(response: http::Response<B>) -> HttpResponse
where
    B: BodyExt<Data = web::Bytes, Error = std::convert::Infallible>,
{
    let (parts, body) = response.into_parts();
    let status = StatusCode::from_u16(parts.status.as_u16());
    let mut answer = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    answer.content_type("text/plain; charset=utf-8");
    if let Some(kind) = parts.headers.get(http::header::CONTENT_TYPE) {
        answer.insert_header((CONTENT_TYPE, kind.as_bytes()));
    }
    let Ok(body) = body.collect().await;
    answer.body(body.to_bytes())
}
