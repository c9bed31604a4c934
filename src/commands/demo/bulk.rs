//! Tokens by the million, of which each is as likely as the next: for a look at how Tokendesk
//! does with them. They stand in no journal.

use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::queries::{self, Days, Totals};
use super::story::Stage;
use crate::catalogue::Product;
use crate::catalogue::products::ORGANIZATION_PREFIX;
use crate::commands::progress;
use crate::db::Connection;
use crate::tokens::queries::{Tokens, insert_tokens};
use crate::tokens::{Name, Secret, Standing, Status, TokenId};
use crate::web::Error;

const BATCH: usize = 10_000;
/// The first of them was created so long ago, the last just now.
const AGE: TimeDelta = TimeDelta::days(2 * 365);
const DAY: i64 = 86_400;

/// For what, which way, and where.
const SUBJECTS: [&str; 60] = [
    "accounts",
    "ads",
    "analytics",
    "archive",
    "assets",
    "audit",
    "backup",
    "baskets",
    "billing",
    "bookings",
    "brands",
    "campaigns",
    "cards",
    "catalogue",
    "chat",
    "claims",
    "contacts",
    "contracts",
    "coupons",
    "customers",
    "deliveries",
    "devices",
    "documents",
    "events",
    "fleet",
    "forecast",
    "fraud",
    "identity",
    "images",
    "inventory",
    "invoices",
    "jobs",
    "ledger",
    "loyalty",
    "mail",
    "maps",
    "media",
    "meters",
    "orders",
    "partners",
    "payments",
    "payroll",
    "pricing",
    "quotes",
    "ratings",
    "refunds",
    "reports",
    "returns",
    "reviews",
    "search",
    "sensors",
    "shipping",
    "stock",
    "subscriptions",
    "suppliers",
    "surveys",
    "tax",
    "tickets",
    "vouchers",
    "webhooks",
];
const WAYS: [&str; 12] = [
    "sync", "export", "import", "feed", "reader", "writer", "bridge", "cron", "probe", "worker",
    "mirror", "bot",
];
const PLACES: [&str; 8] = ["eu", "us", "uk", "ch", "jp", "au", "br", "staging"];

const SCOPES: [Option<&str>; 8] = [
    Some("{connect:read}"),
    Some("{connect:read}"),
    Some("{connect:read,admin:read}"),
    Some("{connect:write}"),
    Some("{connect:write,admin:read}"),
    Some("{connect:write,admin:write}"),
    Some("{tokens:verify}"),
    None,
];
const RANGES: [&str; 8] = [
    "{}",
    "{}",
    "{}",
    "{}",
    "{}",
    "{10.0.0.0/8}",
    "{203.0.113.0/24}",
    "{198.51.100.0/24,2001:db8::/32}",
];
const AGENTS: [&str; 4] = [
    "curl/8.17.0",
    "python-requests/2.32",
    "node",
    "Go-http-client/2.0",
];

/// Inserts `count` tokens in the order of their creation.
pub async fn insert(
    connection: &mut Connection,
    stage: &Stage,
    count: usize,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if count == 0 {
        return Ok(());
    }
    let indexes = queries::drop_indexes(connection).await?;
    let progress = progress::bar(
        count as u64,
        "{bar:40} {human_pos} of {human_len} tokens, {eta} to go",
    );
    let mut writer = Writer {
        rng: StdRng::seed_from_u64(3),
        products: &stage.products,
        now,
    };
    for first in (0..count).step_by(BATCH) {
        let mut batch = Batch::default();
        for number in first..count.min(first + BATCH) {
            writer.write(&mut batch, number, created_at(number, count, now))?;
        }
        progress.inc(batch.tokens.ids.len() as u64);
        let creator = if (first / BATCH).is_multiple_of(3) {
            &stage.jun
        } else {
            &stage.ada
        };
        insert_tokens(connection, creator, &batch.tokens).await?;
        queries::insert_totals(connection, creator.organization(), &batch.totals).await?;
        queries::insert_days(connection, &batch.days).await?;
    }
    progress.finish_and_clear();
    let progress = progress::bar(indexes.len() as u64, "{bar:40} {pos} of {len} indexes");
    for index in &indexes {
        queries::create_index(connection, index).await?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(())
}

fn created_at(number: usize, count: usize, now: DateTime<Utc>) -> DateTime<Utc> {
    let step = AGE / i32::try_from(count).unwrap_or(i32::MAX);
    now - step * i32::try_from(count - number).unwrap_or(i32::MAX)
}

#[derive(Default)]
struct Batch {
    tokens: Tokens,
    totals: Totals,
    days: Days,
}

struct Writer<'a> {
    rng: StdRng,
    products: &'a [Product],
    now: DateTime<Utc>,
}

impl Writer<'_> {
    fn write(
        &mut self,
        batch: &mut Batch,
        number: usize,
        created_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let id = TokenId::new(created_at);
        let status = self.status();
        let expires_at = self.expires_at(status, created_at);
        self.write_token(&mut batch.tokens, id, number, status)?;
        batch.tokens.expires.push(expires_at);
        batch.tokens.created.push(created_at);
        self.write_usage(batch, id, created_at, expires_at);
        Ok(())
    }

    fn status(&mut self) -> Status {
        match self.rng.random_range(0..100) {
            0..75 => Status::Active,
            75..83 => Status::Inactive,
            83..97 => Status::Expired,
            _ => Status::Revoked,
        }
    }

    /// Half of the tokens that can be used never expire.
    fn expires_at(&mut self, status: Status, created_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if status == Status::Expired {
            let age = (self.now - created_at).num_seconds().max(2);
            return Some(created_at + TimeDelta::seconds(self.rng.random_range(1..age)));
        }
        self.rng
            .random_bool(0.5)
            .then(|| self.now + TimeDelta::seconds(self.rng.random_range(3600..365 * DAY)))
    }

    fn write_token(
        &mut self,
        tokens: &mut Tokens,
        id: TokenId,
        number: usize,
        status: Status,
    ) -> Result<(), Error> {
        let linked = self.rng.random_bool(0.2);
        let product = self.products.choose(&mut self.rng).filter(|_| linked);
        let secret = Secret::generate(product.map_or(ORGANIZATION_PREFIX, |product| &product.key));
        let name = Name::parse(&self.name(number)).map_err(Error::internal)?;
        tokens.ids.push(id);
        tokens.owners.push(None);
        tokens.products.push(product.map(|product| product.id));
        tokens.folded.push(name.folded());
        tokens.names.push(name.as_str().to_owned());
        tokens.displays.push(secret.display().to_owned());
        tokens.digests.push(secret.digest().as_bytes().to_vec());
        tokens.foreign.push(false);
        tokens.standings.push(match status {
            Status::Active | Status::Expired => Standing::Active.as_str(),
            Status::Inactive => Standing::Disabled.as_str(),
            Status::Revoked => Standing::Revoked.as_str(),
        });
        let scopes = self.any(&SCOPES);
        tokens.scopes.push(scopes.map(str::to_owned));
        tokens.ranges.push(self.any(&RANGES));
        Ok(())
    }

    fn name(&mut self, number: usize) -> String {
        let (subject, way, place) = (self.any(&SUBJECTS), self.any(&WAYS), self.any(&PLACES));
        format!("{subject}-{way}-{place} {number:06}")
    }

    /// Three of ten were ever used, on one day of the last year; a few every day of the month.
    fn write_usage(
        &mut self,
        batch: &mut Batch,
        id: TokenId,
        created_at: DateTime<Utc>,
        expires_at: Option<DateTime<Utc>>,
    ) {
        let until = expires_at.map_or(self.now, |at| at.min(self.now));
        let age = (until - created_at).num_seconds().clamp(0, 365 * DAY);
        let used = age > 0 && self.rng.random_bool(0.3);
        let daily = used && until == self.now && age > 31 * DAY && self.rng.random_bool(0.05);
        let last_at = used.then(|| {
            let ago = if daily { DAY } else { age };
            until - TimeDelta::seconds(self.rng.random_range(0..ago))
        });
        let (mut allowed, mut denied) = (0, 0);
        if let Some(last_at) = last_at {
            for day in 0..if daily { 30 } else { 1 } {
                let calls = (
                    self.rng.random_range(1..900),
                    self.rng.random_range(0..4) / 3,
                );
                batch.days.tokens.push(id);
                batch
                    .days
                    .dates
                    .push((last_at - TimeDelta::days(day)).date_naive());
                batch.days.allowed.push(calls.0);
                batch.days.denied.push(calls.1);
                allowed += calls.0;
                denied += calls.1;
            }
        }
        let totals = &mut batch.totals;
        totals.tokens.push(id);
        totals.allowed.push(allowed);
        totals.denied.push(denied);
        totals.last_at.push(last_at);
        totals.last_from.push(last_at.map(|_| self.address()));
        totals
            .last_user_agent
            .push(last_at.map(|_| self.any(&AGENTS)));
    }

    fn address(&mut self) -> IpNet {
        let host = self.rng.random_range(1..255);
        std::net::IpAddr::from([203, 0, 113, host]).into()
    }

    fn any<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.random_range(0..of.len())]
    }
}
