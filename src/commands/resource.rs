//! `tokendesk resource`: all protected APIs at once, and which scope each operation needs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Desk, Failure, Within, file, organization};
use crate::access::Operator;
use crate::api::shapes;
use crate::catalogue::resources::queries::{self, Catalogue, Stored};
use crate::catalogue::resources::{file as catalogue_file, summed_up};
use crate::db::Connection;

#[derive(Subcommand)]
pub enum Command {
    /// List resources by path
    List(Within),
    /// Print all resources in TOML, as they can be imported again
    Export(Within),
    /// Put those of a file in place of all resources
    Import(Import),
    /// Put the resources of a new organisation in place of all resources
    Reset(Within),
}

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

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list(desk, &options).await,
        Command::Export(options) => export(desk, &options).await,
        Command::Import(import) => replace(desk, &import).await,
        Command::Reset(options) => reset(desk, &options).await,
    }
}

async fn find(
    connection: &mut Connection,
    options: &Within,
) -> Result<(Operator, Catalogue), Failure> {
    let organization = organization(connection, &options.organization).await?;
    let operator = Operator::at(organization.id);
    let catalogue = queries::list(connection, &operator).await?;
    Ok((operator, catalogue))
}

async fn list(desk: &Desk, options: &Within) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (_, catalogue) = find(connection, options).await?;
    let row = |stored: Stored| (cells(&stored), shapes::Resource::from(stored));
    let mut table = options.format.table(["ID", "NAME", "PATH", "OPERATIONS"]);
    table.print(catalogue.resources.into_iter().map(row).collect())
}

fn cells(stored: &Stored) -> [String; 4] {
    let operations = stored.resource.operations.iter();
    let operations: Vec<&str> = operations
        .map(|operation| operation.name.as_str())
        .collect();
    [
        stored.id.to_string(),
        stored.resource.name.clone(),
        stored.resource.place().to_owned(),
        operations.join(", "),
    ]
}

async fn export(desk: &Desk, options: &Within) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (_, catalogue) = find(connection, options).await?;
    let toml = catalogue_file::write(&catalogue.all());
    options
        .format
        .say(&Exported { toml: &toml }, toml.trim_end())
}

async fn replace(desk: &Desk, import: &Import) -> Result<(), Failure> {
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
    let (operator, catalogue) = find(&mut connection, options).await?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let revision = catalogue.revision;
    let changed = queries::import(&mut connection, &actor, revision, &new, now).await?;
    drop(connection);
    told(desk, options, "Imported", changed).await
}

async fn reset(desk: &Desk, options: &Within) -> Result<(), Failure> {
    let mut connection = desk.database.get().await?;
    let (operator, catalogue) = find(&mut connection, options).await?;
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
