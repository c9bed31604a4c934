//! `tokendesk user deactivate`, `reactivate` and `remove`.

use clap::Args;

use super::{Which, described, of_email};
use crate::access::{Operator, Overseer};
use crate::api::shapes;
use crate::commands::output::Format;
use crate::commands::{Desk, Failure};
use crate::db::Connection;
use crate::members::queries::{self, ApiTokens, ChangeError, Listed};
use crate::members::{Exit, Member};
use crate::tokens::queries::{Estate, survey_estate};
use crate::web::format;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    which: Which,
    /// Hand the API tokens that they answer for to this administrator
    #[arg(long, value_name = "EMAIL", conflicts_with = "revoke_api_tokens")]
    hand_to: Option<String>,
    /// Revoke the API tokens that they answer for
    #[arg(long)]
    revoke_api_tokens: bool,
    #[command(flatten)]
    format: Format,
}

#[derive(Args)]
pub struct Return {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: Format,
}

pub async fn run(desk: &Desk, options: &Options, exit: Exit) -> Result<(), Failure> {
    let now = desk.clock.now();
    let mut connection = desk.database.get().await?;
    let (operator, member) = options.which.find(&mut connection).await?;
    let fate = options.fate(&mut connection, &operator, &member).await?;
    let (actor, id) = (operator.actor(), member.id);
    let left = match exit {
        Exit::Deactivation => queries::deactivate(&mut connection, &actor, id, fate, now).await,
        Exit::Removal => queries::remove(&mut connection, &actor, id, fate, now).await,
    };
    let departure = left.map_err(|error| match error {
        ChangeError::Outdated(member) => {
            Failure::new(format!("{} is deactivated already.", member.email))
        }
        error => error.into(),
    })?;
    let sentence = match exit {
        Exit::Deactivation => format!("{} is deactivated.", departure.member.email),
        Exit::Removal => format!("{} is removed.", departure.member.email),
    };
    let member = match exit {
        Exit::Deactivation => described(desk, &mut connection, &operator, id).await?,
        Exit::Removal => shapes::Member::from(Listed {
            member: departure.member,
            mcp_tokens: 0,
        }),
    };
    drop(connection);
    let departed = shapes::Departed {
        member,
        sessions: departure.sessions,
        mcp_tokens: departure.mcp_tokens,
        api_tokens: departure.api_tokens,
        receipt: desk.receipt().await,
    };
    options.format.say(&departed, &sentence)
}

impl Options {
    /// What becomes of the API tokens that they answer for: somebody has to decide, if there are
    /// any.
    async fn fate(
        &self,
        connection: &mut Connection,
        operator: &Operator,
        member: &Member,
    ) -> Result<Option<ApiTokens>, Failure> {
        if let Some(heir) = &self.hand_to {
            let heir = of_email(connection, operator, heir).await?;
            return Ok(Some(ApiTokens::HandTo(heir.id)));
        }
        if self.revoke_api_tokens {
            return Ok(Some(ApiTokens::Revoke));
        }
        let answered_for = Estate::AnsweredFor(member.id);
        let (count, _) = survey_estate(connection, operator.overseen(), answered_for, 0).await?;
        if count == 0 {
            return Ok(None);
        }
        Err(Failure::new(format!(
            "{} answers for {}. Say --hand-to with the email of another administrator, or \
             --revoke-api-tokens.",
            member.email,
            format::counted(count, "API token", "API tokens"),
        )))
    }
}

pub async fn reactivate(desk: &Desk, options: &Return) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (operator, member) = options.which.find(connection).await?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let reactivated = queries::reactivate(connection, &actor, member.id, now).await;
    reactivated.map_err(|error| match error {
        ChangeError::Outdated(member) => {
            Failure::new(format!("{} is active already.", member.email))
        }
        error => error.into(),
    })?;
    let sentence = format!("{} is active again.", member.email);
    let member = described(desk, connection, &operator, member.id).await?;
    options.format.say(&member, &sentence)
}
