//! The MCP server at `/mcp`: with it an AI assistant looks after its user's tokens, and an
//! administrator's also after the organisation's. No tool makes or returns a secret.
//!
//! A request passes through the [`door`], which asks the gate, then by the [`transport`] to the
//! official SDK, which speaks the protocol, and from there to a [`tool`] of the [`server`].
//! Nothing is kept between two requests: each is decided by its own token.

mod discovery;
mod door;
mod message;
mod refusal;
mod server;
mod tool;
mod tools;
mod transport;

use actix_web::dev::Payload;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::config::Config;
use crate::web::{Answer, body, state};
use message::Message;
use refusal::Failure;
use server::Server;

/// Bytes.
const LARGEST: usize = 1024 * 1024;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/mcp")
                .app_data(web::PayloadConfig::new(LARGEST))
                .route(web::post().to(serve)),
        )
        .configure(discovery::routes);
}

async fn serve(request: HttpRequest, payload: web::Payload) -> Answer {
    match try_serve(&request, payload.into_inner()).await {
        Ok(response) => Ok(response),
        Err(Failure::Refused(refusal)) => {
            let public_url = &state::<Config>(&request).public_url;
            Ok(refusal.response(public_url))
        }
        Err(Failure::Failed(error)) => Err(error),
    }
}

/// The token is looked at before the body is read.
async fn try_serve(request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
    door::know_the_way(request)?;
    let visit = door::knock(request).await?;
    let body = body::read(request, payload).await?;
    let Ok(message) = Message::parse(&body) else {
        return Ok(message::unreadable());
    };
    let (view, credential) = visit.admit(&message).await?;
    let server = Server::new(request, view, credential);
    Ok(transport::pass(request, body, server).await)
}
