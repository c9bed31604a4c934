//! `tokendesk resource`: protected APIs, and which scope each operation needs.

mod catalogue;
mod operation;

use clap::{Args, Subcommand};

use self::catalogue::Import;
use self::operation::Operation;
use super::output::{Format, InEffect};
use super::{Desk, Failure, Within, organization};
use crate::access::Operator;
use crate::api::shapes;
use crate::catalogue::resources::draft::{Draft, Row};
use crate::catalogue::resources::queries::{self, Catalogue, ChangeError, Stored};
use crate::db::{Connection, Pinned};
use crate::web::form::Field;
use crate::web::text::fold;

#[derive(Subcommand)]
pub enum Command {
    /// List resources by path
    List(Within),
    /// Create a resource
    Create(Create),
    /// Change a resource
    Edit(Edit),
    /// Delete a resource, to which requests are then refused
    Delete(Which),
    /// Print all resources in TOML, as they can be imported again
    Export(Within),
    /// Put those of a file in place of all resources
    Import(Import),
    /// Put the resources of a new organisation in place of all resources
    Reset(Within),
}

#[derive(Args)]
pub struct Create {
    #[command(flatten)]
    within: Within,
    #[arg(long)]
    name: String,
    #[command(flatten)]
    target: Target,
    /// Let OPTIONS through without a token, for CORS
    #[arg(long)]
    preflight: bool,
    /// As "list=GET connect:read" or "change=PUT,PATCH below connect:write", for a tool
    /// "search=connect:read"; to be repeated for each
    #[arg(long = "operation", value_name = "OPERATION", required = true)]
    operations: Vec<Operation>,
}

#[derive(Args)]
#[group(id = "targets", required = true, multiple = false)]
struct Target {
    /// The pattern of its paths, such as "/api/agents/**"
    #[arg(long)]
    path: Option<String>,
    /// Its operations are tools of MCP servers
    #[arg(long)]
    tools: bool,
}

/// Which resource is meant.
#[derive(Args)]
pub struct Which {
    #[command(flatten)]
    within: Within,
    /// The resource's name
    resource: String,
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
    /// Another pattern of its paths
    #[arg(long, conflicts_with = "tools")]
    path: Option<String>,
    /// Its operations are to be tools of MCP servers
    #[arg(long)]
    tools: bool,
    /// Let OPTIONS through without a token
    #[arg(long, conflicts_with = "no_preflight")]
    preflight: bool,
    /// Let OPTIONS through no more
    #[arg(long)]
    no_preflight: bool,
    /// In place of all that it has, as for `create`
    #[arg(long = "operation", value_name = "OPERATION")]
    operations: Vec<Operation>,
}

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list(desk, &options).await,
        Command::Create(options) => create(desk, options).await,
        Command::Edit(options) => edit(desk, options).await,
        Command::Delete(which) => delete(desk, &which).await,
        Command::Export(options) => catalogue::export(desk, &options).await,
        Command::Import(import) => catalogue::import(desk, &import).await,
        Command::Reset(options) => catalogue::reset(desk, &options).await,
    }
}

async fn find_all(
    connection: &mut Connection,
    options: &Within,
) -> Result<(Operator, Catalogue), Failure> {
    let organization = organization(connection, &options.organization).await?;
    let operator = Operator::at(organization.id);
    let catalogue = queries::list(connection, &operator).await?;
    Ok((operator, catalogue))
}

async fn list(desk: &Desk, options: &Within) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (_, catalogue) = find_all(connection, options).await?;
    let row = |stored: Stored| (cells(&stored), shapes::Resource::from(stored));
    let mut table = options.format.table(["ID", "NAME", "PATH", "OPERATIONS"]);
    table.print(catalogue.resources.into_iter().map(row).collect())
}

fn cells(stored: &Stored) -> [String; 4] {
    let operations = stored.resource.operations.iter();
    let operations: Vec<&str> = operations
        .map(|operation| operation.name.as_str())
        .collect();
    [
        stored.id.to_string(),
        stored.resource.name.clone(),
        stored.resource.place().to_owned(),
        operations.join(", "),
    ]
}

async fn create(desk: &Desk, options: Create) -> Result<(), Failure> {
    let mut connection = desk.database.get().await?;
    let organization = organization(&mut connection, &options.within.organization).await?;
    let operator = Operator::at(organization.id);
    let draft = Draft {
        name: Field::new(options.name),
        tools: options.target.tools,
        path: Field::new(options.target.path.unwrap_or_default()),
        preflight: options.preflight,
        rows: rows(options.operations),
        ..Draft::default()
    };
    let new = draft.clone().parse().map_err(|draft| mistakes(&draft))?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let created = queries::create(&mut connection, &actor, &new, now).await;
    let id = created.map_err(|error| refused(error, draft))?;
    let resource = queries::resource(&mut connection, &operator, id).await?;
    drop(connection);
    told(desk, options.within.format, resource, "is created").await
}

fn rows(operations: Vec<Operation>) -> Vec<Row> {
    operations.into_iter().map(|Operation(row)| row).collect()
}

/// All that is wrong, by flag.
fn mistakes(draft: &Draft) -> Failure {
    let own = [
        ("name".to_owned(), &draft.name),
        ("path".to_owned(), &draft.path),
        ("operation".to_owned(), &draft.operations),
    ];
    let rows = draft.rows.iter().flat_map(|row| {
        let fields = row.fields().into_iter();
        fields.map(|(name, field)| (format!("operation {:?}, {name}", row.name.value), field))
    });
    let all: Vec<(String, &Field)> = own.into_iter().chain(rows).collect();
    let all: Vec<(&str, &Field)> = all.iter().map(|(name, field)| (&**name, *field)).collect();
    Failure::by_flag(&all)
}

/// Why a resource is not made or changed, where that has to do with a flag.
fn refused(error: ChangeError, draft: Draft) -> Failure {
    match error {
        ChangeError::Clash(conflicts) => mistakes(&draft.clashing(&conflicts)),
        error => error.into(),
    }
}

/// It is said where the gate judges by it.
async fn told(desk: &Desk, format: Format, resource: Stored, done: &str) -> Result<(), Failure> {
    let sentence = format!("“{}” {done}.", resource.resource.name);
    let changed = InEffect {
        thing: shapes::Resource::from(resource),
        receipt: desk.receipt().await,
    };
    format.say(&changed, &sentence)
}

async fn edit(desk: &Desk, Edit { which, changes }: Edit) -> Result<(), Failure> {
    let mut connection = desk.database.get().await?;
    let (operator, current) = which.find(&mut connection).await?;
    let draft = changes.of(&current);
    let new = draft.clone().parse().map_err(|draft| mistakes(&draft))?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let read = Pinned::read(current.id, current.version);
    let edited = queries::edit(&mut connection, &actor, read, &new, now).await;
    edited.map_err(|error| refused(error, draft))?;
    let resource = queries::resource(&mut connection, &operator, current.id).await?;
    drop(connection);
    told(desk, which.within.format, resource, "is saved").await
}

impl Changes {
    fn of(self, current: &Stored) -> Draft {
        let mut draft = Draft::from(current);
        if let Some(name) = self.name {
            draft.name = Field::new(name);
        }
        if let Some(path) = self.path {
            draft.tools = false;
            draft.path = Field::new(path);
        }
        draft.tools |= self.tools;
        draft.preflight = (draft.preflight || self.preflight) && !self.no_preflight;
        if !self.operations.is_empty() {
            draft.rows = rows(self.operations);
        }
        draft
    }
}

async fn delete(desk: &Desk, which: &Which) -> Result<(), Failure> {
    let mut connection = desk.database.get().await?;
    let (operator, current) = which.find(&mut connection).await?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let read = Pinned::read(current.id, current.version);
    let deleted = queries::delete(&mut connection, &actor, read, now).await?;
    drop(connection);
    told(desk, which.within.format, deleted, "is deleted").await
}

impl Which {
    async fn find(&self, connection: &mut Connection) -> Result<(Operator, Stored), Failure> {
        let organization = organization(connection, &self.within.organization).await?;
        let operator = Operator::at(organization.id);
        let catalogue = queries::list(connection, &operator).await?;
        let mut resources = catalogue.resources.into_iter();
        let name = fold(&self.resource);
        let resource = resources.find(|stored| fold(&stored.resource.name) == name);
        let resource = resource.ok_or_else(|| {
            Failure::new(format!(
                "{} has no resource {:?}. `tokendesk resource list` tells which there are.",
                organization.name, self.resource
            ))
        })?;
        Ok((operator, resource))
    }
}
