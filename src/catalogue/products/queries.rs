//! Products in the database.

mod change;
mod page;

pub use change::{ChangeError, create, delete, edit};
pub use page::{page, product, total};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::ProductId;
use crate::access::OrganizationId;
use crate::db::schema::products;
use crate::db::{Connection, lower};

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
        .order(lower(products::name))
        .select(Product::as_select())
        .load(connection)
        .await
}
