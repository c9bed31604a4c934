//! `tokendesk user create`.

use std::io::IsTerminal;

use clap::Args;
use serde::Serialize;
use tokio::io::AsyncReadExt;

use super::{RoleArgument, described, of_email};
use crate::access::{Operator, Organization};
use crate::api::shapes;
use crate::commands::output::{Format, tell};
use crate::commands::{Desk, Failure, Within, organization};
use crate::db::{Connection, Lent};
use crate::identity::password::{self, ADVICE};
use crate::identity::queries::{MemberError, NewUser, add_member, user_with};
use crate::identity::{Email, PersonName};
use crate::members::draft::Guest;
use crate::members::invitations::Delivery;
use crate::members::invitations::queries::{self, InviteError, Renewal};
use crate::secret::Password;
use crate::web::format;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    within: Within,
    #[arg(long)]
    email: String,
    #[arg(long)]
    name: String,
    #[arg(long, value_enum)]
    role: RoleArgument,
}

/// A member who was added.
#[derive(Serialize)]
struct Added {
    member: shapes::Member,
}

/// Somebody who was invited, as the Admin API tells it.
#[derive(Serialize)]
pub struct Revealed<'a> {
    pub invitation: shapes::Invitation,
    pub link: &'a str,
    pub delivery: &'static str,
}

pub async fn run(desk: &Desk, create: Options) -> Result<(), Failure> {
    let email =
        Email::parse(&create.email).map_err(|error| Failure::new(format!("--email: {error}")))?;
    let name = PersonName::parse(&create.name)
        .map_err(|error| Failure::new(format!("--name: {error}")))?;
    let role = create.role.into();
    let password = read_password().await?;
    let hash = match password {
        Some(password) => Some(hashed(password, &email, &name, &create.within.organization).await?),
        None => None,
    };
    let mut connection = desk.database.get().await?;
    let organization = organization(&mut connection, &create.within.organization).await?;
    let known = user_with(&mut connection, email.as_str()).await?.is_some();
    let (guest, format) = (Guest { email, name, role }, create.within.format);
    match hash {
        Some(hash) if !known => {
            let operator = Operator::at(organization.id);
            add(desk, &mut connection, &operator, guest, hash, format).await
        }
        _ => {
            invite(desk, connection, &organization, &guest, format).await?;
            if known {
                let email = guest.email.as_str();
                tell(format_args!(
                    "{email} has an account already, whose password stays if it has one."
                ));
            }
            Ok(())
        }
    }
}

async fn invite(
    desk: &Desk,
    mut connection: Lent,
    organization: &Organization,
    guest: &Guest,
    format: Format,
) -> Result<(), Failure> {
    let (actor, now) = (Operator::at(organization.id).actor(), desk.clock.now());
    let invited = queries::invite(&mut connection, &actor, guest, Renewal::Any, now).await;
    let invited = invited.map_err(|error| match error {
        InviteError::AlreadyMember => already(guest.email.as_str()),
        error => error.into(),
    })?;
    drop(connection);
    let delivery = invited.deliver(&desk.config, &organization.name).await;
    let what_to_do = match &delivery {
        Delivery::ByHand => "Send this link".to_owned(),
        Delivery::Sent => "This link is on its way by email".to_owned(),
        Delivery::Failed(error) => format!("The email could not be sent: {error}. Send this link"),
    };
    let until = format::date_time(&invited.invitation.expires_at);
    tell(format_args!("{what_to_do}; it works once, until {until}:"));
    let link = invited.link(&desk.config.public_url);
    let revealed = Revealed {
        invitation: invited.invitation.into(),
        link: link.reveal(),
        delivery: delivery.as_str(),
    };
    format.reveal(&revealed, link.reveal())
}

fn already(email: &str) -> Failure {
    Failure::new(format!("{email} is a member already."))
}

async fn add(
    desk: &Desk,
    connection: &mut Connection,
    operator: &Operator,
    guest: Guest,
    password_hash: String,
    format: Format,
) -> Result<(), Failure> {
    let (actor, email) = (operator.actor(), guest.email.as_str());
    let person = NewUser {
        email: &guest.email,
        name: &guest.name,
        password_hash: Some(password_hash),
    };
    let now = desk.clock.now();
    let added = add_member(connection, &actor, person, guest.role, now).await;
    added.map_err(|error| match error {
        MemberError::AlreadyMember => already(email),
        MemberError::Query(error) => error.into(),
    })?;
    tell(format_args!("{email} can sign in now."));
    if !format.is_json() {
        return Ok(());
    }
    let member = of_email(connection, operator, email).await?;
    let member = described(desk, connection, operator, member.id).await?;
    format.say(&Added { member }, "")
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
        .map_err(|why| Failure::new(format!("The password on standard input: {why} {ADVICE}")))?;
    Ok(password::hash(password).await?)
}
