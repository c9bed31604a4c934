//! Products in the database.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::access::{Actor, OrganizationId};
use crate::db::Connection;
use crate::db::schema::products;
use crate::db::types::id;
use crate::journal::{self, Action, Change};

id!(ProductId);

/// Something of the organisation's that a token can be linked to.
#[derive(Clone, Debug, Eq, PartialEq, Queryable, Selectable)]
pub struct Product {
    pub id: ProductId,
    pub name: String,
    /// 2 to 12 of a-z and 0-9: the prefix of its tokens' secrets.
    pub key: String,
}

/// The organisation's products, by name.
pub async fn list(
    connection: &mut Connection,
    organization: OrganizationId,
) -> QueryResult<Vec<Product>> {
    products::table
        .filter(products::organization_id.eq(organization))
        .order((products::name, products::id))
        .select(Product::as_select())
        .load(connection)
        .await
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
