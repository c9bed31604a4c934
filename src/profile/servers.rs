//! *Settings > MCP servers*: servers of the organisation's own, to which the profile shows how to
//! connect.

pub mod draft;
mod handlers;
pub mod queries;

use actix_web::web;
use askama::Template;

use crate::access::Shell;
use crate::db::types::id;
use draft::Draft;

pub use queries::{Server, list};

id!(ServerId);

/// The name of Tokendesk's own server, which no other may have.
pub const OWN: &str = "tokendesk";
pub const OWN_DESCRIPTION: &str = "Tokendesk’s own: your tokens and what they do.";

/// Servers that an organisation may have: the profile shows snippets for all of them.
const MOST: usize = 20;

impl Server {
    fn path(&self) -> String {
        format!("/settings/mcp-servers/{}", self.id)
    }
}

/// The list.
#[derive(Template)]
#[template(path = "profile/servers.html")]
struct Index {
    shell: Shell,
    servers: Vec<Server>,
}

/// The form, for a new server or an edited one.
#[derive(Template)]
#[template(path = "profile/server_form.html")]
struct Edit {
    shell: Shell,
    draft: Draft,
    server: Option<Server>,
}

/// "Remove …?"
#[derive(Template)]
#[template(path = "profile/server_removal.html")]
struct Removal {
    shell: Shell,
    server: Server,
    /// Why it was not removed.
    conflict: Option<&'static str>,
}

pub fn routes(config: &mut web::ServiceConfig) {
    use handlers::*;
    config
        .service(
            web::resource("/settings/mcp-servers")
                .route(web::get().to(index))
                .route(web::post().to(create)),
        )
        .service(web::resource("/settings/mcp-servers/new").route(web::get().to(new)))
        .service(
            web::resource("/settings/mcp-servers/{id}")
                .route(web::get().to(edit))
                .route(web::post().to(update)),
        )
        .service(
            web::resource("/settings/mcp-servers/{id}/removal")
                .route(web::get().to(new_removal))
                .route(web::post().to(remove)),
        );
}
