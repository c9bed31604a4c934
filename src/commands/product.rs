//! `tokendesk product`: products.

use clap::{Args, Subcommand};

use super::output::InEffect;
use super::{Desk, Failure, Within, organization};
use crate::access::{Operator, Overseer};
use crate::api::shapes;
use crate::catalogue::Product;
use crate::catalogue::products::draft::Draft;
use crate::catalogue::products::queries::{self, ChangeError};
use crate::catalogue::products::{ListedProduct, MOST_COUNTED, Query};
use crate::db::{Connection, Pinned};
use crate::web::form::Field;
use crate::web::format;

/// Products that are read at a time.
const PAGE: usize = 500;

#[derive(Subcommand)]
pub enum Command {
    /// List products by name
    List(Within),
    /// Create a product, whose key its tokens' secrets begin with
    Create(Create),
    /// Rename a product, or change its key
    Edit(Edit),
    /// Delete a product that no token is linked to
    Delete(Which),
}

#[derive(Args)]
pub struct Create {
    #[command(flatten)]
    within: Within,
    #[arg(long)]
    name: String,
    /// 2 to 12 of a-z and 0-9
    #[arg(long)]
    key: String,
}

/// Which product is meant.
#[derive(Args)]
pub struct Which {
    #[command(flatten)]
    within: Within,
    /// The product's key
    #[arg(value_name = "KEY", id = "which")]
    key: String,
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
    /// Another key, while no token has it
    #[arg(long)]
    key: Option<String>,
}

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list(desk, &options).await,
        Command::Create(options) => create(desk, options).await,
        Command::Edit(options) => edit(desk, options).await,
        Command::Delete(which) => delete(desk, &which).await,
    }
}

async fn list(desk: &Desk, options: &Within) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.organization).await?;
    let operator = Operator::at(organization.id);
    let mut table = options.format.table(["ID", "NAME", "KEY", "TOKENS"]);
    let mut query = Query::default();
    loop {
        let slice = queries::page(connection, &operator, &query, PAGE).await?;
        let row = |listed: ListedProduct| (cells(&listed), shapes::Product::from(listed));
        table.print(slice.rows.into_iter().map(row).collect())?;
        let Some(next) = slice.next else {
            return Ok(());
        };
        query.page = next;
    }
}

fn cells(listed: &ListedProduct) -> [String; 4] {
    let more = if listed.tokens >= MOST_COUNTED {
        "+"
    } else {
        ""
    };
    [
        listed.product.id.to_string(),
        listed.product.name.clone(),
        listed.product.key.clone(),
        format!("{}{more}", format::thousands(listed.tokens)),
    ]
}

async fn create(desk: &Desk, options: Create) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.within.organization).await?;
    let actor = Operator::at(organization.id).actor();
    let draft = Draft {
        name: Field::new(options.name),
        key: Field::new(options.key),
        ..Draft::default()
    };
    let new = draft
        .clone()
        .parse(None)
        .map_err(|draft| mistakes(&draft))?;
    let created = queries::create(connection, &actor, &new.name, &new.key, desk.clock.now()).await;
    let product = created.map_err(|error| refused(error.into(), draft))?;
    let sentence = format!("“{}” is created.", product.name);
    let listed = ListedProduct {
        product,
        version: 1,
        tokens: 0,
    };
    options
        .within
        .format
        .say(&shapes::Product::from(listed), &sentence)
}

fn mistakes(draft: &Draft) -> Failure {
    Failure::by_flag(&draft.fields())
}

/// Why a product is not made or changed, where that has to do with a flag.
fn refused(error: ChangeError, draft: Draft) -> Failure {
    match error {
        ChangeError::NameTaken => mistakes(&draft.name_taken()),
        ChangeError::KeyTaken => mistakes(&draft.key_taken()),
        error => error.into(),
    }
}

async fn edit(desk: &Desk, Edit { which, changes }: Edit) -> Result<(), Failure> {
    let mut connection = desk.database.get().await?;
    let (operator, current) = which.find(&mut connection).await?;
    let mut draft = Draft::from(&current);
    if let Some(name) = changes.name {
        draft.name = Field::new(name);
    }
    if let Some(key) = changes.key {
        draft.key = Field::new(key);
        if draft.moves_key_of(&current) {
            let name = &current.product.name;
            return Err(Failure::new(format!(
                "--key: Tokens are linked to “{name}”, so its key stays."
            )));
        }
    }
    let new = draft.clone().parse(Some(&current));
    let new = new.map_err(|draft| mistakes(&draft))?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let id = current.product.id;
    let read = Pinned::read(id, current.version);
    let edited = queries::edit(&mut connection, &actor, read, &new, now).await;
    edited.map_err(|error| refused(error, draft))?;
    let product = queries::product(&mut connection, &operator, id).await?;
    drop(connection);
    let sentence = format!("“{}” is saved.", product.product.name);
    let saved = InEffect {
        thing: shapes::Product::from(product),
        receipt: desk.receipt().await,
    };
    which.within.format.say(&saved, &sentence)
}

async fn delete(desk: &Desk, which: &Which) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let (operator, listed) = which.find(connection).await?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    let deleted = queries::delete(connection, &actor, listed.product.id, now).await;
    let deleted = deleted.map_err(|error| match error {
        ChangeError::Outdated(current) if current.is_used() => Failure::new(format!(
            "“{}” has tokens. Delete them first; a product cannot go before they do.",
            current.product.name
        )),
        error => error.into(),
    })?;
    let sentence = format!("“{}” is deleted.", deleted.product.name);
    which
        .within
        .format
        .say(&shapes::Product::from(deleted), &sentence)
}

impl Which {
    async fn find(
        &self,
        connection: &mut Connection,
    ) -> Result<(Operator, ListedProduct), Failure> {
        let organization = organization(connection, &self.within.organization).await?;
        let operator = Operator::at(organization.id);
        let product = of_key(connection, &operator, &self.key).await?;
        let listed = queries::product(connection, &operator, product.id).await?;
        Ok((operator, listed))
    }
}

/// The product with this key.
pub async fn of_key(
    connection: &mut Connection,
    operator: &Operator,
    key: &str,
) -> Result<Product, Failure> {
    let products = queries::list(connection, operator.overseen()).await?;
    let keys: Vec<&str> = products.iter().map(|it| it.key.as_str()).collect();
    let unknown = format!(
        "There is no product {key:?}. There are: {}",
        keys.join(", ")
    );
    let product = products.into_iter().find(|product| product.key == key);
    product.ok_or_else(|| Failure::new(unknown))
}
