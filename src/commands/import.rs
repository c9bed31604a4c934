//! `tokendesk import`: the tokens of an older system, from a file, all of them or none.

use std::fmt::Display;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use zeroize::Zeroizing;

use super::{Desk, Failure, organization, progress};
use crate::access::Actor;
use crate::catalogue::{Scope, ScopeSet};
use crate::db::Connection;
use crate::tokens::import::{self, Import, Lines, Mistake};
use crate::tokens::queries::{self, ImportError};
use crate::web::format;

/// Where standard input stands for a file.
const STANDARD_INPUT: &str = "-";

#[derive(Args)]
pub struct Options {
    /// Comma-separated values, or - for standard input. The first line names the columns: name,
    /// secret or sha256 (hexadecimal), and if wanted scopes (with spaces between; none: all),
    /// expires (30d, 90d, 1y, never, or an instant) and owner (a member's email, for an MCP token)
    file: PathBuf,
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    /// Check all of it, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(desk: &Desk, options: Options) -> Result<(), Failure> {
    let text = content(&options.file).await?;
    // Standard input may have been long in coming, and the journal says when it was done.
    let now = desk.clock.now();
    let mut connection = desk.database.get().await?;
    let organization = organization(&mut connection, &options.organization).await?;
    let actor = Actor::command_line(organization.id);
    let Lines {
        imports,
        mut mistakes,
        count,
    } = read(&options.file, text, now).await?;
    if options.dry_run || !mistakes.is_empty() {
        mistakes.extend(queries::check(&mut connection, &actor, &imports, now).await?);
        mistakes.sort_unstable();
        refuse(&mistakes, count)?;
        println!(
            "{} can be imported{}.",
            tokens(count),
            with_full_access(&imports)
        );
        return Ok(());
    }
    match write(&mut connection, &actor, &imports, now).await {
        Err(ImportError::Mistakes(mistakes)) => refuse(&mistakes, count)?,
        Err(ImportError::Overtaken) => {
            return Err(Failure::new(
                "Somebody took one of the names or secrets meanwhile. Nothing was imported; try \
                 again.",
            ));
        }
        Err(ImportError::Query(error)) => return Err(error.into()),
        Ok(()) => drop(connection),
    }
    let (tokens, full) = (tokens(count), with_full_access(&imports));
    println!("{tokens} imported into {}{full}.", organization.name);
    desk.receipt().await;
    Ok(())
}

/// All of it, with secrets in it.
async fn content(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let path = file.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        if path.as_os_str() != STANDARD_INPUT {
            return fs::read(path).map(Zeroizing::new);
        }
        let mut text = Zeroizing::new(Vec::new());
        io::stdin().lock().read_to_end(&mut text)?;
        Ok(text)
    });
    let read: io::Result<_> = reading.await.map_err(|error| Failure::because(&error))?;
    read.map_err(|error| wrong(file, &error))
}

/// What it says. Only lines are kept that say what can be imported.
async fn read(file: &Path, text: Zeroizing<Vec<u8>>, now: DateTime<Utc>) -> Result<Lines, Failure> {
    let reading = tokio::task::spawn_blocking(move || {
        let bar = progress::bar(text.len() as u64, "{bar:40} {bytes} of {total_bytes} read");
        let read = import::read(&text, now, |bytes| bar.set_position(bytes));
        bar.finish_and_clear();
        read
    });
    let read = reading.await.map_err(|error| Failure::because(&error))?;
    read.map_err(|error| wrong(file, &error))
}

fn wrong(file: &Path, why: &impl Display) -> Failure {
    Failure::new(format!("{}: {why}.", file.display()))
}

async fn write(
    connection: &mut Connection,
    actor: &Actor,
    imports: &[Import],
    now: DateTime<Utc>,
) -> Result<(), ImportError> {
    let bar = progress::bar(
        imports.len() as u64,
        "{bar:40} {human_pos} of {human_len} tokens written",
    );
    let written = |more| bar.inc(more as u64);
    let imported = queries::import(connection, actor, imports, now, written).await;
    bar.finish_and_clear();
    imported
}

/// Fails with all mistakes, if there are any.
fn refuse(mistakes: &[Mistake], count: usize) -> Result<(), Failure> {
    if mistakes.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<u64> = mistakes.iter().map(|mistake| mistake.line).collect();
    lines.dedup();
    let wrong = thousands(lines.len());
    let told: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
    Err(Failure::new(format!(
        "{}\n{wrong} of {} cannot be imported. Nothing was imported.",
        told.join("\n"),
        tokens(count),
    )))
}

/// A column or a cell that was forgotten gives everything: so it is said.
fn with_full_access(imports: &[Import]) -> String {
    let all = ScopeSet::of(&[Scope::All]);
    let is_full = |import: &&Import| import.new.scopes.is_none_or(|scopes| scopes == all);
    match imports.iter().filter(is_full).count() {
        0 => String::new(),
        full => format!(", {} with full access", thousands(full)),
    }
}

fn tokens(count: usize) -> String {
    let number = i64::try_from(count).unwrap_or(i64::MAX);
    let word = format::plural(number, "token", "tokens");
    format!("{} {word}", thousands(count))
}

fn thousands(count: usize) -> String {
    format::thousands(i64::try_from(count).unwrap_or(i64::MAX))
}
