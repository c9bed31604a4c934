//! The list of API tokens. With a million of them a page reads little more
//! than it shows; the indexes are made for these queries.

mod order;

use std::cmp::Reverse;

use chrono::{DateTime, SecondsFormat, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use self::order::{Order, Place, Run};
use super::counts::{self, Counts, CountsRow, Reach};
use super::{Row, assemble, rows, search};
use crate::access::{OrganizationId, Overseer};
use crate::db::Connection;
use crate::db::schema::tokens;
use crate::tokens::{Filter, Sort, Status, Token, TokenId};
use crate::web::paging::Slice;

/// A term that fewer of the newest tokens have may be rare: then all that have it are read, if
/// they are no more than this.
const COMMON: i64 = 16;
const FEW: i64 = 1_500;
/// So many tokens of an order are looked at first. Where they do not fill the page, it is either
/// walked on or all that is listed is collected, whichever promises to take less.
const FIRST_WALK: i64 = 10_000;
const LONGEST_WALK: i64 = 100_000;
/// In the time that it takes to collect what a search finds an order could be walked so far: to
/// ask the index of grams, and for each of the newest tokens that it finds, which of a million
/// stands for 200 to be read. Where the last use has to be read too, that is twice as much.
const PRICE_OF_GRAMS: i64 = 15_000;
const PRICE_PER_HIT: i64 = 1_000;

/// A page of the list, and how many tokens its tabs hold.
pub async fn page(
    connection: &mut Connection,
    overseer: &impl Overseer,
    filter: &Filter,
    size: usize,
    now: DateTime<Utc>,
) -> QueryResult<(Counts, Slice<Token>)> {
    let list = List {
        organization: overseer.overseen(),
        filter,
        term: filter.term(),
        now,
        most: size + 1,
        order: Order::of(filter),
    };
    let (counts, ids) = match &list.term {
        None => list.browse(connection).await?,
        Some(term) => list.search(connection, term).await?,
    };
    let mut found: Vec<Row> = rows(list.organization)
        .filter(tokens::id.eq_any(&ids))
        .load(connection)
        .await?;
    found.sort_by_key(|row| ids.iter().position(|id| *id == row.0.id));
    let place = |row: &Row| (key(row, filter.sort), row.0.id.uuid());
    let mut slice = Slice::new(found, size, filter.cursor.as_ref(), place);
    if filter.sort == Sort::LastUsed {
        // The order itself is by the minute, as an index of instants would change with each call.
        let latest = |(token, usage, ..): &Row| Reverse((usage.last_used_at, token.id));
        slice.rows.sort_by_key(latest);
    }
    Ok((counts, slice.map(assemble)))
}

/// What a cursor remembers of a row beside its ID.
fn key((token, usage, ..): &Row, sort: Sort) -> String {
    let exact = |at: &DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    match sort {
        Sort::Newest => String::new(),
        Sort::Name => token.name_folded.clone(),
        Sort::Expiry => exact(&token.expires_sort),
        Sort::LastUsed => exact(&usage.last_used_minute),
    }
}

/// The queries for the IDs of a page. By hand: Diesel has no subquery to select from, and no
/// comparison of rows. All have the same parameters, and conditions on those that are NULL
/// are gone when the plan is made.
struct List<'a> {
    organization: OrganizationId,
    filter: &'a Filter,
    term: Option<String>,
    now: DateTime<Utc>,
    most: usize,
    order: Order,
}

/// What is known beforehand of walking along an order.
struct Prospect {
    /// So far it could be walked in the time that it takes to collect what is listed.
    price: i64,
    /// So many of the first [`FIRST_WALK`] tokens are likely to fit.
    likely: i64,
}

impl Prospect {
    const GOOD: Self = Self {
        price: LONGEST_WALK,
        likely: FIRST_WALK,
    };

    /// Whether the `missing` tokens are likely to come before the walk has cost its price, when
    /// the first part of it has `found` some of them.
    fn promises(&self, missing: usize, found: usize) -> bool {
        let [missing, found] =
            [missing, found].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        // Half as long again as it looks.
        FIRST_WALK * missing * 3 / 2 <= self.price * found.max(self.likely)
    }
}

impl List<'_> {
    async fn browse(&self, connection: &mut Connection) -> QueryResult<(Counts, Vec<TokenId>)> {
        let counts = counts::each(connection, self.organization, self.filter, self.now).await?;
        let is_narrowed = self.filter.status.is_some()
            || self.filter.product.is_some()
            || self.filter.responsible.is_some();
        let ids = if is_narrowed && counts.are_exact_of(self.filter.status) {
            self.collect(connection).await?
        } else {
            self.read(connection, &Prospect::GOOD).await?
        };
        Ok((counts, ids))
    }

    async fn search(
        &self,
        connection: &mut Connection,
        term: &str,
    ) -> QueryResult<(Counts, Vec<TokenId>)> {
        let newest =
            counts::newest(connection, self.organization, self.filter, term, self.now).await?;
        let may_be_rare = newest.total() < COMMON && !newest.are_exact();
        if may_be_rare && let Some(found) = self.few(connection, term).await? {
            return Ok(found);
        }
        let ids = self.read(connection, &self.prospect(&newest)).await?;
        Ok((newest, ids))
    }

    /// What the newest tokens tell of a search.
    fn prospect(&self, newest: &Counts) -> Prospect {
        let total = newest.total();
        let (alike, fitting) = match self.filter.status {
            None => (total, total),
            // The index of grams does not know who has expired, nor do the newest tell.
            Some(Status::Expired) => (total, total / 10),
            Some(Status::Active) => (total, newest.counted(self.filter.status)),
            tab => (newest.counted(tab), newest.counted(tab)),
        };
        let tables = if self.order.stands_in_tokens() { 1 } else { 2 };
        let price = PRICE_OF_GRAMS + PRICE_PER_HIT * tables * alike;
        Prospect {
            price: price.min(LONGEST_WALK),
            likely: fitting * FIRST_WALK / counts::SAMPLE,
        }
    }

    /// The page from its place on.
    async fn read(
        &self,
        connection: &mut Connection,
        prospect: &Prospect,
    ) -> QueryResult<Vec<TokenId>> {
        let mut ids = Vec::new();
        for run in self.order.runs() {
            let missing = self.most - ids.len();
            let mut found = self.walk(connection, &run, FIRST_WALK, missing).await?;
            if found.len() < missing && !self.ends(connection, &run).await? {
                if !prospect.promises(missing, found.len()) {
                    return self.collect(connection).await;
                }
                found = self.walk(connection, &run, prospect.price, missing).await?;
                if found.len() < missing {
                    return self.collect(connection).await;
                }
            }
            ids.extend(found);
            if ids.len() == self.most {
                break;
            }
        }
        Ok(ids)
    }

    /// Those that fit among the next ones of a run.
    async fn walk(
        &self,
        connection: &mut Connection,
        run: &Run<'_>,
        walked: i64,
        most: usize,
    ) -> QueryResult<Vec<TokenId>> {
        let Order { table, key, id, .. } = self.order;
        let sql = format!(
            "SELECT id FROM (SELECT {id} AS id, {key} AS key, standing, expires_sort, product_id, \
                 search FROM {table} AS tokens WHERE {} ORDER BY {} LIMIT {walked}) AS tokens \
             WHERE {} ORDER BY {} LIMIT $7",
            self.ahead(run),
            self.order.sorted(key, id),
            self.fits("id"),
            self.order.sorted("key", "id"),
        );
        ids(self.query(sql, run.place, most), connection).await
    }

    /// Whether a run ends within its first walk.
    async fn ends(&self, connection: &mut Connection, run: &Run<'_>) -> QueryResult<bool> {
        let Order { table, key, id, .. } = self.order;
        let sql = format!(
            "SELECT {id} AS id FROM {table} AS tokens WHERE {} ORDER BY {} OFFSET {FIRST_WALK} LIMIT 1",
            self.ahead(run),
            self.order.sorted(key, id),
        );
        let beyond = ids(self.query(sql, run.place, 1), connection).await?;
        Ok(beyond.is_empty())
    }

    /// The page out of all that have a status, a product or a term, by what is the least.
    async fn collect(&self, connection: &mut Connection) -> QueryResult<Vec<TokenId>> {
        let Order { table, key, id, .. } = self.order;
        let place = self.order.place.as_ref();
        let Some(term) = &self.term else {
            let found = format!(
                "SELECT {id} AS id, {key} AS key FROM {table} AS tokens WHERE {} AND {} OFFSET 0",
                self.listed(),
                self.fits(id),
            );
            let sql = self.page_of(&found);
            return ids(self.query(sql, place, self.most), connection).await;
        };
        // As the index has it.
        let standing = match self.filter.status {
            Some(Status::Inactive) => "nullif(standing, 'active') = 'disabled'",
            Some(Status::Revoked) => "nullif(standing, 'active') = 'revoked'",
            _ => "true",
        };
        let found = self.having_term(&format!("{standing} AND {}", self.in_tab()));
        let sql = self.page_of(&self.keyed(&found));
        let grams = search::grams(connection, self.organization, term).await?;
        let query = self.query(sql, place, self.most);
        ids(query.bind::<Array<Text>, _>(grams), connection).await
    }

    /// All that a search finds counted, and the page of it; `None` if that is too much.
    async fn few(
        &self,
        connection: &mut Connection,
        term: &str,
    ) -> QueryResult<Option<(Counts, Vec<TokenId>)>> {
        #[derive(QueryableByName)]
        struct Few {
            #[diesel(embed)]
            counts: CountsRow,
            #[diesel(sql_type = Array<SqlUuid>)]
            page: Vec<TokenId>,
        }
        let sql = format!(
            "WITH tokens AS MATERIALIZED (SELECT * FROM ({}) AS found LIMIT {FEW} + 1) \
             SELECT {}, ARRAY({}) AS page FROM tokens",
            self.having_term("true"),
            counts::columns("true"),
            self.page_of(&self.keyed(&format!(
                "SELECT * FROM tokens WHERE {} AND (SELECT count(*) FROM tokens) <= {FEW}",
                self.in_tab()
            ))),
        );
        let grams = search::grams(connection, self.organization, term).await?;
        let few: Few = self
            .query(sql, self.order.place.as_ref(), self.most)
            .bind::<Array<Text>, _>(grams)
            .get_result(connection)
            .await?;
        let counts = few.counts.counts(Reach::All);
        Ok((counts.total() <= FEW).then_some((counts, few.page)))
    }

    /// What has the term, found by the grams `$9`. OFFSET 0 has PostgreSQL find first, and not
    /// walk along the order.
    fn having_term(&self, condition: &str) -> String {
        let key = if self.order.stands_in_tokens() {
            format!(", {} AS key", self.order.key)
        } else {
            String::new()
        };
        format!(
            "SELECT id, standing, expires_sort{key} FROM tokens \
             WHERE organization_id = $1 AND owner_id IS NULL AND grams(search) @> $9 \
             AND strpos(search, $4) > 0 AND ($3 IS NULL OR product_id = $3) \
             AND ($8 IS NULL OR responsible_id = $8) AND {condition} OFFSET 0"
        )
    }

    /// With the sort key, where that stands in another table.
    fn keyed(&self, found: &str) -> String {
        if self.order.stands_in_tokens() {
            return found.to_owned();
        }
        let Order { table, key, id, .. } = self.order;
        format!(
            "SELECT found.id, {key} AS key FROM ({found}) AS found JOIN {table} ON {id} = found.id"
        )
    }

    fn page_of(&self, found: &str) -> String {
        format!(
            "SELECT id FROM ({found}) AS found WHERE {} ORDER BY {} LIMIT $7",
            self.order.beyond_whole("key", "id"),
            self.order.sorted_whole("key", "id"),
        )
    }

    fn query(
        &self,
        sql: String,
        place: Option<&Place>,
        most: usize,
    ) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        let (key, id) = place.cloned().unzip();
        sql_query(sql)
            .into_boxed()
            .bind::<SqlUuid, _>(self.organization)
            .bind::<Timestamptz, _>(self.now)
            .bind::<Nullable<SqlUuid>, _>(self.filter.product)
            .bind::<Nullable<Text>, _>(self.term.clone())
            .bind::<Nullable<Text>, _>(key)
            .bind::<Nullable<SqlUuid>, _>(id)
            .bind::<BigInt, _>(i64::try_from(most).unwrap_or(i64::MAX))
            .bind::<Nullable<SqlUuid>, _>(self.filter.responsible)
    }

    /// The organisation's API tokens.
    fn listed(&self) -> String {
        format!("organization_id = $1 AND {}", self.order.listed)
    }

    /// Those of a run from its place on. Sorted by expiry, the tokens of one status stand
    /// together, and the others are left out here.
    fn ahead(&self, run: &Run<'_>) -> String {
        let Order { key, id, .. } = self.order;
        let tab = match self.filter.sort {
            Sort::Expiry => self.in_tab(),
            _ => "true".to_owned(),
        };
        let beyond = self.order.beyond(run, key, id);
        format!("{} AND {beyond} AND {tab}", self.listed())
    }

    /// Which rows of a table with this column of IDs are wanted.
    fn fits(&self, id: &str) -> String {
        format!(
            "($3 IS NULL OR product_id = $3) AND ($4 IS NULL OR strpos(search, $4) > 0) \
             AND ($8 IS NULL OR {id} IN (SELECT id FROM tokens WHERE responsible_id = $8)) AND {}",
            self.in_tab()
        )
    }

    fn in_tab(&self) -> String {
        let status = self.filter.status;
        status.map_or_else(|| "true".to_owned(), |status| status.sql("$2"))
    }
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
