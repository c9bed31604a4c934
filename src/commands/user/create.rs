//! `tokendesk user create`.

use std::io::IsTerminal;

use clap::Args;
use tokio::io::AsyncReadExt;

use super::RoleArgument;
use crate::access::{Actor, Organization};
use crate::commands::{Desk, Failure, organization};
use crate::db::{Connection, Lent};
use crate::identity::queries::{self, MemberError, NewUser};
use crate::identity::{Email, PersonName, password};
use crate::members::draft::Guest;
use crate::members::invitations::{self, Delivery};
use crate::secret::Password;
use crate::web::{Error, format};

#[derive(Args)]
pub struct Options {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    #[arg(long)]
    email: String,
    #[arg(long)]
    name: String,
    #[arg(long, value_enum)]
    role: RoleArgument,
}

pub async fn run(desk: &Desk, create: Options) -> Result<(), Failure> {
    let email =
        Email::parse(&create.email).map_err(|error| Failure::new(format!("--email: {error}")))?;
    let name = PersonName::parse(&create.name)
        .map_err(|error| Failure::new(format!("--name: {error}")))?;
    let role = create.role.into();
    let password = read_password().await?;
    let hash = match password {
        Some(password) => Some(hashed(password, &email, &name, &create.organization).await?),
        None => None,
    };
    let mut connection = desk.database.get().await?;
    let organization = organization(&mut connection, &create.organization).await?;
    let known = queries::user_exists(&mut connection, &email)
        .await
        .map_err(|error| Failure::because(&error))?;
    let guest = Guest { email, name, role };
    if hash.is_none() && !known {
        invite(desk, connection, &organization, &guest).await
    } else {
        add(desk, &mut connection, &organization, &guest, hash).await
    }
}

async fn invite(
    desk: &Desk,
    mut connection: Lent,
    organization: &Organization,
    guest: &Guest,
) -> Result<(), Failure> {
    let (actor, now) = (Actor::command_line(organization.id), desk.clock.now());
    let invited = invitations::queries::invite(&mut connection, &actor, guest, now).await;
    let invited = invited.map_err(Error::from)?;
    drop(connection);
    let what_to_do = match invited.deliver(&desk.config, &organization.name).await {
        Delivery::ByHand => "Send this link".to_owned(),
        Delivery::Sent => "This link is on its way by email".to_owned(),
        Delivery::Failed(error) => format!("The email could not be sent: {error}. Send this link"),
    };
    let until = format::date_time(&invited.invitation.expires_at);
    eprintln!("{what_to_do}; it works once, until {until}:");
    println!("{}", invited.link(&desk.config.public_url).reveal());
    Ok(())
}

async fn add(
    desk: &Desk,
    connection: &mut Connection,
    organization: &Organization,
    guest: &Guest,
    password_hash: Option<String>,
) -> Result<(), Failure> {
    let (actor, email) = (Actor::command_line(organization.id), guest.email.as_str());
    let person = NewUser {
        email: &guest.email,
        name: &guest.name,
        password_hash,
    };
    match queries::add_member(connection, &actor, person, guest.role, desk.clock.now()).await {
        Ok(true) => eprintln!("{email} can sign in now."),
        Ok(false) => eprintln!(
            "{email} has an account already, which stays as it is. It is a member of {} now.",
            organization.name
        ),
        Err(MemberError::AlreadyMember) => {
            return Err(Failure::new(format!("{email} is a member already.")));
        }
        Err(MemberError::Query(error)) => return Err(Failure::because(&error)),
    }
    Ok(())
}

/// The first line of standard input; nothing where a person would have to type it in sight.
async fn read_password() -> Result<Option<Password>, Failure> {
    if std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut text = String::new();
    tokio::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .await
        .map_err(|error| Failure::because(&error))?;
    let line = text.lines().next().unwrap_or_default();
    Ok((!line.is_empty()).then(|| Password::new(line.to_owned())))
}

async fn hashed(
    password: Password,
    email: &Email,
    name: &PersonName,
    organization: &str,
) -> Result<String, Failure> {
    password::judge(&password, &[email.as_str(), name.as_str(), organization])
        .map_err(|error| Failure::new(format!("The password on standard input: {error}")))?;
    password::hash(password)
        .await
        .map_err(|error| Failure::because(&error))
}
