//! `tokendesk token create`.

use chrono::{DateTime, SubsecRound, Utc};
use clap::{Args, Subcommand};

use super::{Desk, Failure, organization};
use crate::access::Actor;
use crate::catalogue::{Scope, ScopeSet};
use crate::tokens::draft::{Expiry, NewToken};
use crate::tokens::queries::{self, ChangeError};
use crate::tokens::{Name, Ranges};

#[derive(Subcommand)]
pub enum Command {
    /// Create an API token; its secret, alone, goes to standard output
    Create(Create),
}

#[derive(Args)]
pub struct Create {
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
}

pub async fn run(desk: &Desk, Command::Create(create): Command) -> Result<(), Failure> {
    let now = desk.clock.now();
    let new = parse(&create, now).map_err(|mistakes| Failure::new(mistakes.join("\n")))?;
    let connection = &mut *desk
        .database
        .get()
        .await
        .map_err(|error| Failure::because(&error))?;
    let organization = organization(connection, &create.organization).await?;
    let actor = Actor::command_line(organization.id);
    match queries::create(connection, &actor, &new, now).await {
        Ok((_, secret)) => {
            println!("{}", secret.reveal());
            Ok(())
        }
        Err(ChangeError::NameTaken) => Err(Failure::new(format!(
            "--name: a token named {:?} already exists. Choose another name.",
            new.name.as_str()
        ))),
        Err(ChangeError::Query(error)) => Err(Failure::because(&error)),
        Err(ChangeError::ProductGone) => Err(Failure::new("The product was deleted meanwhile.")),
        Err(ChangeError::Full(_) | ChangeError::Outdated(_) | ChangeError::Beyond(_)) => {
            Err(Failure::new("The token was changed meanwhile."))
        }
    }
}

fn parse(create: &Create, now: DateTime<Utc>) -> Result<NewToken, Vec<String>> {
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
    let expires_at = expiry(&create.expires, now)
        .map_err(|error| mistakes.push(format!("--expires: {error}")))
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

fn expiry(text: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
    match text.parse::<Expiry>() {
        Ok(Expiry::Never) => return Ok(None),
        Ok(preset) if preset != Expiry::At => return Ok(preset.preset(now)),
        _ => {}
    }
    let at: DateTime<Utc> = text
        .parse()
        .map_err(|_| format!("{text:?} is none of 30d, 90d, 1y, never or 2027-02-20T14:30:00Z"))?;
    if at <= now {
        return Err(format!("{text} is not in the future"));
    }
    Ok(Some(at.trunc_subsecs(0)))
}
