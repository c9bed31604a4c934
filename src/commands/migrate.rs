//! `tokendesk migrate`: the schema, which every command brings up to date.

use clap::Args;
use serde::Serialize;

use super::Failure;
use super::output::Format;
use crate::web::format;

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
    let were_run = format::counted(migrations, "migration was", "migrations were");
    let sentence = format!("{were_run} run; the schema is up to date.");
    options.format.say(&Migrated { migrations }, &sentence)
}
