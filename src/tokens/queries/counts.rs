//! How many tokens each tab of the list holds, as far as that can be told without reading all
//! of them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::search;
use crate::access::OrganizationId;
use crate::db::Connection;
use crate::tokens::{Filter, Standing, Status, TokenId};
use crate::web::format::thousands;

/// Where counting stops without a search, and with one.
const MOST: i64 = 10_000;
const MOST_FOUND: i64 = 2_000;
/// So many of the newest tokens are looked at to tell a rare term from a common one, which at
/// least so many of them have.
const SAMPLE: i64 = 5_000;
const COMMON: i64 = 13;
/// So many tokens of an order are looked at before what is listed is collected in another way;
/// with a common term the more, the more it would be to collect: for each one in the sample.
const STRETCH: i64 = 20_000;
const STRETCH_PER_HIT: i64 = 100;

/// How many tokens each tab holds, at least.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    active: i64,
    inactive: i64,
    expired: i64,
    revoked: i64,
    reach: Reach,
}

/// How far was counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Reach {
    #[default]
    All,
    /// Each tab up to [`MOST`].
    Most,
    /// Some tokens only, so that each tab may hold more.
    Some,
}

impl Counts {
    #[must_use]
    pub fn of(&self, status: Option<Status>) -> String {
        let counted = self.counted(status);
        match self.reach {
            Reach::Some if counted == 0 => String::new(),
            Reach::Some => format!("{}+", thousands(counted)),
            Reach::Most if counted > MOST => format!("{}+", thousands(MOST)),
            Reach::All | Reach::Most => thousands(counted),
        }
    }

    #[must_use]
    pub fn total(&self) -> i64 {
        self.active + self.inactive + self.expired + self.revoked
    }

    fn counted(&self, status: Option<Status>) -> i64 {
        match status {
            Some(Status::Active) => self.active,
            Some(Status::Inactive) => self.inactive,
            Some(Status::Expired) => self.expired,
            Some(Status::Revoked) => self.revoked,
            None => self.total(),
        }
    }

    fn add(&mut self, status: Status) {
        *match status {
            Status::Active => &mut self.active,
            Status::Inactive => &mut self.inactive,
            Status::Expired => &mut self.expired,
            Status::Revoked => &mut self.revoked,
        } += 1;
    }
}

/// What counting came upon.
pub struct Found {
    pub counts: Counts,
    pub hits: Hits,
}

/// The tokens that are listed.
pub enum Hits {
    /// All of them, of a search that finds few.
    Few(Vec<TokenId>),
    /// It is worth while to look for a page of them among so many tokens in a row.
    Many { stretch: i64 },
}

pub async fn count(
    connection: &mut Connection,
    organization: OrganizationId,
    filter: &Filter,
    now: DateTime<Utc>,
) -> QueryResult<Found> {
    let Some(term) = filter.term() else {
        let counts = each(connection, organization, filter, now).await?;
        let hits = Hits::Many { stretch: STRETCH };
        return Ok(Found { counts, hits });
    };
    let sampled = sample(connection, organization, filter, now).await?;
    if sampled.total() >= COMMON {
        return Ok(Found {
            counts: sampled,
            hits: Hits::Many {
                stretch: STRETCH.max(STRETCH_PER_HIT * sampled.total()),
            },
        });
    }
    let mut counts = Counts::default();
    let mut few = Vec::new();
    for row in rare(connection, organization, filter, &term).await? {
        let status = Status::of(row.standing, Some(row.expires_sort), now);
        counts.add(status);
        if filter.status.is_none_or(|tab| tab == status) {
            few.push(row.id);
        }
    }
    if counts.total() > MOST_FOUND {
        counts.reach = Reach::Some;
        let hits = Hits::Many { stretch: STRETCH };
        return Ok(Found { counts, hits });
    }
    let hits = Hits::Few(few);
    Ok(Found { counts, hits })
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
    #[diesel(sql_type = Bool)]
    whole: bool,
}

/// Each tab by itself, by an index alone. By hand, as is [`sample`], since Diesel cannot count
/// a limited subquery.
async fn each(
    connection: &mut Connection,
    organization: OrganizationId,
    filter: &Filter,
    now: DateTime<Utc>,
) -> QueryResult<Counts> {
    let columns: Vec<String> = Status::ALL
        .iter()
        .map(|status| {
            format!(
                "(SELECT count(*) FROM (SELECT FROM tokens WHERE organization_id = $1 \
                     AND owner_id IS NULL AND ($3 IS NULL OR product_id = $3) AND {} \
                     LIMIT $4) AS counted) AS {status}",
                status.sql("$2")
            )
        })
        .collect();
    let row: CountsRow = sql_query(format!("SELECT {}, false AS whole", columns.join(", ")))
        .bind::<Uuid, _>(organization)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Uuid>, _>(filter.product)
        .bind::<BigInt, _>(MOST + 1)
        .get_result(connection)
        .await?;
    Ok(row.counts(Reach::Most))
}

/// What a search finds among the newest tokens; everything, where there are no others.
async fn sample(
    connection: &mut Connection,
    organization: OrganizationId,
    filter: &Filter,
    now: DateTime<Utc>,
) -> QueryResult<Counts> {
    let columns: Vec<String> = Status::ALL
        .iter()
        .map(|status| {
            format!(
                "count(*) FILTER (WHERE found AND {}) AS {status}",
                status.sql("$2")
            )
        })
        .collect();
    let row: CountsRow = sql_query(format!(
        "SELECT {}, count(*) < $5 AS whole FROM (SELECT standing, expires_sort, \
             ($3 IS NULL OR product_id = $3) AND strpos(search, $4) > 0 AS found \
             FROM tokens WHERE organization_id = $1 AND owner_id IS NULL \
             ORDER BY id DESC LIMIT $5) AS tokens",
        columns.join(", ")
    ))
    .bind::<Uuid, _>(organization)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<Uuid>, _>(filter.product)
    .bind::<Text, _>(filter.term().unwrap_or_default())
    .bind::<BigInt, _>(SAMPLE)
    .get_result(connection)
    .await?;
    let reach = if row.whole { Reach::All } else { Reach::Some };
    Ok(row.counts(reach))
}

#[derive(QueryableByName)]
struct FoundRow {
    #[diesel(sql_type = Uuid)]
    id: TokenId,
    #[diesel(sql_type = Text)]
    standing: Standing,
    #[diesel(sql_type = Timestamptz)]
    expires_sort: DateTime<Utc>,
}

/// What a search for a rare term finds, and one more than is counted if it is not rare at all.
async fn rare(
    connection: &mut Connection,
    organization: OrganizationId,
    filter: &Filter,
    term: &str,
) -> QueryResult<Vec<FoundRow>> {
    let hint = search::hint(connection, organization, term).await?;
    sql_query(format!(
        "SELECT id, standing, expires_sort FROM tokens \
         WHERE organization_id = $1 AND owner_id IS NULL AND ($2 IS NULL OR product_id = $2) \
             AND {} AND strpos(search, $4) > 0 LIMIT $5",
        hint.condition("$3")
    ))
    .bind::<Uuid, _>(organization)
    .bind::<Nullable<Uuid>, _>(filter.product)
    .bind::<Text, _>(hint.value)
    .bind::<Text, _>(term)
    .bind::<BigInt, _>(MOST_FOUND + 1)
    .load(connection)
    .await
}

impl CountsRow {
    fn counts(self, reach: Reach) -> Counts {
        Counts {
            active: self.active,
            inactive: self.inactive,
            expired: self.expired,
            revoked: self.revoked,
            reach,
        }
    }
}
