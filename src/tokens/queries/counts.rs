//! How many tokens each tab of the list holds, as far as that can be told without reading all
//! of them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use crate::access::OrganizationId;
use crate::db::Connection;
use crate::tokens::{Filter, Status};
use crate::web::format::thousands;

/// Where counting stops without a search.
const MOST: i64 = 10_000;
/// With one, so many of the newest tokens are looked at.
pub const SAMPLE: i64 = 5_000;

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
pub enum Reach {
    /// Everything.
    #[default]
    All,
    /// Each tab up to [`MOST`].
    Most,
    /// The newest tokens, so that each tab may hold more.
    Newest,
}

impl Counts {
    /// As a tab says it; nothing where nothing can be said.
    #[must_use]
    pub fn of(&self, status: Option<Status>) -> String {
        let counted = self.counted(status);
        match self.reach {
            Reach::Newest if counted == 0 => String::new(),
            Reach::Newest => format!("{}+", thousands(counted)),
            Reach::Most if counted > MOST => format!("{}+", thousands(MOST)),
            Reach::All | Reach::Most => thousands(counted),
        }
    }

    /// As the list says it, of which so many are known and `more` follow.
    #[must_use]
    pub fn beside(&self, status: Option<Status>, known: i64, more: bool) -> String {
        match self.reach {
            Reach::Newest if more && known >= self.counted(status) => {
                format!("more than {}", thousands(known))
            }
            Reach::Newest if !more => thousands(known),
            _ => self.of(status),
        }
    }

    /// The same as a number, and whether there are no more.
    #[must_use]
    pub fn known(&self, status: Option<Status>) -> (i64, bool) {
        let counted = self.counted(status);
        let known = match self.reach {
            Reach::Most => counted.min(MOST),
            Reach::All | Reach::Newest => counted,
        };
        (known, self.are_exact_of(status))
    }

    #[must_use]
    pub fn total(&self) -> i64 {
        self.active + self.inactive + self.expired + self.revoked
    }

    /// Whether there are no other tokens than were looked at.
    #[must_use]
    pub fn are_exact(&self) -> bool {
        self.reach == Reach::All
    }

    /// Whether all tokens of a tab were counted.
    #[must_use]
    pub fn are_exact_of(&self, status: Option<Status>) -> bool {
        match self.reach {
            Reach::All => true,
            Reach::Most => self.counted(status) <= MOST,
            Reach::Newest => false,
        }
    }

    /// How many tokens a tab holds, at least.
    #[must_use]
    pub fn counted(&self, status: Option<Status>) -> i64 {
        match status {
            Some(Status::Active) => self.active,
            Some(Status::Inactive) => self.inactive,
            Some(Status::Expired) => self.expired,
            Some(Status::Revoked) => self.revoked,
            None => self.total(),
        }
    }
}

#[derive(QueryableByName)]
pub struct CountsRow {
    #[diesel(sql_type = BigInt)]
    active: i64,
    #[diesel(sql_type = BigInt)]
    inactive: i64,
    #[diesel(sql_type = BigInt)]
    expired: i64,
    #[diesel(sql_type = BigInt)]
    revoked: i64,
}

impl CountsRow {
    #[must_use]
    pub fn counts(self, reach: Reach) -> Counts {
        Counts {
            active: self.active,
            inactive: self.inactive,
            expired: self.expired,
            revoked: self.revoked,
            reach,
        }
    }
}

/// The columns of a [`CountsRow`] over tokens of which those count that meet `condition`; `$2`
/// is now.
pub fn columns(condition: &str) -> String {
    let column = |status: &Status| {
        format!(
            "count(*) FILTER (WHERE {condition} AND {}) AS {status}",
            status.sql("$2")
        )
    };
    Status::ALL
        .iter()
        .map(column)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Each tab by itself, by an index alone. By hand, as is [`newest`], since Diesel cannot count
/// a limited subquery.
pub async fn each(
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
                     AND owner_id IS NULL AND ($3 IS NULL OR product_id = $3) \
                     AND ($5 IS NULL OR responsible_id = $5) AND {} \
                     LIMIT $4) AS counted) AS {status}",
                status.sql("$2")
            )
        })
        .collect();
    let row: CountsRow = sql_query(format!("SELECT {}", columns.join(", ")))
        .bind::<Uuid, _>(organization)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Uuid>, _>(filter.product)
        .bind::<BigInt, _>(MOST + 1)
        .bind::<Nullable<Uuid>, _>(filter.responsible)
        .get_result(connection)
        .await?;
    Ok(row.counts(Reach::Most))
}

/// What a search finds among the newest tokens; everything, where there are no others.
pub async fn newest(
    connection: &mut Connection,
    organization: OrganizationId,
    filter: &Filter,
    term: &str,
    now: DateTime<Utc>,
) -> QueryResult<Counts> {
    #[derive(QueryableByName)]
    struct Sampled {
        #[diesel(embed)]
        counts: CountsRow,
        #[diesel(sql_type = Bool)]
        whole: bool,
    }
    let sampled: Sampled = sql_query(format!(
        "SELECT {}, count(*) < $5 AS whole FROM (SELECT standing, expires_sort, \
             ($3 IS NULL OR product_id = $3) AND strpos(search, $4) > 0 \
                 AND ($6 IS NULL OR responsible_id = $6) AS found \
             FROM tokens WHERE organization_id = $1 AND owner_id IS NULL \
             ORDER BY id DESC LIMIT $5) AS tokens",
        columns("found")
    ))
    .bind::<Uuid, _>(organization)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<Uuid>, _>(filter.product)
    .bind::<Text, _>(term)
    .bind::<BigInt, _>(SAMPLE)
    .bind::<Nullable<Uuid>, _>(filter.responsible)
    .get_result(connection)
    .await?;
    let reach = if sampled.whole {
        Reach::All
    } else {
        Reach::Newest
    };
    Ok(sampled.counts.counts(reach))
}
