//! The list of API tokens. With a million of them a page reads little more
//! than it shows; the indexes are made for these queries.

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::counts::{Counts, Found, Hits, count};
use super::{Row, TokenRow, UsageRow, assemble, search};
use crate::access::{OrganizationId, Overseer};
use crate::catalogue::Product;
use crate::db::Connection;
use crate::db::schema::{products, token_usage, tokens};
use crate::tokens::{Filter, Sort, Status, Token, TokenId};
use crate::web::paging::{Direction, Slice};

/// For the rest of the transaction, plans are made for the values that are asked for, as what
/// is best for a rare search is the worst for a common one, and for a database in memory.
pub async fn plan_afresh(connection: &mut Connection) -> QueryResult<()> {
    let settings = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), \
                    set_config('random_page_cost', '1.1', true), set_config('jit', 'off', true), \
                    set_config('max_parallel_workers_per_gather', '0', true)";
    sql_query(settings).execute(connection).await?;
    Ok(())
}

/// A page of the list, and how many tokens its tabs hold.
pub async fn page(
    connection: &mut Connection,
    overseer: &impl Overseer,
    filter: &Filter,
    size: usize,
    now: DateTime<Utc>,
) -> QueryResult<(Counts, Slice<Token>)> {
    let organization = overseer.overseen();
    let Found { counts, hits } = count(connection, organization, filter, now).await?;
    let list = List::new(organization, filter, now, size + 1);
    let ids = match hits {
        Hits::Few(ids) => list.among(connection, ids).await?,
        Hits::Many { stretch } => {
            let ids = list.walk(connection, stretch).await?;
            if ids.len() > size || list.ends(connection, stretch).await? {
                ids
            } else {
                list.collect(connection).await?
            }
        }
    };
    let mut rows: Vec<Row> = tokens::table
        .inner_join(token_usage::table)
        .left_join(products::table)
        .filter(tokens::organization_id.eq(organization))
        .filter(tokens::id.eq_any(&ids))
        .select((
            TokenRow::as_select(),
            UsageRow::as_select(),
            Option::<Product>::as_select(),
        ))
        .load(connection)
        .await?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.0.id));
    let place = |row: &Row| (key(row, filter.sort), row.0.id.uuid());
    let slice = Slice::new(rows, size, filter.cursor.as_ref(), place);
    Ok((counts, slice.map(assemble)))
}

/// What a cursor remembers of a row beside its ID.
fn key((token, usage, _): &Row, sort: Sort) -> String {
    let exact = |at: &DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    match sort {
        Sort::Newest => String::new(),
        Sort::Name => token.name_folded.clone(),
        Sort::Expiry => exact(&token.expires_sort),
        Sort::LastUsed => exact(&usage.last_used_sort),
    }
}

/// The columns that hold an order, and the type of the first.
struct Order {
    table: &'static str,
    listed: &'static str,
    key: &'static str,
    kind: &'static str,
    id: &'static str,
    descending: bool,
}

impl Order {
    fn of(sort: Sort) -> Self {
        let (key, kind, descending) = match sort {
            Sort::Newest => ("id", "uuid", true),
            Sort::Name => ("name_folded", "text", false),
            Sort::Expiry => ("expires_sort", "timestamptz", false),
            Sort::LastUsed => ("last_used_sort", "timestamptz", true),
        };
        let (table, id, listed) = match sort {
            Sort::LastUsed => ("token_usage", "token_id", "standing IS NOT NULL"),
            _ => ("tokens", "id", "owner_id IS NULL"),
        };
        Self {
            table,
            listed,
            key,
            kind,
            id,
            descending,
        }
    }
}

/// The queries for the IDs of a page. By hand: Diesel has no subquery to select from, and no
/// comparison of rows. All have the same parameters, and conditions on those that are NULL
/// are gone when the plan is made.
struct List<'a> {
    organization: OrganizationId,
    filter: &'a Filter,
    now: DateTime<Utc>,
    most: i64,
    order: Order,
    /// The sort key and the ID where the page starts.
    place: Option<(String, Uuid)>,
}

impl<'a> List<'a> {
    fn new(
        organization: OrganizationId,
        filter: &'a Filter,
        now: DateTime<Utc>,
        most: usize,
    ) -> Self {
        Self {
            organization,
            filter,
            now,
            most: i64::try_from(most).unwrap_or(i64::MAX),
            order: Order::of(filter.sort),
            place: place(filter),
        }
    }

    /// Those that fit among the next ones of the order.
    async fn walk(&self, connection: &mut Connection, stretch: i64) -> QueryResult<Vec<TokenId>> {
        let Order { table, key, id, .. } = self.order;
        let sql = format!(
            "SELECT id FROM (SELECT {id} AS id, {key} AS key, standing, expires_sort, product_id, \
                 search FROM {table} AS tokens WHERE {} ORDER BY {} LIMIT {stretch}) AS tokens \
             WHERE {} ORDER BY {} LIMIT $7",
            self.ahead(),
            self.sorted(key, id),
            self.fits(),
            self.sorted("key", "id"),
        );
        ids(self.query(sql), connection).await
    }

    /// Whether the order ends within the stretch; not asked where it begins.
    async fn ends(&self, connection: &mut Connection, stretch: i64) -> QueryResult<bool> {
        if self.place.is_none() {
            return Ok(false);
        }
        let Order { table, key, id, .. } = self.order;
        let sql = format!(
            "SELECT {id} AS id FROM {table} AS tokens WHERE {} ORDER BY {} \
             OFFSET {stretch} LIMIT 1",
            self.ahead(),
            self.sorted(key, id),
        );
        Ok(ids(self.query(sql), connection).await?.is_empty())
    }

    /// Those that fit of all that have a status, a product or a term, by what is the least.
    async fn collect(&self, connection: &mut Connection) -> QueryResult<Vec<TokenId>> {
        let Order { table, key, id, .. } = self.order;
        let Some(term) = self.filter.term() else {
            let found = format!(
                "SELECT {id} AS id, {key} AS key FROM {table} AS tokens WHERE {} AND {} OFFSET 0",
                self.listed(),
                self.fits(),
            );
            return ids(self.query(self.page_of(&found)), connection).await;
        };
        let hint = search::hint(connection, self.organization, &term).await?;
        // As the index has it.
        let standing = match self.filter.status {
            Some(Status::Inactive) => "nullif(standing, 'active') = 'disabled'",
            Some(Status::Revoked) => "nullif(standing, 'active') = 'revoked'",
            _ => "true",
        };
        let sql = self.page_of_tokens(&format!(
            "{} AND {} AND {standing}",
            self.fits(),
            hint.condition("$8")
        ));
        ids(self.query(sql).bind::<Text, _>(hint.value), connection).await
    }

    /// Those of a few that are known to fit.
    async fn among(
        &self,
        connection: &mut Connection,
        few: Vec<TokenId>,
    ) -> QueryResult<Vec<TokenId>> {
        let sql = self.page_of_tokens("id = ANY ($8)");
        ids(self.query(sql).bind::<Array<SqlUuid>, _>(few), connection).await
    }

    fn page_of_tokens(&self, condition: &str) -> String {
        let key = self.order.key;
        let found = format!(
            "FROM tokens WHERE organization_id = $1 AND owner_id IS NULL AND {condition} OFFSET 0"
        );
        self.page_of(&match self.filter.sort {
            Sort::LastUsed => format!(
                "SELECT id, {key} AS key FROM (SELECT id {found}) AS tokens \
                 JOIN token_usage ON token_id = id"
            ),
            _ => format!("SELECT id, {key} AS key {found}"),
        })
    }

    /// Of what is found the page is chosen. OFFSET 0 in `found` has PostgreSQL find first, and
    /// not walk along the order.
    fn page_of(&self, found: &str) -> String {
        format!(
            "SELECT id FROM ({found}) AS found WHERE {} ORDER BY {} LIMIT $7",
            self.beyond("key", "id"),
            self.sorted("key", "id"),
        )
    }

    fn query(&self, sql: String) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        let (key, id) = self.place.clone().unzip();
        sql_query(sql)
            .into_boxed()
            .bind::<SqlUuid, _>(self.organization)
            .bind::<Timestamptz, _>(self.now)
            .bind::<Nullable<SqlUuid>, _>(self.filter.product)
            .bind::<Nullable<Text>, _>(self.filter.term())
            .bind::<Nullable<Text>, _>(key)
            .bind::<Nullable<SqlUuid>, _>(id)
            .bind::<BigInt, _>(self.most)
    }

    /// The organisation's API tokens.
    fn listed(&self) -> String {
        format!("organization_id = $1 AND {}", self.order.listed)
    }

    /// Those from the page's start on. Sorted by expiry, the tokens of one status stand together,
    /// and the others are left out here.
    fn ahead(&self) -> String {
        let Order { key, id, .. } = self.order;
        let tab = match self.filter.sort {
            Sort::Expiry => self.in_tab(),
            _ => "true".to_owned(),
        };
        format!("{} AND {} AND {tab}", self.listed(), self.beyond(key, id))
    }

    fn beyond(&self, key: &str, id: &str) -> String {
        let kind = self.order.kind;
        match &self.place {
            Some(_) if self.descends() => format!("({key}, {id}) < ($5::{kind}, $6)"),
            Some(_) => format!("({key}, {id}) > ($5::{kind}, $6)"),
            None => "true".to_owned(),
        }
    }

    fn fits(&self) -> String {
        format!(
            "($3 IS NULL OR product_id = $3) AND ($4 IS NULL OR strpos(search, $4) > 0) AND {}",
            self.in_tab()
        )
    }

    fn in_tab(&self) -> String {
        let status = self.filter.status;
        status.map_or_else(|| "true".to_owned(), |status| status.sql("$2"))
    }

    fn sorted(&self, key: &str, id: &str) -> String {
        let direction = if self.descends() { "DESC" } else { "ASC" };
        format!("{key} {direction}, {id} {direction}")
    }

    /// The page before a place is read backwards.
    fn descends(&self) -> bool {
        let cursor = self.filter.cursor.as_ref();
        let backwards = cursor.is_some_and(|cursor| cursor.direction == Direction::Before);
        self.order.descending != backwards
    }
}

/// `None` without a cursor, and for one of another order.
fn place(filter: &Filter) -> Option<(String, Uuid)> {
    let cursor = filter.cursor.as_ref()?;
    let key = match filter.sort {
        Sort::Newest => cursor.id.to_string(),
        Sort::Name => cursor.key.clone(),
        Sort::Expiry | Sort::LastUsed => {
            let at: DateTime<Utc> = cursor.key.parse().ok()?;
            (1970..=9999)
                .contains(&at.year())
                .then(|| at.to_rfc3339())?
        }
    };
    Some((key, cursor.id))
}

async fn ids(
    query: BoxedSqlQuery<'_, Pg, SqlQuery>,
    connection: &mut Connection,
) -> QueryResult<Vec<TokenId>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = SqlUuid)]
        id: TokenId,
    }
    let found: Vec<Found> = query.load(connection).await?;
    Ok(found.into_iter().map(|row| row.id).collect())
}
