//! `tokendesk mcp-server`: MCP servers of the organisation's own.

use clap::{Args, Subcommand};

use super::output::{Format, InEffect};
use super::{Desk, Failure, Within, organization};
use crate::access::{Operator, Overseer};
use crate::api::shapes;
use crate::db::{Connection, Pinned};
use crate::profile::servers::draft::Draft;
use crate::profile::servers::queries::{self, ChangeError, Server};
use crate::web::form::Field;
use crate::web::format;

#[derive(Subcommand)]
pub enum Command {
    /// List MCP servers by name
    List(Within),
    /// Add an MCP server, to which profiles then show how to connect
    Create(Create),
    /// Change an MCP server's name, address or description
    Edit(Edit),
    /// Remove an MCP server
    Delete(Which),
}

#[derive(Args)]
pub struct Create {
    #[command(flatten)]
    within: Within,
    /// As clients' configurations name it: of a-z, 0-9 and hyphens
    #[arg(long)]
    name: String,
    #[arg(long)]
    url: String,
    #[arg(long, default_value = "")]
    description: String,
}

/// Which server is meant.
#[derive(Args)]
pub struct Which {
    #[command(flatten)]
    within: Within,
    /// The server's name
    server: String,
}

#[derive(Args)]
pub struct Edit {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    changes: Changes,
}

/// What is left out stays.
#[derive(Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// Another address
    #[arg(long)]
    url: Option<String>,
    /// Another description
    #[arg(long)]
    description: Option<String>,
}

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list(desk, &options).await,
        Command::Create(options) => create(desk, options).await,
        Command::Edit(options) => edit(desk, options).await,
        Command::Delete(which) => delete(desk, &which).await,
    }
}

async fn list(desk: &Desk, options: &Within) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.organization).await?;
    let servers = queries::list(connection, organization.id).await?;
    let row = |server: Server| (cells(&server), shapes::McpServer::from(server));
    let headers = ["ID", "NAME", "URL", "DESCRIPTION", "ADDED"];
    let mut table = options.format.table(headers);
    table.print(servers.into_iter().map(row).collect())
}

fn cells(server: &Server) -> [String; 5] {
    [
        server.id.to_string(),
        server.name.clone(),
        server.url.clone(),
        server.description.clone(),
        format::date(&server.created_at),
    ]
}

async fn create(desk: &Desk, options: Create) -> Result<(), Failure> {
    let mut connection = desk.database.get().await?;
    let organization = organization(&mut connection, &options.within.organization).await?;
    let operator = Operator::at(organization.id);
    let draft = Draft {
        name: Field::new(options.name),
        url: Field::new(options.url),
        description: Field::new(options.description),
        ..Draft::default()
    };
    let new = draft.clone().parse().map_err(|draft| mistakes(&draft))?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let created = queries::create(&mut connection, &actor, &new, now).await;
    let id = created.map_err(|error| refused(error, draft))?;
    let server = queries::server(&mut connection, &operator, id).await?;
    drop(connection);
    told(desk, options.within.format, server, "is added").await
}

/// A server is a place where calls are judged by their tools: so it is said where that is in effect.
async fn told(desk: &Desk, format: Format, server: Server, done: &str) -> Result<(), Failure> {
    let sentence = format!("“{}” {done}.", server.name);
    let changed = InEffect {
        thing: shapes::McpServer::from(server),
        receipt: desk.receipt().await,
    };
    format.say(&changed, &sentence)
}

fn mistakes(draft: &Draft) -> Failure {
    Failure::by_flag(&draft.fields())
}

/// Why a server is not added or changed, where that has to do with a flag.
fn refused(error: ChangeError, draft: Draft) -> Failure {
    match error {
        ChangeError::NameTaken => mistakes(&draft.name_taken()),
        error => error.into(),
    }
}

async fn edit(desk: &Desk, Edit { which, changes }: Edit) -> Result<(), Failure> {
    let mut connection = desk.database.get().await?;
    let (operator, server) = which.find(&mut connection).await?;
    let mut draft = Draft::from(&server);
    for (field, value) in [
        (&mut draft.name, changes.name),
        (&mut draft.url, changes.url),
        (&mut draft.description, changes.description),
    ] {
        if let Some(value) = value {
            *field = Field::new(value);
        }
    }
    let new = draft.clone().parse().map_err(|draft| mistakes(&draft))?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let read = Pinned::read(server.id, server.version);
    let edited = queries::update(&mut connection, &actor, read, &new, now).await;
    edited.map_err(|error| refused(error, draft))?;
    let server = queries::server(&mut connection, &operator, server.id).await?;
    drop(connection);
    told(desk, which.within.format, server, "is saved").await
}

async fn delete(desk: &Desk, which: &Which) -> Result<(), Failure> {
    let mut connection = desk.database.get().await?;
    let (operator, server) = which.find(&mut connection).await?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let removed = queries::remove(&mut connection, &actor, server.id, now).await?;
    drop(connection);
    told(desk, which.within.format, removed, "is removed").await
}

impl Which {
    async fn find(&self, connection: &mut Connection) -> Result<(Operator, Server), Failure> {
        let organization = organization(connection, &self.within.organization).await?;
        let operator = Operator::at(organization.id);
        let mut servers = queries::list(connection, operator.overseen())
            .await?
            .into_iter();
        let server = servers.find(|server| server.name.eq_ignore_ascii_case(&self.server));
        let server = server.ok_or_else(|| {
            Failure::new(format!(
                "{} has no MCP server {:?}. `tokendesk mcp-server list` tells which there are.",
                organization.name, self.server
            ))
        })?;
        Ok((operator, server))
    }
}
