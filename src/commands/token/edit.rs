//! `tokendesk token edit`.

use chrono::{DateTime, Utc};
use clap::Args;

use super::reading::Reading;
use super::{Changed, Which, name_taken};
use crate::api::shapes;
use crate::commands::output::Format;
use crate::commands::{Desk, Failure};
use crate::tokens::draft::NewToken;
use crate::tokens::queries::{self, ChangeError};
use crate::tokens::{NOT_EDITABLE, Ranges, Token};

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    format: Format,
}

/// What is left out stays. So does the product, which the secret tells of.
#[derive(Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// All scopes that it is to have
    #[arg(long = "scope", num_args = 1.., value_name = "SCOPE")]
    scopes: Vec<String>,
    /// 30d, 90d, 1y, never, or an instant such as 2027-02-20T14:30:00Z
    #[arg(long)]
    expires: Option<String>,
    /// All addresses and CIDRs that it is to be allowed from
    #[arg(long = "ip", num_args = 1.., value_name = "RANGE", conflicts_with = "any_ip")]
    ranges: Vec<String>,
    /// Allow it from any address
    #[arg(long)]
    any_ip: bool,
}

pub async fn run(desk: &Desk, options: &Options) -> Result<(), Failure> {
    let now = desk.clock.now();
    let mut connection = desk.database.get().await?;
    let (operator, token) = options.which.find(&mut connection).await?;
    let revoked = || Failure::new(NOT_EDITABLE);
    if !token.status(&now).permits_edit() {
        return Err(revoked());
    }
    let new = options.changes.made_to(&token, now)?;
    let (actor, key) = (operator.actor(), token.key());
    let edited = queries::edit(&mut connection, &actor, key, token.version, &new, now).await;
    edited.map_err(|error| match error {
        ChangeError::NameTaken => name_taken(&new),
        ChangeError::Outdated(current) if !current.status(&now).permits_edit() => revoked(),
        error => error.into(),
    })?;
    let token = queries::token(&mut connection, &operator, key).await?;
    let token = shapes::described(&mut connection, token, desk.clock.now()).await?;
    drop(connection);
    let changed = Changed::with(token, desk.receipt().await);
    let sentence = format!("“{}” is saved.", new.name.as_str());
    options.format.say(&changed, &sentence)
}

impl Changes {
    /// What it is to be then.
    fn made_to(&self, token: &Token, now: DateTime<Utc>) -> Result<NewToken, Failure> {
        let mut reading = Reading::at(now);
        let name = reading.name(self.name.as_ref().unwrap_or(&token.name));
        let scopes = match &*self.scopes {
            [] => Some(token.scopes),
            names => reading.scopes(names).map(Some),
        };
        let expires_at = match &self.expires {
            None => Some(token.expires_at),
            Some(text) => reading.expiry(text),
        };
        let ranges = match &*self.ranges {
            _ if self.any_ip => Some(Ranges::default()),
            [] => Some(token.ranges.clone()),
            texts => reading.ranges(texts),
        };
        match (name, scopes, expires_at, ranges) {
            (Some(name), Some(scopes), Some(expires_at), Some(ranges)) => Ok(NewToken {
                name,
                scopes,
                product: None,
                expires_at,
                ranges,
            }),
            _ => Err(reading.failure()),
        }
    }
}
