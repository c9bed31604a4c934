//! `tokendesk export`: an organisation's journal, in JSON, an entry a line.

use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;

use super::output::Format;
use super::{Desk, Failure, organization};
use crate::access::Operator;
use crate::api::shapes::AuditEvent;
use crate::journal;

/// Entries that are read at a time.
const PAGE: usize = 2_000;

#[derive(Args)]
pub struct Options {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    /// Entries from then on: a day (UTC) or an instant, such as 2026-11-25 or 2026-11-25T14:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<DateTime<Utc>>,
    /// As it is printed without that too
    #[arg(long)]
    json: bool,
}

fn since(text: &str) -> Result<DateTime<Utc>, &'static str> {
    let day = text.parse::<NaiveDate>().ok();
    let midnight = day.and_then(|day| day.and_hms_opt(0, 0, 0));
    let midnight = midnight.map(|midnight| midnight.and_utc());
    midnight
        .or_else(|| text.parse().ok())
        .ok_or("write a day or an instant, such as 2026-11-25 or 2026-11-25T14:00:00Z")
}

pub async fn run(desk: &Desk, options: Options) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.organization).await?;
    let operator = Operator::at(organization.id);
    let mut lines = Format::JSON.table([]);
    let mut last = None;
    loop {
        let entries = journal::after(connection, &operator, last, options.since, PAGE).await?;
        let more = entries.len() == PAGE;
        last = entries.last().map(|entry| entry.id);
        let events = entries.into_iter().map(AuditEvent::from);
        lines.print(events.map(|event| ([], event)).collect())?;
        if !more {
            return Ok(());
        }
    }
}
