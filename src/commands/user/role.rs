//! `tokendesk user role`.

use clap::Args;

use super::{RoleArgument, Which, described};
use crate::access::Role;
use crate::commands::output::Format;
use crate::commands::{Desk, Failure};
use crate::members::queries::{self, ChangeError};

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    which: Which,
    #[arg(value_enum)]
    role: RoleArgument,
    #[command(flatten)]
    format: Format,
}

pub async fn run(desk: &Desk, options: &Options) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (operator, member) = options.which.find(connection).await?;
    let (actor, role) = (operator.actor(), options.role.into());
    let changed = queries::change_role(connection, &actor, member.id, role, desk.clock.now()).await;
    let member = match changed {
        Ok(member) => member,
        Err(ChangeError::Outdated(member)) => *member,
        Err(error) => return Err(error.into()),
    };
    let sentence = match (role, member.role()) {
        (Role::Member, Role::Admin) => format!(
            "{} stays an administrator through a group. Remove them from it too.",
            member.email
        ),
        (_, Role::Admin) => format!("{} is an administrator now.", member.email),
        (_, Role::Member) => format!("{} is a member now, and no administrator.", member.email),
    };
    let member = described(desk, connection, &operator, member.id).await?;
    options.format.say(&member, &sentence)
}
