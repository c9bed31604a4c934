//! `tokendesk group`: groups of members.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use super::output::Format;
use super::user::of_email;
use super::{Desk, Failure, organization};
use crate::access::{Operator, Role};
use crate::db::Connection;
use crate::members::groups::queries::{self, NewGroup};
use crate::members::groups::{Group, GroupName, Keeper};
use crate::web::format;
use crate::web::paging::Cursor;

/// Those that SCIM manages are left to the identity provider.
const KEEPER: Keeper = Keeper::Administrators;

/// Groups that are read at a time.
const PAGE: usize = 500;

#[derive(Subcommand)]
pub enum Command {
    /// List groups by name
    List(List),
    /// Create a group
    Create(Create),
    /// Delete a group; its members stay members of the organisation
    Delete(Which),
    /// Put a member into a group
    Add(Place),
    /// Take a member out of a group
    Remove(Place),
}

#[derive(Args)]
pub struct Create {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    #[arg(long)]
    name: String,
    /// Make its members administrators
    #[arg(long)]
    admin: bool,
    #[command(flatten)]
    format: Format,
}

/// Which group is meant.
#[derive(Args)]
pub struct Which {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    /// The group's name
    group: String,
}

#[derive(Args)]
pub struct Place {
    #[command(flatten)]
    which: Which,
    /// The member's email
    email: String,
}

#[derive(Args)]
pub struct List {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    /// Those with this in their name
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    format: Format,
}

#[derive(Serialize)]
struct Shape {
    id: Uuid,
    name: String,
    /// What it makes of its members; `null`: nothing.
    role: Option<&'static str>,
    members: i64,
    /// Whether SCIM manages it.
    managed: bool,
    external_id: Option<String>,
    created_at: DateTime<Utc>,
    version: i32,
}

impl From<Group> for Shape {
    fn from(group: Group) -> Self {
        Self {
            id: group.id.uuid(),
            name: group.name,
            role: group.role.map(Role::as_str),
            members: group.members,
            managed: group.managed,
            external_id: group.external_id,
            created_at: group.created_at,
            version: group.version,
        }
    }
}

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list(desk, options).await,
        Command::Create(options) => create(desk, &options).await,
        Command::Delete(which) => delete(desk, &which).await,
        Command::Add(options) => place(desk, &options, true).await,
        Command::Remove(options) => place(desk, &options, false).await,
    }
}

async fn list(desk: &Desk, options: List) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.organization).await?;
    let headers = ["ID", "NAME", "ROLE", "MEMBERS", "KEPT"];
    let mut table = options.format.table(headers);
    let (term, mut cursor) = (options.search.as_deref(), None);
    loop {
        let (id, at) = (organization.id, cursor.as_ref());
        let slice = queries::page(connection, id, term, at, PAGE).await?;
        let row = |group: Group| (cells(&group), Shape::from(group));
        table.print(slice.rows.into_iter().map(row).collect())?;
        let Some(next) = slice.next.as_deref().and_then(Cursor::decode) else {
            return Ok(());
        };
        cursor = Some(next);
    }
}

fn cells(group: &Group) -> [String; 5] {
    [
        group.id.to_string(),
        group.name.clone(),
        group.role.map_or("None", Role::label).to_owned(),
        format::thousands(group.members),
        if group.managed { "By SCIM" } else { "By hand" }.to_owned(),
    ]
}

async fn create(desk: &Desk, options: &Create) -> Result<(), Failure> {
    let name = GroupName::parse(&options.name)
        .map_err(|error| Failure::new(format!("--name: {error}")))?;
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.organization).await?;
    let actor = Operator::at(organization.id).actor();
    let new = NewGroup {
        name,
        role: options.admin.then_some(Role::Admin),
        external_id: None,
    };
    let group = queries::create(connection, &actor, KEEPER, &new, desk.clock.now()).await?;
    let sentence = format!("“{}” is created.", group.name);
    options.format.say(&Shape::from(group), &sentence)
}

async fn delete(desk: &Desk, which: &Which) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (operator, group) = which.find(connection).await?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let deleted = queries::delete(
        connection,
        &actor,
        KEEPER,
        (group.id, Some(group.version)),
        now,
    )
    .await?;
    println!("“{}” is deleted.", deleted.name);
    Ok(())
}

/// Puts a member into a group, or takes them out of it.
async fn place(desk: &Desk, place: &Place, is_in: bool) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (operator, group) = place.which.find(connection).await?;
    let member = of_email(connection, &operator, &place.email).await?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let (id, users) = (group.id, [member.id]);
    let (changed, place) = if is_in {
        let added = queries::add_members(connection, &actor, KEEPER, id, &users, now).await?;
        (added, "in")
    } else {
        let removed = queries::remove_members(connection, &actor, KEEPER, id, &users, now).await?;
        (removed, "not in")
    };
    let already = if changed == 0 { " already" } else { "" };
    println!("{} is {place} “{}”{already}.", member.email, group.name);
    Ok(())
}

impl Which {
    async fn find(&self, connection: &mut Connection) -> Result<(Operator, Group), Failure> {
        let organization = organization(connection, &self.organization).await?;
        let group = queries::named(connection, organization.id, &self.group).await;
        match group {
            Ok(group) => Ok((Operator::at(organization.id), group)),
            Err(diesel::NotFound) => Err(Failure::new(format!(
                "{} has no group {:?}. `tokendesk group list` tells which there are.",
                organization.name, self.group
            ))),
            Err(error) => Err(error.into()),
        }
    }
}
