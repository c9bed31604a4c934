//! The User API: what one user can do with what is theirs, for a portal that acts for its users,
//! or for a script with the user's own MCP token.

pub mod tokens;

use std::iter;

use actix_web::HttpResponse;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use itertools::Itertools;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::document;
use super::kit::{Page, Paging, Params, RoleWord, Word};
use crate::config::Config;
use crate::db::Database;
use crate::gate::{Behalf, admit_user};
use crate::profile::servers::{OWN, OWN_DESCRIPTION, Server, list};
use crate::web::Answer;

pub fn routes(config: &mut web::ServiceConfig) {
    let user = web::scope("/api/v1/me")
        .wrap(from_fn(document::allow))
        .wrap(from_fn(admit_user))
        .service(web::resource("").route(web::get().to(show)))
        .service(web::resource("/mcp-servers").route(web::get().to(servers)))
        .configure(tokens::routes);
    config.service(user);
}

/// The user.
#[derive(Serialize, ToSchema)]
pub struct Profile {
    id: Uuid,
    name: String,
    email: String,
    role: RoleWord,
    organization: OwnOrganization,
}

/// The organisation of the token.
#[derive(Serialize, ToSchema)]
struct OwnOrganization {
    id: Uuid,
    name: String,
}

/// Whom it is about.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "for the document: the gate reads it")]
pub struct OnBehalf {
    /// The email of an active member, in UTF-8; needed with an API token, and only then.
    #[param(
        rename = "x-user-email",
        min_length = 3,
        max_length = 254,
        pattern = "^[!-~]+@[!-\\-/-?A-~]([!-?A-~]*[!-\\-/-?A-~])?$"
    )]
    x_user_email: Option<String>,
}

/// Show the user
#[utoipa::path(get, path = "/api/v1/me", operation_id = "showMe", tag = "User", params(OnBehalf),
    responses((status = 200, description = "The user", body = Profile)))]
pub async fn show(Behalf { bearer, .. }: Behalf) -> Answer {
    let organization = bearer.organization();
    Ok(HttpResponse::Ok().json(Profile {
        id: bearer.user().uuid(),
        name: bearer.name().to_owned(),
        email: bearer.email().to_owned(),
        role: Word(bearer.role()),
        organization: OwnOrganization {
            id: organization.id.uuid(),
            name: organization.name.clone(),
        },
    }))
}

/// An MCP server to connect to.
#[derive(Serialize, ToSchema)]
struct UsersMcpServer {
    /// `null`: Tokendesk's own, which everybody has.
    id: Option<Uuid>,
    name: String,
    url: String,
    description: String,
}

impl From<Server> for UsersMcpServer {
    fn from(server: Server) -> Self {
        Self {
            id: Some(server.id.uuid()),
            name: server.name,
            url: server.url,
            description: server.description,
        }
    }
}

/// List the servers to connect to
///
/// Tokendesk's own first.
#[utoipa::path(get, path = "/api/v1/me/mcp-servers", operation_id = "listMyMcpServers",
    tag = "User", params(OnBehalf, Paging),
    responses((status = 200, description = "A page", body = Page<UsersMcpServer>)))]
pub async fn servers(
    Behalf { bearer, .. }: Behalf,
    (database, config): (Data<Database>, Data<Config>),
    Params(paging): Params<Paging>,
) -> Answer {
    let connection = &mut *database.get().await?;
    let others = list(connection, bearer.organization().id).await?;
    let own = UsersMcpServer {
        id: None,
        name: OWN.to_owned(),
        url: config.public_url.join("/mcp"),
        description: OWN_DESCRIPTION.to_owned(),
    };
    let servers: Vec<_> = iter::once(own)
        .chain(others.into_iter().map_into())
        .collect();
    let page = paging.of(
        "MCP servers to connect to",
        servers,
        |server| match server.id {
            Some(id) => (server.name.clone(), id),
            None => (String::new(), Uuid::nil()),
        },
    )?;
    Ok(HttpResponse::Ok().json(page))
}
