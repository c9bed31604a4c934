//! Many new tokens at once, without journal entries.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bool, Bytea, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use crate::access::{Actor, UserId};
use crate::catalogue::ProductId;
use crate::db::Connection;
use crate::tokens::TokenId;

/// Columns of tokens, each with its one secret.
#[derive(Default)]
pub struct Tokens {
    pub ids: Vec<TokenId>,
    pub owners: Vec<Option<UserId>>,
    pub products: Vec<Option<ProductId>>,
    pub names: Vec<String>,
    pub folded: Vec<String>,
    pub displays: Vec<String>,
    pub digests: Vec<Vec<u8>>,
    pub foreign: Vec<bool>,
    pub standings: Vec<&'static str>,
    /// Arrays as PostgreSQL writes them; `None`: none set.
    pub scopes: Vec<Option<String>>,
    pub ranges: Vec<&'static str>,
    pub expires: Vec<Option<DateTime<Utc>>>,
    pub created: Vec<DateTime<Utc>>,
}

/// By hand: Diesel has no `unnest` of several arrays, and with it this is one short statement
/// however many the rows.
pub async fn insert_tokens(
    connection: &mut Connection,
    creator: &Actor,
    rows: &Tokens,
) -> QueryResult<usize> {
    sql_query(
        "WITH rows AS ( \
             SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) AS t (id, \
                 owner, product, name, folded, display, digest, is_foreign, standing, scopes, \
                 ranges, expires, created) \
         ), added AS ( \
             INSERT INTO tokens (id, organization_id, owner_id, product_id, name, name_folded, \
                 display, standing, scopes, ip_ranges, expires_at, created_at, responsible_id, \
                 created_by_name) \
             SELECT id, $14, owner, product, name, folded, display, standing, scopes::text[], \
                 ranges::cidr[], expires, created, $15, $16 FROM rows \
         ) \
         INSERT INTO secrets (digest, token_id, display, created_at, is_foreign) \
         SELECT digest, id, display, created, is_foreign FROM rows",
    )
    .bind::<Array<Uuid>, _>(&rows.ids)
    .bind::<Array<Nullable<Uuid>>, _>(&rows.owners)
    .bind::<Array<Nullable<Uuid>>, _>(&rows.products)
    .bind::<Array<Text>, _>(&rows.names)
    .bind::<Array<Text>, _>(&rows.folded)
    .bind::<Array<Text>, _>(&rows.displays)
    .bind::<Array<Bytea>, _>(&rows.digests)
    .bind::<Array<Bool>, _>(&rows.foreign)
    .bind::<Array<Text>, _>(&rows.standings)
    .bind::<Array<Nullable<Text>>, _>(&rows.scopes)
    .bind::<Array<Text>, _>(&rows.ranges)
    .bind::<Array<Nullable<Timestamptz>>, _>(&rows.expires)
    .bind::<Array<Timestamptz>, _>(&rows.created)
    .bind::<Uuid, _>(creator.organization())
    .bind::<Nullable<Uuid>, _>(creator.user())
    .bind::<Text, _>(creator.name())
    .execute(connection)
    .await
}
