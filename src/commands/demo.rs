//! `tokendesk demo`: fills an empty database with an organisation that looks as if it had been
//! there for two years. All of it is written in one transaction: a demo that fails or is
//! interrupted leaves the database as empty as it was.

mod bulk;
mod calls;
mod cast;
mod queries;
mod story;
mod traffic;

use clap::Args;
use diesel_async::AsyncConnection;
use serde::Serialize;

use self::cast::{ADA, JUN, MEI};
use super::output::Format;
use super::{Desk, Failure};
use crate::db::Connection;
use crate::identity;
use crate::secret::Plaintext;
use crate::web::{Error, format};

const PASSWORD_LENGTH: usize = 20;

#[derive(Args)]
pub struct Options {
    /// How many tokens; 42 by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    tokens: Option<u32>,
    #[command(flatten)]
    format: Format,
}

/// What there is now, and how to see it.
#[derive(Serialize)]
struct Filled<'a> {
    organization: &'a str,
    api_tokens: usize,
    address: String,
    email: &'a str,
    password: &'a str,
}

pub async fn run(desk: &Desk, options: &Options) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    refuse_unless_empty(connection).await?;
    let password = Plaintext::random(PASSWORD_LENGTH);
    let wanted = options.tokens.map(|tokens| tokens as usize);
    let tokens = fill(desk, connection, &password, wanted).await?;
    let filled = Filled {
        organization: cast::ORGANIZATION,
        api_tokens: tokens,
        address: desk.config.public_url.join("/sign-in"),
        email: ADA.email,
        password: password.reveal(),
    };
    let welcome = welcome(desk, &password, tokens);
    options.format.say(&filled, &welcome)?;
    queries::tidy(connection).await.map_err(|error| {
        Failure::new(format!(
            "All of it is there, but VACUUM ANALYZE failed, so that pages may be slow: {error}"
        ))
    })
}

async fn refuse_unless_empty(connection: &mut Connection) -> Result<(), Failure> {
    let slugs = identity::queries::slugs(connection).await?;
    if slugs.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "This database is in use (organisations: {}), and nothing in it was changed. `demo` \
         fills an empty one: choose another with --data-dir or --database-url.",
        slugs.join(", ")
    )))
}

/// Returns how many tokens there are.
async fn fill(
    desk: &Desk,
    connection: &mut Connection,
    password: &Plaintext,
    wanted: Option<usize>,
) -> Result<usize, Error> {
    let now = desk.clock.now();
    connection
        .transaction(async |connection| {
            let stage = story::set(connection, password, now).await?;
            let cast = &cast::TOKENS[..wanted.unwrap_or(usize::MAX).min(cast::TOKENS.len())];
            let parts = cast.iter().chain(&cast::MCP_TOKENS);
            let played = story::play(connection, &stage, parts, now).await?;
            traffic::write(connection, &played, now).await?;
            let more = wanted.unwrap_or_default().saturating_sub(cast.len());
            bulk::insert(connection, &stage, more, now).await?;
            Ok(cast.len() + more)
        })
        .await
}

fn welcome(desk: &Desk, password: &Plaintext, tokens: usize) -> String {
    format!(
        "{} has {}. Start the server with `tokendesk`, if it does not run, and sign in:\n\n  \
         Address   {}\n  Email     {}\n  Password  {}\n\n\
         {} (administrator) and {} (member) have the same password. It is not shown again.",
        cast::ORGANIZATION,
        format::counted(tokens, "API token", "API tokens"),
        desk.config.public_url.join("/sign-in"),
        ADA.email,
        password.reveal(),
        JUN.email,
        MEI.email,
    )
}
