//! All of an organisation's resources at once, as TOML.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::find_all;
use crate::api::shapes;
use crate::catalogue::resources::queries;
use crate::catalogue::resources::{file as catalogue_file, summed_up};
use crate::commands::{Desk, Failure, Within, file};

#[derive(Args)]
pub struct Import {
    /// TOML as it is exported, or - for standard input
    file: PathBuf,
    #[command(flatten)]
    options: Within,
}

#[derive(Serialize)]
struct Exported<'a> {
    toml: &'a str,
}

#[derive(Serialize)]
struct Replaced {
    /// How many were added, changed or removed.
    changed: usize,
    receipt: shapes::Receipt,
}

pub async fn export(desk: &Desk, options: &Within) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (_, catalogue) = find_all(connection, options).await?;
    let toml = catalogue_file::write(&catalogue.all());
    options
        .format
        .say(&Exported { toml: &toml }, toml.trim_end())
}

pub async fn import(desk: &Desk, import: &Import) -> Result<(), Failure> {
    let (path, options) = (&import.file, &import.options);
    let text = file::content(path).await?;
    let text = str::from_utf8(&text).map_err(|error| file::wrong(path, &error))?;
    let new = catalogue_file::read(text).map_err(|mistakes| {
        let mistakes = mistakes.join("\n");
        Failure::new(format!("{mistakes}\nNothing was imported."))
    })?;
    if new.is_empty() {
        return Err(file::wrong(path, &"there is no resource in it"));
    }
    let mut connection = desk.database.get().await?;
    let (operator, catalogue) = find_all(&mut connection, options).await?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let revision = catalogue.revision;
    let changed = queries::import(&mut connection, &actor, revision, &new, now).await?;
    drop(connection);
    told(desk, options, "Imported", changed).await
}

pub async fn reset(desk: &Desk, options: &Within) -> Result<(), Failure> {
    let mut connection = desk.database.get().await?;
    let (operator, catalogue) = find_all(&mut connection, options).await?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let changed = queries::reset(&mut connection, &actor, catalogue.revision, now).await?;
    drop(connection);
    told(desk, options, "Reset", changed).await
}

async fn told(desk: &Desk, options: &Within, verb: &str, changed: usize) -> Result<(), Failure> {
    let receipt = desk.receipt().await;
    let replaced = Replaced { changed, receipt };
    options.format.say(&replaced, &summed_up(verb, changed))
}
