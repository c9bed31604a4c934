//! `tokendesk mcp-token`: members' personal tokens. Their owners alone make them.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::output::InEffect;
use super::{Desk, Failure, Within, organization};
use crate::access::Operator;
use crate::api::shapes;
use crate::tokens::queries::{self, ChangeError, Owned, Owners};
use crate::tokens::{TokenId, Transition};
use crate::web::format;

/// Tokens that are read at a time.
const PAGE: usize = 500;

#[derive(Subcommand)]
pub enum Command {
    /// List MCP tokens, whoever owns them, the newest first
    List(List),
    /// Have requests with an MCP token refused for ever
    Revoke(Revoke),
}

#[derive(Args)]
pub struct List {
    #[command(flatten)]
    within: Within,
    /// Those whose owner has this in their name or email
    #[arg(long, value_name = "TEXT", default_value = "")]
    owner: String,
}

#[derive(Args)]
pub struct Revoke {
    #[command(flatten)]
    within: Within,
    /// The token's ID
    id: Uuid,
}

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list(desk, options).await,
        Command::Revoke(options) => revoke(desk, &options).await,
    }
}

async fn list(desk: &Desk, options: List) -> Result<(), Failure> {
    let now = desk.clock.now();
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.within.organization).await?;
    let operator = Operator::at(organization.id);
    let owners = Owners {
        part: options.owner,
        id: None,
    };
    let headers = [
        "ID",
        "OWNER",
        "NAME",
        "PREFIX",
        "STATUS",
        "EXPIRES",
        "LAST USED",
    ];
    let mut table = options.within.format.table(headers);
    let page =
        async |at: Option<&_>| queries::of_all(connection, &operator, &owners, at, PAGE).await;
    let row = |owned: Owned| {
        (
            cells(&owned, &now),
            shapes::MembersMcpToken::new(owned, now),
        )
    };
    table.print_pages(page, row).await
}

fn cells(owned: &Owned, now: &DateTime<Utc>) -> [String; 7] {
    let token = &owned.token;
    let date = |at: Option<&DateTime<Utc>>| at.map_or("Never".into(), format::date);
    [
        token.id.to_string(),
        owned.owner_email.clone(),
        token.name.clone(),
        token.display.clone(),
        token.status(now).label().to_owned(),
        date(token.expires_at.as_ref()),
        date(token.usage.last_at.as_ref()),
    ]
}

async fn revoke(desk: &Desk, options: &Revoke) -> Result<(), Failure> {
    let now = desk.clock.now();
    let mut connection = desk.database.get().await?;
    let organization = organization(&mut connection, &options.within.organization).await?;
    let operator = Operator::at(organization.id);
    let id = TokenId::from(options.id);
    let unknown = |error| match error {
        diesel::NotFound => Failure::new(format!(
            "{} has no MCP token with this ID. `tokendesk mcp-token list --organization {}` tells \
             which there are.",
            organization.name, options.within.organization
        )),
        error => error.into(),
    };
    let owned = queries::of_somebody(&mut connection, &operator, id).await;
    let (key, how) = (owned.map_err(unknown)?.token.key(), Transition::Revocation);
    let applied = queries::apply(&mut connection, &operator.actor(), key, how, now).await;
    applied.map_err(|error| match error {
        ChangeError::Outdated(token) => Failure::new(token.status(&now).refusal(how)),
        error => error.into(),
    })?;
    let owned = queries::of_somebody(&mut connection, &operator, id).await?;
    drop(connection);
    let sentence = format!(
        "“{}” of {} {}",
        owned.token.name,
        owned.owner_email,
        how.past()
    );
    let revoked = InEffect {
        thing: shapes::MembersMcpToken::new(owned, now),
        receipt: desk.receipt().await,
    };
    options.within.format.say(&revoked, &sentence)
}
