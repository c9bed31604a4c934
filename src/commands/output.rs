//! What commands print on standard output: an aligned table or a sentence for people, or for
//! programs, with `--json`, an object, of lists one a line, with the names that the Admin API has.

use std::fmt;
use std::io::{self, BufWriter, Write};

use clap::Args;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::Failure;
use crate::api::shapes::Receipt;
use crate::web::paging::{Cursor, Slice};

/// Columns stand so far apart.
const GAP: usize = 2;

/// What was changed, and where that is in effect.
#[derive(Serialize)]
pub struct InEffect<T> {
    #[serde(flatten)]
    pub thing: T,
    pub receipt: Receipt,
}

#[derive(Args, Clone, Copy)]
pub struct Format {
    /// Print JSON, of lists an object a line
    #[arg(long)]
    json: bool,
}

impl Format {
    pub const JSON: Self = Self { json: true };

    #[must_use]
    pub fn is_json(self) -> bool {
        self.json
    }

    /// One thing: its fields, each with its value, or its JSON.
    pub fn print<const N: usize>(
        self,
        json: &impl Serialize,
        fields: [(&str, String); N],
    ) -> Result<(), Failure> {
        if self.json {
            return print(&[json_line(json)?]);
        }
        let width = fields.iter().map(|(name, _)| name.width()).max();
        let width = width.unwrap_or_default() + GAP;
        let lines = fields.map(|(name, value)| padded(name, width) + &value);
        print(&lines)
    }

    /// A sentence, or JSON.
    pub fn say(self, json: &impl Serialize, sentence: &str) -> Result<(), Failure> {
        self.print(json, [(sentence, String::new())])
    }

    /// The same of what is shown this once, and lost where it cannot be.
    pub fn reveal(self, json: &impl Serialize, secret: &str) -> Result<(), Failure> {
        self.say(json, secret).map_err(|Failure(why)| {
            Failure::new(format!(
                "{why}. It was made, and is lost, as it could not be shown: rotate the token, or make \
                 another link."
            ))
        })
    }

    #[must_use]
    pub fn table<const N: usize>(self, headers: [&'static str; N]) -> Table<N> {
        Table {
            format: self,
            widths: [0; N],
            headers: Some(headers),
        }
    }
}

/// Rows that are printed as they come, so that there may be any number of them.
pub struct Table<const N: usize> {
    format: Format,
    /// As wide as what was printed so far.
    widths: [usize; N],
    /// Until they are printed.
    headers: Option<[&'static str; N]>,
}

impl<const N: usize> Table<N> {
    /// Some more rows: what each has in the table, and its JSON.
    pub fn print<T: Serialize>(&mut self, rows: Vec<([String; N], T)>) -> Result<(), Failure> {
        if self.format.json {
            let lines = rows.iter().map(|(_, json)| json_line(json));
            return print(&lines.collect::<Result<Vec<_>, _>>()?);
        }
        let headers = self.headers.take_if(|_| !rows.is_empty());
        let headers = headers.map(|headers| headers.map(str::to_owned));
        let rows = rows.into_iter().map(|(cells, _)| cells);
        let rows: Vec<[String; N]> = headers.into_iter().chain(rows).collect();
        for (at, width) in self.widths.iter_mut().enumerate() {
            let widest = rows.iter().map(|row| row[at].width()).max();
            *width = widest.unwrap_or_default().max(*width);
        }
        let lines: Vec<String> = rows.iter().map(|row| self.line(row)).collect();
        print(&lines)
    }

    /// All rows of a list, page by page.
    pub async fn print_pages<R, T: Serialize, E: Into<Failure>>(
        &mut self,
        mut page: impl AsyncFnMut(Option<&Cursor>) -> Result<Slice<R>, E>,
        row: impl Fn(R) -> ([String; N], T),
    ) -> Result<(), Failure> {
        let mut cursor = None;
        loop {
            let slice = page(cursor.as_ref()).await.map_err(Into::into)?;
            self.print(slice.rows.into_iter().map(&row).collect())?;
            cursor = slice.next.as_deref().and_then(Cursor::decode);
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    fn line(&self, row: &[String; N]) -> String {
        let cells = row.iter().zip(self.widths);
        let cells = cells.map(|(cell, width)| padded(cell, width + GAP));
        cells.collect::<String>().trim_end().to_owned()
    }
}

fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

fn json_line(thing: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(thing).map_err(|error| Failure::because(&error))
}

fn print(lines: &[String]) -> Result<(), Failure> {
    let mut output = BufWriter::new(io::stdout().lock());
    let mut printed = lines
        .iter()
        .try_for_each(|line| writeln!(output, "{}", line.trim_end()));
    printed = printed.and_then(|()| output.flush());
    printed.map_err(|error| Failure::because(&error))
}

/// Tells a person something besides, on standard error. What was done is done, whether they hear it or not.
pub fn tell(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{what}");
}
