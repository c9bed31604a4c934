//! Finding tokens. With a million of them each of these reads little more than it shows: the
//! indexes in the migration that creates `tokens` are made for them.

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl;

use super::{Row, SecretRecord, TokenRow, UsageRow, assemble};
use crate::access::{Admin, OrganizationId};
use crate::catalogue::{Product, ProductId};
use crate::db::schema::{products, secrets, token_usage, tokens};
use crate::db::{Connection, Count};
use crate::tokens::{Filter, Sort, Status, Token, TokenId};
use crate::web::paging::{Cursor, Direction, Slice};

/// Where counting stops without a search, and with one.
const MOST_COUNTED: i64 = 10_000;
const MOST_COUNTED_FOUND: i64 = 1_000;
/// So many rows of a walk are looked at to see whether it meets enough of what is searched for.
const STRETCH: i64 = 10_000;

/// For the rest of the transaction, plans are made for the values that are asked for, as what
/// is best for a rare search is the worst for a common one, and for a database in memory.
pub async fn plan_afresh(connection: &mut Connection) -> QueryResult<()> {
    let settings = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), \
                    set_config('random_page_cost', '1.1', true), set_config('jit', 'off', true), \
                    set_config('max_parallel_workers_per_gather', '0', true)";
    sql_query(settings).execute(connection).await?;
    Ok(())
}

/// How the rows of a page are found.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Way {
    /// Along the list's order, until the page is full.
    Walk,
    /// All that the search finds is put in order.
    Collect,
}

/// A page of the list.
pub async fn page(
    connection: &mut Connection,
    admin: &Admin,
    filter: &Filter,
    counts: &Counts,
    size: usize,
    now: DateTime<Utc>,
) -> QueryResult<Slice<Token>> {
    let way = way(connection, admin, filter, counts).await?;
    let ids = ids(
        connection,
        admin,
        filter,
        (way, counts.common),
        size + 1,
        now,
    )
    .await?;
    let mut rows: Vec<Row> = tokens::table
        .inner_join(token_usage::table)
        .left_join(products::table)
        .filter(tokens::organization_id.eq(admin.organization().id))
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
    Ok(Slice::new(rows, size, filter.cursor.as_ref(), place).map(assemble))
}

/// Few are collected. A walk by name is long for a word that names begin with, however many
/// do, unless it starts where they stand: by hand, as Diesel has no subquery to select from.
async fn way(
    connection: &mut Connection,
    admin: &Admin,
    filter: &Filter,
    counts: &Counts,
) -> QueryResult<Way> {
    let Some(term) = filter.term() else {
        return Ok(Way::Walk);
    };
    if counts.total() <= MOST_COUNTED_FOUND {
        return Ok(Way::Collect);
    }
    if filter.sort != Sort::Name {
        return Ok(Way::Walk);
    }
    let (from, direction) = match &filter.cursor {
        Some(Cursor {
            direction: Direction::Before,
            ..
        }) => ("<=", "DESC"),
        _ => (">=", "ASC"),
    };
    let start = filter.cursor.as_ref().map_or("", |cursor| &cursor.key);
    let (found, value, end) = search(&term, true);
    let met: Count = sql_query(format!(
        "SELECT count(*) FROM (SELECT FROM (SELECT search FROM tokens \
             WHERE organization_id = $1 AND name_folded {from} $2 \
             ORDER BY name_folded {direction}, id {direction} LIMIT $3) AS tokens \
         WHERE {found}$4{end} LIMIT $5) AS met"
    ))
    .bind::<SqlUuid, _>(admin.organization().id)
    .bind::<Text, _>(start)
    .bind::<BigInt, _>(STRETCH)
    .bind::<Text, _>(value)
    .bind::<BigInt, _>(STRETCH / 400)
    .get_result(connection)
    .await?;
    Ok(if met.count < STRETCH / 400 {
        Way::Collect
    } else {
        Way::Walk
    })
}

/// Which tokens are on the page, by an index that has all that is asked: the rows themselves
/// are read only for those that are shown.
async fn ids(
    connection: &mut Connection,
    admin: &Admin,
    filter: &Filter,
    (way, common): (Way, bool),
    most: usize,
    now: DateTime<Utc>,
) -> QueryResult<Vec<TokenId>> {
    let organization = admin.organization().id;
    // Without a condition on it, PostgreSQL leaves the usage out of the query.
    let mut query = tokens::table
        .left_join(token_usage::table)
        .filter(tokens::organization_id.eq(organization))
        .select(tokens::id)
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .into_boxed::<Pg>();
    if let Some(status) = filter.status {
        let (before, after) = status.sql();
        query = query.filter(sql::<Bool>(before).bind::<Timestamptz, _>(now).sql(after));
    }
    if let Some(product) = filter.product {
        query = query.filter(tokens::product_id.eq(product));
    }
    if let Some(term) = filter.term() {
        let (before, value, after) = search(&term, common);
        query = query.filter(sql::<Bool>(before).bind::<Text, _>(value).sql(after));
    }
    let cursor = filter.cursor.as_ref();
    let backwards = cursor.is_some_and(|cursor| cursor.direction == Direction::Before);

    if way == Way::Collect {
        // Never true, which only we know: no index has this order.
        query = query.order(tokens::name_folded.eq(""));
    }

    /// `$key` and then the ID, ascending; from the cursor on, if it fits this order. The first
    /// of its two conditions follows from the second, and is what an index can be asked.
    macro_rules! in_order_of {
        ($key:expr, $id:expr, $place:expr) => {{
            match cursor.and_then(|cursor| Some((cursor.id, $place(&cursor.key)?))) {
                Some((id, place)) if backwards => query
                    .filter($key.le(place.clone()))
                    .filter(
                        $key.lt(place.clone())
                            .or($key.eq(place).and($id.lt(TokenId::from(id)))),
                    )
                    .then_order_by(($key.desc(), $id.desc())),
                Some((id, place)) => query
                    .filter($key.ge(place.clone()))
                    .filter(
                        $key.gt(place.clone())
                            .or($key.eq(place).and($id.gt(TokenId::from(id)))),
                    )
                    .then_order_by(($key.asc(), $id.asc())),
                None => query.then_order_by(($key.asc(), $id.asc())),
            }
        }};
    }
    /// The same, descending.
    macro_rules! in_reverse_order_of {
        ($key:expr, $id:expr, $place:expr) => {{
            match cursor.and_then(|cursor| Some((cursor.id, $place(&cursor.key)?))) {
                Some((id, place)) if backwards => query
                    .filter($key.ge(place.clone()))
                    .filter(
                        $key.gt(place.clone())
                            .or($key.eq(place).and($id.gt(TokenId::from(id)))),
                    )
                    .then_order_by(($key.asc(), $id.asc())),
                Some((id, place)) => query
                    .filter($key.le(place.clone()))
                    .filter(
                        $key.lt(place.clone())
                            .or($key.eq(place).and($id.lt(TokenId::from(id)))),
                    )
                    .then_order_by(($key.desc(), $id.desc())),
                None => query.then_order_by(($key.desc(), $id.desc())),
            }
        }};
    }
    let text = |key: &String| Some(key.clone());
    let instant = |key: &String| {
        let at = key.parse::<DateTime<Utc>>().ok();
        at.filter(|at| (1970..=9999).contains(&at.year()))
    };
    let query = match filter.sort {
        Sort::Newest => match cursor {
            Some(Cursor { id, .. }) if backwards => query
                .filter(tokens::id.gt(TokenId::from(*id)))
                .then_order_by((tokens::id.asc(), tokens::id.asc())),
            Some(Cursor { id, .. }) => query
                .filter(tokens::id.lt(TokenId::from(*id)))
                .then_order_by((tokens::id.desc(), tokens::id.desc())),
            None => query.then_order_by((tokens::id.desc(), tokens::id.desc())),
        },
        Sort::Name => in_order_of!(tokens::name_folded, tokens::id, text),
        Sort::Expiry => in_order_of!(tokens::expires_sort, tokens::id, instant),
        Sort::LastUsed => {
            query = query.filter(token_usage::organization_id.eq(organization));
            in_reverse_order_of!(token_usage::last_used_sort, token_usage::token_id, instant)
        }
    };
    query.load(connection).await
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

/// The condition that finds a term in names and prefixes, before and after its value, and the
/// value. The index of trigrams needs three characters. Shorter terms have one of their own,
/// which is for rare ones: what most tokens have is found without an index.
fn search(term: &str, common: bool) -> (&'static str, String, &'static str) {
    if is_short(term) && !common {
        let condition = "(short_grams(tokens.search) @> ARRAY[";
        return (condition, term.to_owned(), "])");
    }
    let escaped = term
        .replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_");
    ("(tokens.search LIKE ", format!("%{escaped}%"), ")")
}

fn is_short(term: &str) -> bool {
    term.chars().count() < 3
}

/// How many tokens each tab holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub active: i64,
    pub inactive: i64,
    pub expired: i64,
    pub revoked: i64,
    /// Counting stops there; what is not lower may be more.
    most: i64,
    /// Whether the four were counted together, and stopped together.
    together: bool,
    /// Whether a short term is in many of the tokens.
    common: bool,
}

impl Counts {
    #[must_use]
    pub fn of(&self, status: Option<Status>) -> String {
        let exact = match status {
            Some(Status::Active) => self.active,
            Some(Status::Inactive) => self.inactive,
            Some(Status::Expired) => self.expired,
            Some(Status::Revoked) => self.revoked,
            None => self.total(),
        };
        let stopped = if self.together {
            self.total() > self.most
        } else {
            exact > self.most
        };
        let shown = crate::web::format::thousands(exact.min(self.most));
        if stopped { format!("{shown}+") } else { shown }
    }

    #[must_use]
    pub fn total(&self) -> i64 {
        self.active + self.inactive + self.expired + self.revoked
    }
}

#[derive(QueryableByName)]
struct CountsRow {
    #[diesel(sql_type = BigInt)]
    active: i64,
    #[diesel(sql_type = BigInt)]
    inactive: i64,
    #[diesel(sql_type = BigInt)]
    expired: i64,
    #[diesel(sql_type = BigInt)]
    revoked: i64,
}

/// Counts the tabs, up to a bound. By hand, since Diesel cannot count a limited subquery.
pub async fn counts(
    connection: &mut Connection,
    admin: &Admin,
    filter: &Filter,
    now: DateTime<Utc>,
) -> QueryResult<Counts> {
    let organization = admin.organization().id;
    match filter.term() {
        None => count_each(connection, organization, filter.product, now).await,
        Some(term) => count_found(connection, organization, filter.product, &term, now).await,
    }
}

/// Each status by itself, by an index alone.
async fn count_each(
    connection: &mut Connection,
    organization: OrganizationId,
    product: Option<ProductId>,
    now: DateTime<Utc>,
) -> QueryResult<Counts> {
    let narrowed = product.map_or("AND $3 IS NULL", |_| "AND tokens.product_id = $3");
    let count = |status: Status| {
        let (before, after) = status.sql();
        format!(
            "(SELECT count(*) FROM (SELECT FROM tokens WHERE tokens.organization_id = $1 \
             AND {before}$2{after} {narrowed} LIMIT $4) AS counted) AS {status}"
        )
    };
    let columns: Vec<String> = Status::ALL.iter().map(|status| count(*status)).collect();
    let row: CountsRow = sql_query(format!("SELECT {}", columns.join(", ")))
        .bind::<SqlUuid, _>(organization)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<SqlUuid>, _>(product)
        .bind::<BigInt, _>(MOST_COUNTED + 1)
        .get_result(connection)
        .await?;
    Ok(row.counted(MOST_COUNTED, false))
}

/// All that a search finds, in one go: a common term would otherwise be looked for four times.
async fn count_found(
    connection: &mut Connection,
    organization: OrganizationId,
    product: Option<ProductId>,
    term: &str,
    now: DateTime<Utc>,
) -> QueryResult<Counts> {
    let narrowed = product.map_or("AND $3 IS NULL", |_| "AND tokens.product_id = $3");
    let count = |status: Status| {
        let (before, after) = status.sql();
        format!("count(*) FILTER (WHERE {before}$2{after}) AS {status}")
    };
    let columns: Vec<String> = Status::ALL.iter().map(|status| count(*status)).collect();
    let common = is_short(term) && is_common(connection, organization, term).await?;
    let (found, value, end) = search(term, common);
    let row: CountsRow = sql_query(format!(
        "SELECT {} FROM (SELECT standing, expires_sort FROM tokens \
         WHERE tokens.organization_id = $1 {narrowed} AND {found}$5{end} LIMIT $4) AS tokens",
        columns.join(", ")
    ))
    .bind::<SqlUuid, _>(organization)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(product)
    .bind::<BigInt, _>(MOST_COUNTED_FOUND + 1)
    .bind::<Text, _>(value)
    .get_result(connection)
    .await?;
    Ok(Counts {
        common,
        ..row.counted(MOST_COUNTED_FOUND, true)
    })
}

/// Whether one of a hundred tokens has the term, going by the first of an index.
async fn is_common(
    connection: &mut Connection,
    organization: OrganizationId,
    term: &str,
) -> QueryResult<bool> {
    let (found, value, end) = search(term, true);
    let met: Count = sql_query(format!(
        "SELECT count(*) FROM (SELECT FROM (SELECT search FROM tokens \
             WHERE organization_id = $1 ORDER BY id DESC LIMIT $2) AS tokens \
         WHERE {found}$3{end} LIMIT $4) AS met"
    ))
    .bind::<SqlUuid, _>(organization)
    .bind::<BigInt, _>(STRETCH)
    .bind::<Text, _>(value)
    .bind::<BigInt, _>(STRETCH / 100)
    .get_result(connection)
    .await?;
    Ok(met.count == STRETCH / 100)
}

impl CountsRow {
    fn counted(self, most: i64, together: bool) -> Counts {
        Counts {
            active: self.active,
            inactive: self.inactive,
            expired: self.expired,
            revoked: self.revoked,
            most,
            together,
            common: false,
        }
    }
}

/// One token of the organisation.
pub async fn token(connection: &mut Connection, admin: &Admin, id: TokenId) -> QueryResult<Token> {
    find(connection, admin.organization().id, id).await
}

pub(super) async fn find(
    connection: &mut Connection,
    organization: OrganizationId,
    id: TokenId,
) -> QueryResult<Token> {
    let row: Row = tokens::table
        .inner_join(token_usage::table)
        .left_join(products::table)
        .filter(tokens::organization_id.eq(organization))
        .filter(tokens::id.eq(id))
        .select((
            TokenRow::as_select(),
            UsageRow::as_select(),
            Option::<Product>::as_select(),
        ))
        .get_result(connection)
        .await?;
    Ok(assemble(row))
}

/// Until when old secrets of these tokens still work: the last instant of each.
pub async fn retiring(
    connection: &mut Connection,
    ids: &[TokenId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<(TokenId, DateTime<Utc>)>> {
    secrets::table
        .filter(secrets::token_id.eq_any(ids))
        .filter(secrets::retires_at.gt(now))
        .select((secrets::token_id, secrets::retires_at.assume_not_null()))
        .order((secrets::token_id, secrets::retires_at))
        .load(connection)
        .await
}

/// A token's secrets that work at `now`, the current one first.
pub async fn secrets(
    connection: &mut Connection,
    token: &Token,
    now: DateTime<Utc>,
) -> QueryResult<Vec<SecretRecord>> {
    secrets::table
        .filter(secrets::token_id.eq(token.id))
        .filter(
            secrets::retires_at
                .is_null()
                .or(secrets::retires_at.gt(now)),
        )
        .order(secrets::created_at.desc())
        .select(SecretRecord::as_select())
        .load(connection)
        .await
}
