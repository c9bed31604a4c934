//! `tokendesk migrate`: the schema, which every command brings up to date.

use clap::Args;
use serde::Serialize;

use super::Failure;
use super::output::Format;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    format: Format,
}

#[derive(Serialize)]
struct Migrated {
    migrations: usize,
}

/// `migrations` were run.
pub fn run(migrations: usize, options: &Options) -> Result<(), Failure> {
    let sentence = format!("{migrations} migrations were run; the schema is up to date.");
    options.format.say(&Migrated { migrations }, &sentence)
}
