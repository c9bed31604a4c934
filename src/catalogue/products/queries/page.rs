//! Finding products.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl;

use super::Product;
use crate::access::{OrganizationId, Overseer};
use crate::catalogue::products::pages::Query;
use crate::catalogue::products::{ListedProduct, MOST_COUNTED, ProductId};
use crate::db::schema::products;
use crate::db::{Connection, anywhere, lower};
use crate::web::paging::{Cursor, Direction, Slice, one_more};

/// A page of the organisation's products, by name.
pub async fn page(
    connection: &mut Connection,
    overseer: &impl Overseer,
    query: &Query,
    size: usize,
) -> QueryResult<Slice<ListedProduct>> {
    let cursor = query.cursor();
    let mut found = matching(overseer.overseen(), query)
        .select((Product::as_select(), products::version))
        .limit(one_more(size));
    found = match &cursor {
        // No two have the same.
        Some(Cursor {
            key,
            direction: Direction::Before,
            ..
        }) => found
            .filter(lower(products::name).lt(lower(key.clone())))
            .order(lower(products::name).desc()),
        Some(Cursor { key, .. }) => found
            .filter(lower(products::name).gt(lower(key.clone())))
            .order(lower(products::name).asc()),
        None => found.order(lower(products::name).asc()),
    };
    let rows: Vec<(Product, i32)> = found.load(connection).await?;
    let place = |row: &(Product, i32)| (row.0.name.clone(), row.0.id.uuid());
    let slice = Slice::new(rows, size, cursor.as_ref(), place);
    let ids: Vec<ProductId> = slice.rows.iter().map(|row| row.0.id).collect();
    let counts = tokens(connection, overseer.overseen(), &ids).await?;
    Ok(slice.map(|(product, version)| ListedProduct {
        tokens: count_of(&counts, product.id),
        product,
        version,
    }))
}

/// How many there are on all pages together.
pub async fn total(
    connection: &mut Connection,
    overseer: &impl Overseer,
    query: &Query,
) -> QueryResult<i64> {
    matching(overseer.overseen(), query)
        .count()
        .get_result(connection)
        .await
}

pub async fn product(
    connection: &mut Connection,
    overseer: &impl Overseer,
    id: ProductId,
) -> QueryResult<ListedProduct> {
    find(connection, overseer.overseen(), id).await
}

pub(super) async fn find(
    connection: &mut Connection,
    organization: OrganizationId,
    id: ProductId,
) -> QueryResult<ListedProduct> {
    let (product, version) = products::table
        .filter(products::organization_id.eq(organization))
        .filter(products::id.eq(id))
        .select((Product::as_select(), products::version))
        .get_result(connection)
        .await?;
    let counts = tokens(connection, organization, &[id]).await?;
    Ok(ListedProduct {
        tokens: count_of(&counts, id),
        product,
        version,
    })
}

fn matching(
    organization: OrganizationId,
    query: &Query,
) -> products::BoxedQuery<'static, diesel::pg::Pg> {
    let own = products::table
        .filter(products::organization_id.eq(organization))
        .into_boxed();
    match query.term() {
        Some(term) => {
            let anywhere = anywhere(&term);
            own.filter(
                products::name
                    .ilike(anywhere.clone())
                    .or(products::key.ilike(anywhere)),
            )
        }
        None => own,
    }
}

#[derive(QueryableByName)]
struct Tokens {
    #[diesel(sql_type = SqlUuid)]
    id: ProductId,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// By hand: Diesel has no count that stops, and a product may have a million.
async fn tokens(
    connection: &mut Connection,
    organization: OrganizationId,
    ids: &[ProductId],
) -> QueryResult<Vec<Tokens>> {
    sql_query(
        "SELECT id, (SELECT count(*) FROM (SELECT FROM tokens \
             WHERE organization_id = $1 AND product_id = product.id LIMIT $3) AS linked) AS count \
         FROM unnest($2) AS product (id)",
    )
    .bind::<SqlUuid, _>(organization)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<BigInt, _>(MOST_COUNTED)
    .load(connection)
    .await
}

fn count_of(counts: &[Tokens], id: ProductId) -> i64 {
    let count = counts.iter().find(|tokens| tokens.id == id);
    count.map_or(0, |tokens| tokens.count)
}
