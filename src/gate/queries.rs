//! What the gate reads and writes in the database.

pub mod usage;
pub mod usage_log;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel::sql_types::Integer;
use diesel_async::RunQueryDsl;
use ipnet::IpNet;

use super::usage::counter::Counter;
use super::view::{Owner, Tenant, View};
use crate::access::{OrganizationId, Overseer, UserId, rights};
use crate::catalogue::Product;
use crate::db::Connection;
use crate::db::schema::{memberships, organizations, products, secrets, tokens, users};
use crate::secret::Digest;
use crate::tokens::queries::known_scopes;
use crate::tokens::{Key, Standing, TokenId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = tokens)]
struct TokenRow {
    id: TokenId,
    name: String,
    standing: Standing,
    expires_at: Option<DateTime<Utc>>,
    ip_ranges: Vec<IpNet>,
    scopes: Option<Vec<String>>,
    #[diesel(select_expression = rights(), select_expression_type = SqlLiteral<Integer>)]
    rights: i32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = secrets)]
struct SecretRow {
    created_at: DateTime<Utc>,
    retires_at: Option<DateTime<Utc>>,
    is_retired: bool,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = organizations)]
struct OrganizationRow {
    id: OrganizationId,
    name: String,
    slug: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct OwnerRow {
    id: UserId,
    email: String,
}

/// The last: whether the owner is a member who is not deactivated.
type Row = (
    TokenRow,
    SecretRow,
    OrganizationRow,
    Option<Product>,
    Option<OwnerRow>,
    bool,
);

/// By one point lookup. Here alone no organisation narrows the query: the secret says whose
/// it is.
pub async fn view(connection: &mut Connection, digest: &Digest) -> QueryResult<Option<View>> {
    let membership = memberships::table.on(memberships::organization_id
        .eq(tokens::organization_id)
        .and(tokens::owner_id.eq(memberships::user_id.nullable())));
    let is_active = (memberships::user_id.nullable().is_not_null())
        .and(memberships::deactivated_at.nullable().is_null());
    let row: Option<Row> = secrets::table
        .inner_join(
            tokens::table
                .inner_join(organizations::table)
                .left_join(products::table)
                .left_join(users::table.on(tokens::owner_id.eq(users::id.nullable())))
                .left_join(membership),
        )
        .filter(secrets::digest.eq(&digest.as_bytes()[..]))
        .select((
            TokenRow::as_select(),
            SecretRow::as_select(),
            OrganizationRow::as_select(),
            Option::<Product>::as_select(),
            Option::<OwnerRow>::as_select(),
            is_active,
        ))
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(assemble))
}

fn assemble((token, secret, organization, product, owner, is_active): Row) -> View {
    View {
        token: token.id,
        tenant: Arc::new(Tenant {
            id: organization.id,
            name: organization.name,
            slug: organization.slug,
        }),
        name: token.name.into(),
        standing: token.standing,
        expires_at: token.expires_at,
        secret_created_at: secret.created_at,
        secret_retires_at: secret.retires_at,
        secret_is_retired: secret.is_retired,
        ranges: token.ip_ranges.into(),
        scopes: token.scopes.as_deref().map(known_scopes),
        rights: token.rights,
        product: product.map(Arc::new),
        owner: owner.map(|owner| {
            Box::new(Owner {
                user: owner.id,
                email: owner.email,
                is_active,
            })
        }),
        counter: Counter::default(),
    }
}

/// Whether anybody has a secret of an older system. In the order of the index that holds these
/// alone, as there may be a million others before the first.
pub async fn has_foreign(connection: &mut Connection) -> QueryResult<bool> {
    let first: Option<TokenId> = secrets::table
        .filter(secrets::is_foreign)
        .order(secrets::token_id)
        .select(secrets::token_id)
        .first(connection)
        .await
        .optional()?;
    Ok(first.is_some())
}

/// Which token of the organisation's it is, whoever owns it, and its current secret.
pub async fn current_secret(
    connection: &mut Connection,
    overseer: &impl Overseer,
    id: TokenId,
) -> QueryResult<(Key, Digest)> {
    let (owner, digest): (Option<UserId>, Vec<u8>) = secrets::table
        .inner_join(tokens::table)
        .filter(tokens::organization_id.eq(overseer.overseen()))
        .filter(tokens::id.eq(id))
        .filter(secrets::retires_at.is_null())
        .select((tokens::owner_id, secrets::digest))
        .get_result(connection)
        .await?;
    let digest = Digest::from_bytes(&digest).ok_or(QueryError::NotFound)?;
    Ok((Key { id, owner }, digest))
}

/// All organisations by their slugs. No organisation narrows the query: it is what a token's own
/// is compared with.
pub async fn organizations(
    connection: &mut Connection,
) -> QueryResult<Vec<(String, OrganizationId)>> {
    organizations::table
        .select((organizations::slug, organizations::id))
        .load(connection)
        .await
}
