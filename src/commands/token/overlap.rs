//! `tokendesk token end-overlap`.

use super::Changed;
use super::change::Options;
use crate::api::shapes;
use crate::commands::{Desk, Failure};
use crate::tokens::queries::{self, ChangeError};

pub async fn end(desk: &Desk, options: &Options) -> Result<(), Failure> {
    let now = desk.clock.now();
    let mut connection = desk.database.get().await?;
    let (operator, token) = options.which.find(&mut connection).await?;
    let (actor, key) = (operator.actor(), token.key());
    let ended = queries::end_overlap(&mut connection, &actor, key, now).await;
    ended.map_err(|error| match error {
        ChangeError::Outdated(token) => {
            Failure::new(format!("No old secret of “{}” works any more.", token.name))
        }
        error => error.into(),
    })?;
    let token = queries::token(&mut connection, &operator, key).await?;
    let sentence = format!("The old secret of “{}” has stopped working.", token.name);
    let token = shapes::described(&mut connection, token, desk.clock.now()).await?;
    drop(connection);
    let changed = Changed::with(token, desk.receipt().await);
    options.format.say(&changed, &sentence)
}
