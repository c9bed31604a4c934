//! `tokendesk token`: API tokens.

mod change;
mod create;
mod edit;
mod list;
mod overlap;
mod reading;
mod rotate;
mod show;

use clap::{Args, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use super::{Desk, Failure, organization};
use crate::access::Operator;
use crate::api::shapes;
use crate::db::Connection;
use crate::tokens::draft::NewToken;
use crate::tokens::{Key, Token, Transition, queries};

#[derive(Subcommand)]
pub enum Command {
    /// List API tokens, the newest first
    List(list::Options),
    /// Tell what is known of an API token
    Show(show::Options),
    /// Create an API token; its secret, alone, goes to standard output
    Create(create::Options),
    /// Change an API token's name, scopes, allowed addresses or expiry; its secret stays
    Edit(edit::Options),
    /// Give an API token a new secret, which goes to standard output, alone
    Rotate(rotate::Options),
    /// Stop the secret from before the last rotation now
    EndOverlap(change::Options),
    /// Have requests with an API token refused until it is enabled
    Disable(change::Options),
    /// Have a disabled API token work again
    Enable(change::Options),
    /// Have requests with an API token refused for ever
    Revoke(change::Options),
    /// Delete an API token; the audit log keeps what happened
    Delete(change::Options),
}

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list::run(desk, options).await,
        Command::Show(options) => show::run(desk, &options).await,
        Command::Create(options) => create::run(desk, &options).await,
        Command::Edit(options) => edit::run(desk, &options).await,
        Command::Rotate(options) => rotate::run(desk, &options).await,
        Command::EndOverlap(options) => overlap::end(desk, &options).await,
        Command::Disable(options) => change::run(desk, &options, Transition::Disabling).await,
        Command::Enable(options) => change::run(desk, &options, Transition::Enabling).await,
        Command::Revoke(options) => change::run(desk, &options, Transition::Revocation).await,
        Command::Delete(options) => change::run(desk, &options, Transition::Deletion).await,
    }
}

/// Which token is meant.
#[derive(Args)]
pub struct Which {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    /// The token's ID, or the name of one that is not revoked
    token: String,
}

impl Which {
    async fn find(&self, connection: &mut Connection) -> Result<(Operator, Token), Failure> {
        let organization = organization(connection, &self.organization).await?;
        let operator = Operator::at(organization.id);
        let key = match self.token.parse::<Uuid>() {
            Ok(id) => Key::from(id),
            Err(_) => match queries::named(connection, &operator, &self.token).await {
                Ok(id) => id.into(),
                Err(diesel::NotFound) => return Err(self.unknown(&organization.name)),
                Err(error) => return Err(error.into()),
            },
        };
        match queries::token(connection, &operator, key).await {
            Ok(token) => Ok((operator, token)),
            Err(diesel::NotFound) => Err(self.unknown(&organization.name)),
            Err(error) => Err(error.into()),
        }
    }

    /// What was typed is not repeated, as it may be a secret.
    fn unknown(&self, organization: &str) -> Failure {
        Failure::new(format!(
            "{organization} has no API token with this ID, nor one with this name that is not revoked. \
             `tokendesk token list --organization {}` tells which there are, and their IDs.",
            self.organization
        ))
    }
}

/// Another token has the name.
fn name_taken(new: &NewToken) -> Failure {
    Failure::new(format!(
        "--name: a token named {:?} already exists. Choose another name.",
        new.name.as_str()
    ))
}

/// What became of a token.
#[derive(Serialize)]
struct Changed {
    /// `null`: it is deleted.
    token: Option<shapes::Token>,
    /// Where what was taken away is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<shapes::Receipt>,
}

impl Changed {
    fn with(token: shapes::Token, receipt: shapes::Receipt) -> Self {
        Self {
            token: Some(token),
            receipt: Some(receipt),
        }
    }
}

/// A token with its new secret.
#[derive(Serialize)]
struct Revealed<'a> {
    token: shapes::Token,
    secret: &'a str,
}
