//! `tokendesk user link`.

use clap::Args;

use super::Which;
use super::create::Revealed;
use crate::commands::output::{Format, tell};
use crate::commands::{Desk, Failure};
use crate::members::invitations::{Delivery, queries};
use crate::web::format;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: Format,
}

pub async fn run(desk: &Desk, options: &Options) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (operator, member) = options.which.find(connection).await?;
    if !member.is_active() {
        let email = &member.email;
        return Err(Failure::new(format!(
            "{email} is deactivated. Reactivate them first."
        )));
    }
    let linked = queries::link(connection, operator, &member, desk.clock.now()).await?;
    let until = format::date_time(&linked.invitation.expires_at);
    tell(format_args!(
        "Send this link. It sets a new password, once, until {until}, and ends all sessions:"
    ));
    let link = linked.link(&desk.config.public_url);
    let revealed = Revealed {
        invitation: linked.invitation.into(),
        link: link.reveal(),
        delivery: Delivery::ByHand.as_str(),
    };
    options.format.reveal(&revealed, link.reveal())
}
