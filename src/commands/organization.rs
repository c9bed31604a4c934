//! `tokendesk organization create`.

use clap::{Args, Subcommand};

use super::{Desk, Failure};
use crate::identity::{self, PersonName};

#[derive(Subcommand)]
pub enum Command {
    /// Create an organisation; its slug goes to standard output
    Create(Create),
}

#[derive(Args)]
pub struct Create {
    #[arg(long)]
    name: String,
}

pub async fn run(desk: &Desk, Command::Create(create): Command) -> Result<(), Failure> {
    let name = PersonName::parse(&create.name)
        .map_err(|error| Failure::new(format!("--name: {error}")))?;
    let connection = &mut *desk
        .database
        .get()
        .await
        .map_err(|error| Failure::because(&error))?;
    let slug = identity::queries::create_organization(connection, &name, desk.clock.now())
        .await
        .map_err(|error| Failure::because(&error))?;
    println!("{slug}");
    Ok(())
}
