//! `tokendesk invitation`: invitations that nobody has accepted yet. `user create` makes them.

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{Desk, Failure, Within, organization};
use crate::access::Operator;
use crate::api::shapes;
use crate::members::invitations::{Pending, queries};
use crate::web::format;

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
    #[command(flatten)]
    within: Within,
    /// The invitation's ID
    id: Uuid,
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
    let id = organization.id;
    let page = async |at: Option<&_>| queries::page(connection, id, at, PAGE, now).await;
    let row = |pending: Pending| (cells(&pending), shapes::Invitation::from(pending));
    table.print_pages(page, row).await
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
    let organization = organization(connection, &options.within.organization).await?;
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
        .within
        .format
        .say(&shapes::Invitation::from(revoked), &sentence)
}
