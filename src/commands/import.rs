//! `tokendesk import`: the tokens of an older system, from a file, all of them or none.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;
use zeroize::Zeroizing;

use super::output::{Format, tell};
use super::{Desk, Failure, Within, file, organization, progress};
use crate::access::{Actor, Operator};
use crate::api::shapes::Receipt;
use crate::catalogue::{Scope, ScopeSet};
use crate::db::Connection;
use crate::tokens::import::{self, Import, Kind, Lines, Mistake};
use crate::tokens::queries::{self, ImportError};
use crate::tokens::secret::{FOREIGN, LONG};
use crate::web::format;

/// So many lines are named in a warning.
const MOST_NAMED: usize = 20;

#[derive(Args)]
pub struct Options {
    /// Comma-separated values, or - for standard input. The first line names the columns: name,
    /// secret (8 to 2048 visible characters) or its sha256 (hexadecimal), and if wanted scopes (with
    /// spaces between; none: all), expires (30d, 90d, 1y, never, or an instant) and owner (a
    /// member's email, for an MCP token)
    file: PathBuf,
    #[command(flatten)]
    within: Within,
    /// Take secrets too that are easy to guess; without it their lines are mistakes
    #[arg(long)]
    accept_guessable: bool,
    /// Check all of it, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// What was imported, or would be.
#[derive(Serialize)]
struct Imported {
    tokens: usize,
    /// How many of them have the scope `all`.
    full_access: usize,
    /// How many are known by their hash alone.
    hash_alone: usize,
    /// How many secrets are so short that new ones should soon take their place.
    short: usize,
    /// How many secrets are easy to guess.
    guessable: usize,
    dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

/// Why nothing was.
#[derive(Serialize)]
struct Refused<'a> {
    mistakes: &'a [Mistake],
}

pub async fn run(desk: &Desk, options: Options) -> Result<(), Failure> {
    let text = file::content(&options.file).await?;
    // Standard input may have been long in coming, and the journal says when it was done.
    let now = desk.clock.now();
    let mut connection = desk.database.get().await?;
    let organization = organization(&mut connection, &options.within.organization).await?;
    let actor = Operator::at(organization.id).actor();
    let Lines {
        imports,
        mut mistakes,
        count,
    } = read(&options, text, now).await?;
    let format = options.within.format;
    if options.dry_run || !mistakes.is_empty() {
        mistakes.extend(queries::check(&mut connection, &actor, &imports, now).await?);
        mistakes.sort_unstable();
        refuse(format, &mistakes, count)?;
        let full = with_full_access(&imports);
        let sentence = format!("{} can be imported{full}.", tokens(count));
        warn(&imports);
        return format.say(&Imported::of(&imports, None), &sentence);
    }
    match write(&mut connection, &actor, &imports, now).await {
        Err(ImportError::Mistakes(mistakes)) => refuse(format, &mistakes, count)?,
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
    let sentence = format!("{tokens} imported into {}{full}.", organization.name);
    let receipt = Some(desk.receipt().await);
    warn(&imports);
    format.say(&Imported::of(&imports, receipt), &sentence)
}

impl Imported {
    /// Without a receipt, nothing was imported.
    fn of(imports: &[Import], receipt: Option<Receipt>) -> Self {
        Self {
            tokens: imports.len(),
            full_access: full_access(imports),
            hash_alone: lines(imports, Kind::HashAlone).len(),
            short: lines(imports, Kind::Short).len(),
            guessable: lines(imports, Kind::Guessable).len(),
            dry_run: receipt.is_none(),
            receipt,
        }
    }
}

/// What it says. Only lines are kept that say what can be imported.
async fn read(
    options: &Options,
    text: Zeroizing<Vec<u8>>,
    now: DateTime<Utc>,
) -> Result<Lines, Failure> {
    let reading = tokio::task::spawn_blocking(move || {
        let bar = progress::bar(text.len() as u64, "{bar:40} {bytes} of {total_bytes} read");
        let read = import::read(&text, now, |bytes| bar.set_position(bytes));
        bar.finish_and_clear();
        read
    });
    let read = reading.await.map_err(|error| Failure::because(&error))?;
    let mut lines = read.map_err(|error| file::wrong(&options.file, &error))?;
    if !options.accept_guessable {
        lines.refuse_guessable();
    }
    Ok(lines)
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

/// Fails with all mistakes, if there are any. Programs find them on standard output.
fn refuse(format: Format, mistakes: &[Mistake], count: usize) -> Result<(), Failure> {
    if mistakes.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<u64> = mistakes.iter().map(|mistake| mistake.line).collect();
    lines.dedup();
    let wrong = format::thousands(lines.len());
    let summary = format!(
        "{wrong} of {} cannot be imported. Nothing was imported.",
        tokens(count)
    );
    if format.is_json() {
        format.say(&Refused { mistakes }, "")?;
        return Err(Failure::new(summary));
    }
    let told: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
    Err(Failure::new(format!("{}\n{summary}", told.join("\n"))))
}

/// A column or a cell that was forgotten gives everything: so it is said.
fn with_full_access(imports: &[Import]) -> String {
    match full_access(imports) {
        0 => String::new(),
        full => format!(", {} with full access", format::thousands(full)),
    }
}

fn full_access(imports: &[Import]) -> usize {
    let is_full = |import: &&Import| {
        let scopes = ScopeSet::effective(import.new.scopes);
        scopes.contains(Scope::All)
    };
    imports.iter().filter(is_full).count()
}

/// Those whose secret is of a kind.
fn lines(imports: &[Import], kind: Kind) -> Vec<u64> {
    let imports = imports.iter();
    imports
        .filter(|import| import.secret.kind == kind)
        .map(|import| import.line)
        .collect()
}

/// Of what works as it is, or perhaps, and should not stay so.
fn warn(imports: &[Import]) {
    let hashes = lines(imports, Kind::HashAlone).len();
    if hashes > 0 {
        tell(format_args!(
            "Known by hash alone: {}. One whose secret has fewer than {} characters, or others than \
             visible ASCII, never works, which a hash does not tell, nor whether it is easy to guess.",
            tokens(hashes),
            FOREIGN.start(),
        ));
    }
    let short = lines(imports, Kind::Short);
    if !short.is_empty() {
        tell(format_args!(
            "With a secret of fewer than {LONG} characters: {}. They work, and whoever guesses at them \
             is slowed down; give their clients new tokens soon.",
            named(&short),
        ));
    }
    let guessable = lines(imports, Kind::Guessable);
    if !guessable.is_empty() {
        tell(format_args!(
            "With a secret that is easy to guess: {}. They work for whoever guesses them too; give \
             their clients new tokens now.",
            named(&guessable),
        ));
    }
}

/// `3 tokens (lines 2, 5, 9)`
fn named(lines: &[u64]) -> String {
    let first: Vec<String> = lines.iter().take(MOST_NAMED).map(u64::to_string).collect();
    let more = if lines.len() > MOST_NAMED {
        " and more"
    } else {
        ""
    };
    let word = if lines.len() == 1 { "line" } else { "lines" };
    format!(
        "{} ({word} {}{more})",
        tokens(lines.len()),
        first.join(", ")
    )
}

fn tokens(count: usize) -> String {
    format::counted(count, "token", "tokens")
}
