//! `tokendesk organization`: organisations.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use super::output::Format;
use super::{Desk, Failure};
use crate::identity::PersonName;
use crate::identity::queries::{self, Listed};
use crate::web::format;

#[derive(Subcommand)]
pub enum Command {
    /// List organisations by slug
    List(List),
    /// Create an organisation; its slug goes to standard output
    Create(Create),
}

#[derive(Args)]
pub struct List {
    #[command(flatten)]
    format: Format,
}

#[derive(Args)]
pub struct Create {
    #[arg(long)]
    name: String,
    #[command(flatten)]
    format: Format,
}

#[derive(Serialize)]
struct Shape {
    id: Uuid,
    slug: String,
    name: String,
    created_at: DateTime<Utc>,
}

impl From<Listed> for Shape {
    fn from(listed: Listed) -> Self {
        Self {
            id: listed.id.uuid(),
            slug: listed.slug,
            name: listed.name,
            created_at: listed.created_at,
        }
    }
}

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list(desk, &options).await,
        Command::Create(options) => create(desk, &options).await,
    }
}

async fn list(desk: &Desk, options: &List) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let organizations = queries::list(connection).await?;
    let row = |it: Listed| {
        let id = it.id.to_string();
        let cells = [
            id,
            it.slug.clone(),
            it.name.clone(),
            format::date(&it.created_at),
        ];
        (cells, Shape::from(it))
    };
    let mut table = options.format.table(["ID", "SLUG", "NAME", "CREATED"]);
    table.print(organizations.into_iter().map(row).collect())
}

async fn create(desk: &Desk, options: &Create) -> Result<(), Failure> {
    let name = PersonName::parse(&options.name)
        .map_err(|error| Failure::new(format!("--name: {error}")))?;
    let connection = &mut *desk.database.get().await?;
    let created = queries::create_organization(connection, &name, desk.clock.now()).await?;
    let slug = created.slug.clone();
    options.format.say(&Shape::from(created), &slug)
}
