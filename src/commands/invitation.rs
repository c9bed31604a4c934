//! `tokendesk invitation`: invitations that nobody has accepted yet. `user create` makes them.

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::output::Format;
use super::{Desk, Failure, Within, organization};
use crate::access::Operator;
use crate::api::shapes;
use crate::members::invitations::{Pending, queries};
use crate::web::format;
use crate::web::paging::Cursor;

/// Invitations that are read at a time.
const PAGE: usize = 500;

#[derive(Subcommand)]
pub enum Command {
    /// List invitations that can still be accepted, the newest first
    List(Within),
    /// Have an invitation's link lead nowhere
    Revoke(Revoke),
}

#[derive(Args)]
pub struct Revoke {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    /// The invitation's ID
    id: Uuid,
    #[command(flatten)]
    format: Format,
}

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list(desk, &options).await,
        Command::Revoke(options) => revoke(desk, &options).await,
    }
}

async fn list(desk: &Desk, options: &Within) -> Result<(), Failure> {
    let now = desk.clock.now();
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.organization).await?;
    let headers = ["ID", "EMAIL", "NAME", "ROLE", "FOR", "EXPIRES"];
    let mut table = options.format.table(headers);
    let mut cursor = None;
    loop {
        let (id, at) = (organization.id, cursor.as_ref());
        let slice = queries::page(connection, id, at, PAGE, now).await?;
        let row = |pending: Pending| (cells(&pending), shapes::Invitation::from(pending));
        table.print(slice.rows.into_iter().map(row).collect())?;
        let Some(next) = slice.next.as_deref().and_then(Cursor::decode) else {
            return Ok(());
        };
        cursor = Some(next);
    }
}

fn cells(pending: &Pending) -> [String; 6] {
    [
        pending.id.to_string(),
        pending.email.clone(),
        pending.name.clone(),
        pending.role.label().to_owned(),
        pending.purpose().to_owned(),
        format::date_time(&pending.expires_at),
    ]
}

async fn revoke(desk: &Desk, options: &Revoke) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.organization).await?;
    let (actor, now) = (Operator::at(organization.id).actor(), desk.clock.now());
    let revoked = queries::revoke(connection, &actor, options.id.into(), now).await;
    let revoked = revoked.map_err(|error| match error {
        diesel::NotFound => Failure::new(format!(
            "{} has no invitation with this ID that can still be accepted.",
            organization.name
        )),
        error => error.into(),
    })?;
    let sentence = format!("The invitation of {} is revoked.", revoked.email);
    options
        .format
        .say(&shapes::Invitation::from(revoked), &sentence)
}
