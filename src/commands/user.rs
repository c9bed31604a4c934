//! `tokendesk user create`.

use std::io::IsTerminal;

use clap::{Args, Subcommand, ValueEnum};
use tokio::io::AsyncReadExt;

use super::{Desk, Failure, organization};
use crate::access::{Actor, Role};
use crate::identity::queries::{self, MemberError, NewUser};
use crate::identity::{Email, PersonName, password};
use crate::secret::{Password, Plaintext};
use crate::web::format;

#[derive(Subcommand)]
pub enum Command {
    /// Add a member: with a password from standard input, or else by a link to an invitation
    Create(Create),
}

#[derive(Args)]
pub struct Create {
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

#[derive(Clone, Copy, ValueEnum)]
enum RoleArgument {
    Admin,
    Member,
}

pub async fn run(desk: &Desk, Command::Create(create): Command) -> Result<(), Failure> {
    let email =
        Email::parse(&create.email).map_err(|error| Failure::new(format!("--email: {error}")))?;
    let name = PersonName::parse(&create.name)
        .map_err(|error| Failure::new(format!("--name: {error}")))?;
    let role = match create.role {
        RoleArgument::Admin => Role::Admin,
        RoleArgument::Member => Role::Member,
    };
    let password = read_password().await?;
    let hash = match password {
        Some(password) => Some(hashed(password, &email, &name, &create.organization).await?),
        None => None,
    };
    let connection = &mut *desk
        .database
        .get()
        .await
        .map_err(|error| Failure::because(&error))?;
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
        eprintln!(
            "Send this link; it works once, until {}:",
            format::date_time(&until)
        );
        println!("{link}");
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
