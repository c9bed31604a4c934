//! `tokendesk token create`.

use chrono::{DateTime, Utc};
use clap::Args;

use super::{Revealed, shapes};
use crate::access::Actor;
use crate::catalogue::{Scope, ScopeSet};
use crate::commands::output::Format;
use crate::commands::{Desk, Failure, organization};
use crate::tokens::draft::{Expiry, NewToken};
use crate::tokens::queries::{self, ChangeError};
use crate::tokens::{Name, Ranges};

#[derive(Args)]
pub struct Options {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    #[arg(long)]
    name: String,
    /// all, admin:read, admin:write, admin:scim, connect:read, connect:write, tokens:verify
    #[arg(long = "scope", required = true, num_args = 1.., value_name = "SCOPE")]
    scopes: Vec<String>,
    /// 30d, 90d, 1y, never, or an instant such as 2027-02-20T14:30:00Z
    #[arg(long, default_value = "never")]
    expires: String,
    /// Allowed addresses and CIDRs
    #[arg(long = "ip", num_args = 1.., value_name = "RANGE")]
    ranges: Vec<String>,
    #[command(flatten)]
    format: Format,
}

pub async fn run(desk: &Desk, options: &Options) -> Result<(), Failure> {
    let now = desk.clock.now();
    let new = parse(options, now).map_err(|mistakes| Failure::new(mistakes.join("\n")))?;
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.organization).await?;
    let actor = Actor::command_line(organization.id);
    let created = queries::create(connection, &actor, &new, now).await;
    let (token, secret) = created.map_err(|error| match error {
        ChangeError::NameTaken => Failure::new(format!(
            "--name: a token named {:?} already exists. Choose another name.",
            new.name.as_str()
        )),
        error => error.into(),
    })?;
    let (token, secret) = (shapes::Token::new(token, None, now), secret.reveal());
    options.format.say(&Revealed { token, secret }, secret)
}

fn parse(create: &Options, now: DateTime<Utc>) -> Result<NewToken, Vec<String>> {
    let mut mistakes = Vec::new();
    let name = Name::parse(&create.name)
        .map_err(|error| mistakes.push(format!("--name: {error}")))
        .ok();
    let mut scopes = Vec::new();
    for scope in &create.scopes {
        match scope.parse::<Scope>() {
            Ok(scope) if scope.is_for_api_tokens() => scopes.push(scope),
            _ => mistakes.push(format!("--scope: {scope:?} is not a scope of API tokens")),
        }
    }
    let expires_at = Expiry::until(&create.expires, now)
        .map_err(|why| mistakes.push(format!("--expires: {:?} {why}", create.expires)))
        .ok();
    let ranges = Ranges::parse(&create.ranges.join(" "))
        .map_err(|errors| mistakes.extend(errors.iter().map(|error| format!("--ip: {error}"))))
        .ok();
    match (name, expires_at, ranges) {
        (Some(name), Some(expires_at), Some(ranges)) if mistakes.is_empty() => Ok(NewToken {
            name,
            scopes: Some(scopes.into_iter().collect::<ScopeSet>()),
            product: None,
            expires_at,
            ranges,
        }),
        _ => Err(mistakes),
    }
}
