//! `tokendesk token create`.

use chrono::{DateTime, Utc};
use clap::Args;

use super::reading::Reading;
use super::{Revealed, name_taken, shapes};
use crate::access::Operator;
use crate::catalogue::Product;
use crate::commands::{Desk, Failure, Within, organization, product};
use crate::tokens::draft::NewToken;
use crate::tokens::queries::{self, ChangeError};

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    within: Within,
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
    /// The key of the product that it is linked to, with which the secret then begins
    #[arg(long, value_name = "KEY")]
    product: Option<String>,
}

pub async fn run(desk: &Desk, options: &Options) -> Result<(), Failure> {
    let now = desk.clock.now();
    let new = parse(options, now)?;
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.within.organization).await?;
    let operator = Operator::at(organization.id);
    let product: Option<Product> = match &options.product {
        Some(key) => Some(product::of_key(connection, &operator, key).await?),
        None => None,
    };
    let new = NewToken { product, ..new };
    let created = queries::create(connection, &operator.actor(), &new, now).await;
    let (token, secret) = created.map_err(|error| match error {
        ChangeError::NameTaken => name_taken(&new),
        error => error.into(),
    })?;
    let (token, secret) = (shapes::Token::new(token, None, now), secret.reveal());
    options
        .within
        .format
        .reveal(&Revealed { token, secret }, secret)
}

fn parse(create: &Options, now: DateTime<Utc>) -> Result<NewToken, Failure> {
    let mut reading = Reading::at(now);
    let name = reading.name(&create.name);
    let scopes = reading.scopes(&create.scopes);
    let expires_at = reading.expiry(&create.expires);
    let ranges = reading.ranges(&create.ranges);
    match (name, scopes, expires_at, ranges) {
        (Some(name), Some(scopes), Some(expires_at), Some(ranges)) => Ok(NewToken {
            name,
            scopes: Some(scopes),
            product: None,
            expires_at,
            ranges,
        }),
        _ => Err(reading.failure()),
    }
}
