//! The command line. Each command works beside a running server, also with the private
//! PostgreSQL, which the first to need it starts and the last to need it stops.

mod demo;
mod export;
mod file;
mod group;
mod import;
mod invitation;
mod mcp_server;
mod mcp_token;
mod migrate;
mod organization;
mod output;
mod product;
mod progress;
mod resource;
mod serve;
mod token;
mod user;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use diesel::result::Error as QueryError;
use diesel_async::pooled_connection::deadpool::PoolError;
use tokio::time::sleep;

use crate::access::Organization;
use crate::api::shapes::Receipt;
use crate::clock::Clock;
use crate::config::{Config, DatabaseChoice, Settings};
use crate::db::embedded::Cluster;
use crate::db::url::Target;
use crate::db::{Connection, Database, with_causes};
use crate::fleet::{Fleet, Participation};
use crate::web::Error;
use crate::web::form::Field;
use crate::{catalogue, identity, members, profile, telemetry, tokens};

/// A self-hosted console for API tokens
#[derive(Parser)]
#[command(name = "tokendesk", version, term_width = 120)]
pub struct CommandLine {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server (this is what happens without a command)
    Serve,
    /// Bring the database's schema up to this version, and end
    Migrate(migrate::Options),
    /// Fill an empty database with a believable organisation
    Demo(demo::Options),
    /// Import the tokens of an older system, which keep their secrets
    Import(import::Options),
    /// Manage organisations
    #[command(subcommand)]
    Organization(organization::Command),
    /// Manage people
    #[command(subcommand)]
    User(user::Command),
    /// Manage invitations
    #[command(subcommand)]
    Invitation(invitation::Command),
    /// Manage groups
    #[command(subcommand)]
    Group(group::Command),
    /// Manage products
    #[command(subcommand)]
    Product(product::Command),
    /// Manage resources: protected APIs, and which scope each operation needs
    #[command(subcommand)]
    Resource(resource::Command),
    /// Manage MCP servers
    #[command(subcommand)]
    McpServer(mcp_server::Command),
    /// Manage members' MCP tokens
    #[command(subcommand)]
    McpToken(mcp_token::Command),
    /// Print an organisation's audit log in JSON, an entry a line, the oldest first
    Export(export::Options),
    /// Manage API tokens
    #[command(subcommand)]
    Token(token::Command),
}

/// Why a command failed, in words for whoever typed it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// All that is wrong with a form, whose fields have the names of flags.
    fn by_flag(fields: &[(&str, &Field)]) -> Self {
        let refused = fields.iter().flat_map(|(name, field)| {
            let errors = field.errors.iter();
            errors.map(move |error| format!("--{name}: {error}"))
        });
        Self(refused.collect::<Vec<_>>().join("\n"))
    }

    /// The error and what led to it.
    fn because(error: &dyn std::error::Error) -> Self {
        Self(with_causes(error))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Conflict(why) => Self::new(why),
            Error::Stale(why) => Self(why),
            error => Self::because(&error),
        }
    }
}

/// Why a feature does not change something, or the database does not answer.
macro_rules! failures {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Error::from(error).into()
            }
        })+
    };
}

failures!(
    QueryError,
    PoolError,
    catalogue::products::queries::ChangeError,
    catalogue::resources::queries::ChangeError,
    members::invitations::queries::InviteError,
    members::queries::ChangeError,
    members::groups::queries::ChangeError,
    profile::servers::queries::ChangeError,
    tokens::queries::ChangeError,
);

/// What a command works with.
struct Desk {
    config: Config,
    database: Database,
    /// Where changes are heard of.
    listen: Target,
    clock: Clock,
}

/// Which organisation is meant, and how what there is to tell is printed.
#[derive(Args)]
struct Within {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    #[command(flatten)]
    format: output::Format,
}

impl Desk {
    /// Waits until what was changed is in effect on every instance, and says so on standard error.
    /// No connection to the database may be held meanwhile.
    async fn receipt(&self) -> Receipt {
        let participation = Participation {
            target: self.listen.clone(),
            name: String::new(),
            lease: self.config.lease,
        };
        let fleet = Fleet::new(participation, self.database.clone());
        let receipt = Receipt::wait(&fleet);
        let receipt = fleet.unseen(receipt).await;
        output::tell(format_args!("{receipt}"));
        receipt
    }
}

/// # Errors
/// What went wrong, in words.
pub async fn run(line: CommandLine) -> Result<(), Failure> {
    let config = Config::new(line.settings).map_err(|mistakes| Failure(mistakes.join("\n")))?;
    telemetry::start(&config);
    let (target, cluster) = match config.database.clone() {
        DatabaseChoice::Url(target) => (*target, None),
        DatabaseChoice::Embedded(directory) => {
            let cluster = open(&directory).await?;
            (Target::embedded(cluster.connection()), Some(cluster))
        }
    };
    let connections = config.database_connections;
    let (database, listen) = match config.listen.clone() {
        None => (Database::new(target.clone(), connections), target),
        Some(direct) => {
            let direct = *direct;
            let database = Database::behind_pooler(target, direct.clone(), connections);
            (database, direct)
        }
    };
    let desk = Desk {
        listen,
        database,
        config,
        clock: Clock::system(),
    };
    let keeping = match (&line.command, &desk.config.database) {
        (None | Some(Command::Serve), DatabaseChoice::Embedded(directory)) => {
            Some(tokio::spawn(keep_running(directory.clone())))
        }
        _ => None,
    };
    let done = Box::pin(carry_out(line.command.unwrap_or(Command::Serve), &desk)).await;
    if let Some(keeping) = keeping {
        keeping.abort();
    }
    desk.database.close();
    if let Some(cluster) = cluster {
        close(cluster).await?;
    }
    done
}

async fn carry_out(command: Command, desk: &Desk) -> Result<(), Failure> {
    let migrated = desk
        .database
        .migrate()
        .await
        .map_err(|error| Failure::because(&error))?;
    match command {
        Command::Serve => serve::run(desk).await,
        Command::Migrate(options) => migrate::run(migrated, &options),
        Command::Demo(options) => demo::run(desk, &options).await,
        Command::Import(options) => import::run(desk, options).await,
        Command::Organization(command) => organization::run(desk, command).await,
        Command::Invitation(command) => invitation::run(desk, command).await,
        Command::Group(command) => group::run(desk, command).await,
        Command::Product(command) => product::run(desk, command).await,
        Command::Resource(command) => resource::run(desk, command).await,
        Command::McpServer(command) => mcp_server::run(desk, command).await,
        Command::McpToken(command) => mcp_token::run(desk, command).await,
        Command::Export(options) => export::run(desk, options).await,
        Command::User(command) => user::run(desk, command).await,
        Command::Token(command) => token::run(desk, command).await,
    }
}

async fn open(directory: &Path) -> Result<Cluster, Failure> {
    let directory = directory.to_owned();
    let opened = tokio::task::spawn_blocking(move || Cluster::open(&directory)).await;
    opened
        .map_err(|error| Failure::because(&error))?
        .map_err(|error| Failure::because(&error))
}

/// The private PostgreSQL has nobody else who starts it again.
async fn keep_running(directory: PathBuf) {
    const PAUSE: Duration = Duration::from_secs(2);
    let mut is_told = false;
    loop {
        sleep(PAUSE).await;
        let directory = directory.clone();
        let revived = tokio::task::spawn_blocking(move || Cluster::revive(&directory)).await;
        match revived {
            Ok(Ok(false)) => is_told = false,
            Ok(Ok(true)) => {
                tracing::warn!("the private PostgreSQL had ended, and was started again");
            }
            Ok(Err(error)) if !is_told => {
                tracing::error!(%error, "the private PostgreSQL has ended, and cannot be started");
                is_told = true;
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

async fn close(cluster: Cluster) -> Result<(), Failure> {
    let closed = tokio::task::spawn_blocking(move || cluster.close()).await;
    closed
        .map_err(|error| Failure::because(&error))?
        .map_err(|error| Failure::because(&error))
}

/// The organisation with this slug.
async fn organization(connection: &mut Connection, slug: &str) -> Result<Organization, Failure> {
    if let Some(organization) = identity::queries::organization(connection, slug).await? {
        return Ok(organization);
    }
    let slugs = identity::queries::slugs(connection).await?;
    Err(Failure::new(if slugs.is_empty() {
        "There is no organisation yet. Set one up in the browser first, or see \
         `tokendesk organization create --help`."
            .to_owned()
    } else {
        format!(
            "There is no organisation {slug:?}. There are: {}",
            slugs.join(", ")
        )
    }))
}
