//! `tokendesk group`: groups of members.

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::user::of_email;
use super::{Desk, Failure, Within, organization};
use crate::access::{Operator, Overseer, Role};
use crate::api::shapes;
use crate::db::{Connection, Pinned};
use crate::members::groups::draft::Draft;
use crate::members::groups::queries::{self, ChangeError, NewGroup};
use crate::members::groups::{Group, GroupName, Keeper};
use crate::web::form::Field;
use crate::web::format;

/// Those that SCIM manages are left to the identity provider.
const KEEPER: Keeper = Keeper::Administrators;

/// Groups that are read at a time.
const PAGE: usize = 500;

#[derive(Subcommand)]
pub enum Command {
    /// List groups by name; `tokendesk user list --group NAME` tells who is in one
    List(List),
    /// Create a group
    Create(Create),
    /// Rename a group, or change what it makes of its members
    Edit(Edit),
    /// Delete a group; its members stay members of the organisation
    Delete(Which),
    /// Put a member into a group
    Add(Place),
    /// Take a member out of a group
    Remove(Place),
}

#[derive(Args)]
pub struct Create {
    #[command(flatten)]
    within: Within,
    #[arg(long)]
    name: String,
    /// Make its members administrators
    #[arg(long)]
    admin: bool,
}

/// Which group is meant.
#[derive(Args)]
pub struct Which {
    #[command(flatten)]
    within: Within,
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
    #[command(flatten)]
    within: Within,
    /// Those with this in their name
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

/// What a group makes of its members.
#[derive(Clone, Copy, ValueEnum)]
enum RoleArgument {
    Admin,
    None,
}

#[derive(Args)]
pub struct Edit {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    changes: Changes,
}

/// What is left out stays.
#[derive(Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// What it makes of its members
    #[arg(long, value_enum)]
    role: Option<RoleArgument>,
}

/// Where somebody was put, or taken out.
#[derive(Serialize)]
struct Placed {
    group: shapes::Group,
    /// Whether it was otherwise before.
    changed: bool,
}

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list(desk, options).await,
        Command::Create(options) => create(desk, &options).await,
        Command::Edit(options) => edit(desk, options).await,
        Command::Delete(which) => delete(desk, &which).await,
        Command::Add(options) => place(desk, &options, true).await,
        Command::Remove(options) => place(desk, &options, false).await,
    }
}

async fn list(desk: &Desk, options: List) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.within.organization).await?;
    let headers = ["ID", "NAME", "ROLE", "MEMBERS", "KEPT"];
    let mut table = options.within.format.table(headers);
    let (id, term) = (organization.id, options.search.as_deref());
    let page = async |at: Option<&_>| queries::page(connection, id, term, at, PAGE).await;
    let row = |group: Group| (cells(&group), shapes::Group::from(group));
    table.print_pages(page, row).await
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
    let organization = organization(connection, &options.within.organization).await?;
    let actor = Operator::at(organization.id).actor();
    let new = NewGroup {
        name,
        role: options.admin.then_some(Role::Admin),
        external_id: None,
    };
    let group = queries::create(connection, &actor, KEEPER, &new, desk.clock.now()).await?;
    let sentence = format!("“{}” is created.", group.name);
    options
        .within
        .format
        .say(&shapes::Group::from(group), &sentence)
}

async fn edit(desk: &Desk, Edit { which, changes }: Edit) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (operator, group) = which.find(connection).await?;
    let mut draft = Draft::from(&group);
    let is_renamed = changes.name.is_some();
    if let Some(name) = changes.name {
        draft.name = Field::new(name);
    }
    let new = draft.clone().parse().map_err(|draft| mistakes(&draft))?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let role = |role| matches!(role, RoleArgument::Admin).then_some(Role::Admin);
    let edit = queries::Edit {
        name: is_renamed.then_some(&new.name),
        role: changes.role.map(role),
    };
    let edited = queries::edit(connection, &actor, KEEPER, group.id, edit, now).await;
    let group = edited.map_err(|error| match error {
        ChangeError::NameTaken => mistakes(&draft.name_taken()),
        error => error.into(),
    })?;
    let sentence = format!("“{}” is saved.", group.name);
    which
        .within
        .format
        .say(&shapes::Group::from(group), &sentence)
}

fn mistakes(draft: &Draft) -> Failure {
    Failure::by_flag(&[("name", &draft.name)])
}

async fn delete(desk: &Desk, which: &Which) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (operator, group) = which.find(connection).await?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let pinned = Pinned::read(group.id, group.version);
    let deleted = queries::delete(connection, &actor, KEEPER, pinned, now).await?;
    let sentence = format!("“{}” is deleted.", deleted.name);
    which
        .within
        .format
        .say(&shapes::Group::from(deleted), &sentence)
}

/// Puts a member into a group, or takes them out of it.
async fn place(desk: &Desk, Place { which, email }: &Place, is_in: bool) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (operator, group) = which.find(connection).await?;
    let member = of_email(connection, &operator, email).await?;
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
    let sentence = format!("{} is {place} “{}”{already}.", member.email, group.name);
    let group = queries::group(connection, operator.overseen(), id).await?;
    let placed = Placed {
        group: group.into(),
        changed: changed > 0,
    };
    which.within.format.say(&placed, &sentence)
}

impl Which {
    async fn find(&self, connection: &mut Connection) -> Result<(Operator, Group), Failure> {
        let organization = organization(connection, &self.within.organization).await?;
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
