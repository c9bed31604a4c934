//! `tokendesk product`: products.

use clap::{Args, Subcommand};

use super::output::Format;
use super::{Desk, Failure, organization};
use crate::access::Operator;
use crate::api::shapes;
use crate::catalogue::products::draft::Draft;
use crate::catalogue::products::queries::{self, ChangeError};
use crate::catalogue::products::{ListedProduct, MOST_COUNTED, Query};
use crate::web::form::Field;
use crate::web::format;

/// Products that are read at a time.
const PAGE: usize = 500;

#[derive(Subcommand)]
pub enum Command {
    /// List products by name
    List(List),
    /// Create a product, whose key its tokens' secrets begin with
    Create(Create),
    /// Delete a product that no token is linked to
    Delete(Delete),
}

#[derive(Args)]
pub struct List {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    #[command(flatten)]
    format: Format,
}

#[derive(Args)]
pub struct Create {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    #[arg(long)]
    name: String,
    /// 2 to 12 of a-z and 0-9
    #[arg(long)]
    key: String,
    #[command(flatten)]
    format: Format,
}

#[derive(Args)]
pub struct Delete {
    /// The organisation's slug
    #[arg(long)]
    organization: String,
    /// The product's key
    key: String,
}

pub async fn run(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(options) => list(desk, &options).await,
        Command::Create(options) => create(desk, options).await,
        Command::Delete(options) => delete(desk, &options).await,
    }
}

async fn list(desk: &Desk, options: &List) -> Result<(), Failure> {
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
    let organization = organization(connection, &options.organization).await?;
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
    let product = created.map_err(|error| match ChangeError::from(error) {
        ChangeError::NameTaken => mistakes(&draft.name_taken()),
        ChangeError::KeyTaken => mistakes(&draft.key_taken()),
        error => error.into(),
    })?;
    let sentence = format!("“{}” is created.", product.name);
    let listed = ListedProduct {
        product,
        version: 1,
        tokens: 0,
    };
    options
        .format
        .say(&shapes::Product::from(listed), &sentence)
}

/// All that is wrong with a form, by flag.
fn mistakes(draft: &Draft) -> Failure {
    let refused = draft.fields().map(|(name, field)| {
        let errors = field.errors.iter();
        errors.map(move |error| format!("--{name}: {error}"))
    });
    let lines: Vec<String> = refused.into_iter().flatten().collect();
    Failure::new(lines.join("\n"))
}

async fn delete(desk: &Desk, options: &Delete) -> Result<(), Failure> {
    let connection = &mut *desk.database.get().await?;
    let organization = organization(connection, &options.organization).await?;
    let operator = Operator::at(organization.id);
    let products = queries::list(connection, organization.id).await?;
    let product = products.iter().find(|product| product.key == options.key);
    let product = product.ok_or_else(|| {
        let keys: Vec<&str> = products
            .iter()
            .map(|product| product.key.as_str())
            .collect();
        let key = &options.key;
        Failure::new(format!(
            "There is no product {key:?}. There are: {}",
            keys.join(", ")
        ))
    })?;
    let listed = queries::product(connection, &operator, product.id).await?;
    let (actor, now) = (operator.actor(), desk.clock.now());
    match queries::delete(connection, &actor, product.id, listed.version, now).await {
        Ok(deleted) => println!("“{}” is deleted.", deleted.product.name),
        Err(ChangeError::Outdated(current)) if current.is_used() => {
            return Err(Failure::new(format!(
                "“{}” has tokens. Delete them first; a product cannot go before they do.",
                current.product.name
            )));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
