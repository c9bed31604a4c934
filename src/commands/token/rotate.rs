//! `tokendesk token rotate`.

use clap::Args;

use super::{Revealed, Which, shapes};
use crate::commands::output::{Format, tell};
use crate::commands::{Desk, Failure};
use crate::tokens::NOT_ROTATABLE;
use crate::tokens::overlap::Overlap;
use crate::tokens::queries::{self, ChangeError};
use crate::web::format;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    which: Which,
    /// For how long the old secret still works: none, 1h, 24h or 7d
    #[arg(long, default_value = "none")]
    overlap: Overlap,
    #[command(flatten)]
    format: Format,
}

pub async fn run(desk: &Desk, options: &Options) -> Result<(), Failure> {
    let now = desk.clock.now();
    let mut connection = desk.database.get().await?;
    let (operator, token) = options.which.find(&mut connection).await?;
    let (actor, key, version) = (operator.actor(), token.key(), token.version);
    let rotated =
        queries::rotate(&mut connection, &actor, key, version, options.overlap, now).await;
    let rotated = rotated.map_err(|error| match error {
        ChangeError::Outdated(token) if !token.status(&now).permits_rotation() => {
            Failure::new(NOT_ROTATABLE)
        }
        error => error.into(),
    })?;
    // The old secret may have stopped: nothing that can fail or take long stands before the new one.
    let token = shapes::Token::new(rotated.token, rotated.old_until, now);
    let secret = rotated.secret.reveal();
    options.format.reveal(&Revealed { token, secret }, secret)?;
    drop(connection);
    match rotated.old_until {
        None => drop(desk.receipt().await),
        Some(until) => tell(format_args!(
            "The old secret works until {}.",
            format::date_time(&until)
        )),
    }
    Ok(())
}
