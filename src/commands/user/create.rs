//! `tokendesk user create`.

use std::io::IsTerminal;

use clap::Args;
use tokio::io::AsyncReadExt;

use super::RoleArgument;
use crate::access::Actor;
use crate::commands::{Desk, Failure, organization};
use crate::identity::queries::{self, MemberError, NewUser};
use crate::identity::{Email, PersonName, password};
use crate::members::invitations::letter;
use crate::secret::{Password, Plaintext};
use crate::web::format;

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
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &create.organization).await?;
    let actor = Actor::command_line(organization.id);
    let known = queries::user_exists(connection, &email)
        .await
        .map_err(|error| Failure::because(&error))?;
    let person = NewUser {
        email: &email,
        name: &name,
        password_hash: hash,
    };
    let now = desk.clock.now();
    if person.password_hash.is_none() && !known {
        let code = Plaintext::random(32);
        let until = queries::invite(connection, &actor, &person, role, &code.digest(), now)
            .await
            .map_err(|error| Failure::because(&error))?;
        let link = desk
            .config
            .public_url
            .join(&format!("/invitations/{}", code.reveal()));
        let link = Plaintext::new(link);
        let sent = match &desk.config.mailer {
            None => "Send this link".to_owned(),
            Some(mailer) => match mailer
                .send(letter(email.as_str(), &organization.name, &link, &until))
                .await
            {
                Ok(()) => "This link is on its way by email".to_owned(),
                Err(error) => format!("The email could not be sent: {error}. Send this link"),
            },
        };
        eprintln!(
            "{sent}; it works once, until {}:",
            format::date_time(&until)
        );
        println!("{}", link.reveal());
        return Ok(());
    }
    match queries::add_member(connection, &actor, person, role, now).await {
        Ok(true) => eprintln!("{} can sign in now.", email.as_str()),
        Ok(false) => eprintln!(
            "{} has an account already, and keeps its password. It is a member of {} now.",
            email.as_str(),
            organization.name
        ),
        Err(MemberError::AlreadyMember) => {
            return Err(Failure::new(format!(
                "{} is a member already.",
                email.as_str()
            )));
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
