//! Changing products. Tokens are linked to a product that exists, and keep its key: so each
//! change holds the product's row, for which whoever links a token to it waits.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::Product;
use super::page::find;
use crate::access::{Actor, authorize};
use crate::catalogue::products::draft::NewProduct;
use crate::catalogue::products::{ListedProduct, ProductId};
use crate::db::schema::products;
use crate::db::{Connection, Pinned, violates};
use crate::journal::{self, Action, Change};
use crate::web::Error;

/// Why nothing was changed.
#[derive(Debug)]
pub enum ChangeError {
    NameTaken,
    KeyTaken,
    /// The product is not any more what the form was made for: someone changed it, or linked
    /// tokens to it.
    Outdated(Box<ListedProduct>),
    Query(QueryError),
}

impl From<QueryError> for ChangeError {
    fn from(error: QueryError) -> Self {
        if violates(&error, "products_name") {
            Self::NameTaken
        } else if violates(&error, "products_organization_id_key_key") {
            Self::KeyTaken
        } else {
            Self::Query(error)
        }
    }
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NameTaken => {
                Self::Conflict("Another product has this name. Choose another name.")
            }
            ChangeError::KeyTaken => {
                Self::Conflict("Another product has this key. Choose another key.")
            }
            ChangeError::Outdated(_) => {
                Self::Conflict("Someone else changed this product meanwhile. Nothing was changed.")
            }
            ChangeError::Query(error) => error.into(),
        }
    }
}

pub async fn create(
    connection: &mut Connection,
    actor: &Actor,
    name: &str,
    key: &str,
    now: DateTime<Utc>,
) -> QueryResult<Product> {
    let product = Product {
        id: ProductId::new(now),
        name: name.to_owned(),
        key: key.to_owned(),
    };
    connection
        .transaction(async |connection| {
            authorize(connection, actor, None).await?;
            diesel::insert_into(products::table)
                .values((
                    products::id.eq(product.id),
                    products::organization_id.eq(actor.organization()),
                    products::name.eq(&product.name),
                    products::key.eq(&product.key),
                    products::created_at.eq(now),
                ))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::ProductCreated,
                subject: (product.id.uuid(), &product.name),
                changes: vec![Change::set("key", &product.key)],
            };
            journal::record(connection, actor, entry, now).await
        })
        .await?;
    Ok(product)
}

/// Gives the product a new name and, while no token uses it, a new key, if it still is of its
/// version.
pub async fn edit(
    connection: &mut Connection,
    actor: &Actor,
    product: impl Into<Pinned<ProductId>>,
    new: &NewProduct,
    now: DateTime<Utc>,
) -> Result<(), ChangeError> {
    let pinned = product.into();
    let id = pinned.id;
    connection
        .transaction(async |connection| {
            let old = lock(connection, actor, id).await?;
            let is_new_key = old.product.key != new.key;
            if !pinned.admits(old.version) || (is_new_key && old.is_used()) {
                return Err(ChangeError::Outdated(Box::new(old)));
            }
            let between = |field, from: &str, to: &str| {
                Change::between(field, Some(from.to_owned()), Some(to.to_owned()))
            };
            let changes: Vec<Change> = [
                between("name", &old.product.name, &new.name),
                between("key", &old.product.key, &new.key),
            ]
            .into_iter()
            .flatten()
            .collect();
            if changes.is_empty() {
                return Ok(());
            }
            diesel::update(products::table.find(id))
                .set((
                    products::name.eq(&new.name),
                    products::key.eq(&new.key),
                    products::version.eq(products::version + 1),
                ))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::ProductEdited,
                subject: (id.uuid(), &new.name),
                changes,
            };
            Ok(journal::record(connection, actor, entry, now).await?)
        })
        .await
}

/// Deletes the product, if it still is of its version and no token uses it. Returns it as it was.
pub async fn delete(
    connection: &mut Connection,
    actor: &Actor,
    product: impl Into<Pinned<ProductId>>,
    now: DateTime<Utc>,
) -> Result<ListedProduct, ChangeError> {
    let pinned = product.into();
    let id = pinned.id;
    connection
        .transaction(async |connection| {
            let old = lock(connection, actor, id).await?;
            if !pinned.admits(old.version) || old.is_used() {
                return Err(ChangeError::Outdated(Box::new(old)));
            }
            diesel::delete(products::table.find(id))
                .execute(connection)
                .await?;
            let entry = journal::Draft {
                action: Action::ProductDeleted,
                subject: (id.uuid(), &old.product.name),
                changes: vec![Change {
                    field: "key".to_owned(),
                    from: Some(old.product.key.clone()),
                    to: None,
                }],
            };
            journal::record(connection, actor, entry, now).await?;
            Ok(old)
        })
        .await
}

async fn lock(
    connection: &mut Connection,
    actor: &Actor,
    id: ProductId,
) -> QueryResult<ListedProduct> {
    authorize(connection, actor, None).await?;
    products::table
        .filter(products::organization_id.eq(actor.organization()))
        .filter(products::id.eq(id))
        .select(products::id)
        .for_update()
        .get_result::<ProductId>(connection)
        .await?;
    find(connection, actor.organization(), id).await
}
