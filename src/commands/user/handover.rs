//! `tokendesk user responsible` and `hand-over`.

use clap::Args;

use super::{Which, of_email};
use crate::access::{Operator, Overseer};
use crate::api::shapes::{HandedOver, ResponsiblePerson};
use crate::commands::output::Format;
use crate::commands::{Desk, Failure, Within, organization};
use crate::db::Connection;
use crate::identity::Email;
use crate::members::queries::{self, ApiTokens};
use crate::tokens::Answering;
use crate::tokens::queries::{all_answering, answering_with};
use crate::web::format;

/// People who are read at a time.
const PAGE: usize = 500;

#[derive(Args)]
pub struct Wanted {
    #[command(flatten)]
    within: Within,
    /// Those alone who are deactivated or no members any more
    #[arg(long)]
    gone: bool,
}

pub async fn list(desk: &Desk, wanted: &Wanted) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let id = organization(connection, &wanted.within.organization)
        .await?
        .id;
    let mut table = wanted.within.format.table(["EMAIL", "NAME", "STATUS"]);
    let gone = wanted.gone;
    let page = async |at: Option<&_>| all_answering(connection, id, gone, at, PAGE).await;
    let row = |it: Answering| (cells(&it), ResponsiblePerson::from(it));
    table.print_pages(page, row).await
}

fn cells(answering: &Answering) -> [String; 3] {
    let person = &answering.person;
    [
        person.email.clone(),
        person.name.clone(),
        answering.presence.label().to_owned(),
    ]
}

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    fate: Fate,
    #[command(flatten)]
    format: Format,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Fate {
    /// The administrator who answers for them then
    #[arg(long, value_name = "EMAIL")]
    to: Option<String>,
    /// Revoke them
    #[arg(long)]
    revoke: bool,
}

pub async fn run(desk: &Desk, options: &Options) -> Result<(), Failure> {
    let now = desk.clock.now();
    let mut connection = desk.database.get().await?;
    let organization = organization(&mut connection, &options.which.organization).await?;
    let operator = Operator::at(organization.id);
    let from = responsible(&mut connection, &operator, &options.which.email).await?;
    let (actor, id) = (operator.actor(), from.person.id);
    let (fate, done) = match &options.fate.to {
        Some(heir) => {
            let heir = of_email(&mut connection, &operator, heir).await?;
            (ApiTokens::HandTo(heir.id), "handed over")
        }
        None => (ApiTokens::Revoke, "revoked"),
    };
    let api_tokens = queries::hand_over(&mut connection, &actor, id, fate, now).await?;
    drop(connection);
    let sentence = format!(
        "{} of {} {done}.",
        format::counted(api_tokens, "API token", "API tokens"),
        from.person.email
    );
    let receipt = desk.receipt().await;
    let handed = HandedOver {
        api_tokens,
        receipt,
    };
    options.format.say(&handed, &sentence)
}

/// Who answers for API tokens, a member or not any more.
async fn responsible(
    connection: &mut Connection,
    operator: &Operator,
    email: &str,
) -> Result<Answering, Failure> {
    let email = Email::parse(email).map_err(Failure::new)?;
    let found = answering_with(connection, operator.overseen(), email.as_str()).await?;
    let email = email.as_str();
    found.ok_or_else(|| {
        Failure::new(format!(
            "{email} is no member and answers for no API token."
        ))
    })
}
