//! `tokendesk token disable`, `enable`, `revoke` and `delete`.

use clap::Args;

use super::{Changed, Which};
use crate::api::shapes;
use crate::commands::output::Format;
use crate::commands::{Desk, Failure};
use crate::tokens::Transition;
use crate::tokens::queries::{self, ChangeError};

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    pub which: Which,
    #[command(flatten)]
    pub format: Format,
}

pub async fn run(desk: &Desk, options: &Options, transition: Transition) -> Result<(), Failure> {
    let now = desk.clock.now();
    let mut connection = desk.database.get().await?;
    let (operator, token) = options.which.find(&mut connection).await?;
    let (actor, key) = (operator.actor(), token.key());
    let applied = queries::apply(&mut connection, &actor, key, transition, now).await;
    let before = applied.map_err(|error| match error {
        ChangeError::Outdated(token) => Failure::new(token.status(&now).refusal(transition)),
        error => error.into(),
    })?;
    let token = if transition == Transition::Deletion {
        None
    } else {
        let token = queries::token(&mut connection, &operator, key).await?;
        Some(shapes::described(&mut connection, token, desk.clock.now()).await?)
    };
    drop(connection);
    let receipt = match transition {
        Transition::Enabling => None,
        _ => Some(desk.receipt().await),
    };
    let sentence = format!("“{}” {}", before.name, transition.past());
    options.format.say(&Changed { token, receipt }, &sentence)
}
