//! `tokendesk user`: people and their memberships.

mod create;
mod exit;
mod handover;
mod link;
mod list;
mod role;

use clap::{Args, Subcommand, ValueEnum};

use super::{Desk, Failure, organization};
use crate::access::{Operator, Overseer, Role, UserId};
use crate::api::shapes;
use crate::db::Connection;
use crate::identity::Email;
use crate::members::{Exit, Member, queries};
use crate::web::Now;

#[derive(Subcommand)]
pub enum Command {
    /// List members by name
    List(list::Options),
    /// Add a member: with a password from standard input, or else by a link to an invitation
    Create(create::Options),
    /// Print a link with which a member sets a password: their first, or one in place of a lost one
    Link(link::Options),
    /// Change the role that a member has of their own
    Role(role::Options),
    /// End a member's sessions and stop their MCP tokens, until they are reactivated
    Deactivate(exit::Options),
    /// List who answers for API tokens, also those who are gone
    Responsible(handover::Wanted),
    /// Hand the API tokens that somebody answers for to another administrator, or revoke them
    HandOver(handover::Options),
    /// Let a deactivated member in again
    Reactivate(exit::Return),
    /// Take a member out of the organisation, and revoke their MCP tokens
    Remove(exit::Options),
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArgument {
    Admin,
    Member,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Admin => Self::Admin,
            RoleArgument::Member => Self::Member,
        }
    }
}

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list::run(desk, options).await,
        Command::Create(options) => create::run(desk, options).await,
        Command::Link(options) => link::run(desk, &options).await,
        Command::Role(options) => role::run(desk, &options).await,
        Command::Deactivate(options) => exit::run(desk, &options, Exit::Deactivation).await,
        Command::Responsible(options) => handover::list(desk, &options).await,
        Command::HandOver(options) => handover::run(desk, &options).await,
        Command::Reactivate(options) => exit::reactivate(desk, &options).await,
        Command::Remove(options) => exit::run(desk, &options, Exit::Removal).await,
    }
}

/// Which member is meant.
#[derive(Args)]
pub struct Which {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    /// The member's email
    email: String,
}

impl Which {
    async fn find(&self, connection: &mut Connection) -> Result<(Operator, Member), Failure> {
        let organization = organization(connection, &self.organization).await?;
        let operator = Operator::at(organization.id);
        let member = of_email(connection, &operator, &self.email).await?;
        Ok((operator, member))
    }
}

pub async fn of_email(
    connection: &mut Connection,
    operator: &Operator,
    email: &str,
) -> Result<Member, Failure> {
    let email = Email::parse(email).map_err(Failure::new)?;
    let emails = [email.as_str().to_owned()];
    let found = queries::of_emails(connection, operator.overseen(), &emails).await?;
    let [(user, _)] = found[..] else {
        let email = email.as_str();
        return Err(Failure::new(format!("{email} is no member.")));
    };
    Ok(queries::member(connection, operator.overseen(), user).await?)
}

/// As the Admin API tells of them.
async fn described(
    desk: &Desk,
    connection: &mut Connection,
    operator: &Operator,
    user: UserId,
) -> Result<shapes::Member, Failure> {
    let now = Now(desk.clock.now());
    Ok(shapes::Member::load(connection, operator.overseen(), user, now).await?)
}
