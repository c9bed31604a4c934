//! `/healthz`, `/readyz` and `/metrics`: for those who watch over the server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use chrono::{DateTime, TimeDelta, Utc};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};
use serde::Serialize;
use tokio::time::timeout;

use crate::config::Config;
use crate::db::Database;
use crate::fleet::{Contact, Fleet, Moment, Term};
use crate::gate::Gate;
use crate::web::{Answer, Error, Now};

/// Whoever asks whether we are ready has not much longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Since when what is wrong has been seen to be, and whether the server is stopping. Clones share it.
#[derive(Clone, Default)]
pub struct Troubles {
    seen: Arc<Mutex<BTreeMap<&'static str, DateTime<Utc>>>>,
    is_stopping: Arc<AtomicBool>,
}

impl Troubles {
    /// From now on nobody is to send anything more.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    fn note(&self, name: &'static str, ok: bool, now: DateTime<Utc>) -> Part {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if ok {
            seen.remove(name);
        } else {
            seen.entry(name).or_insert(now);
        }
        Part {
            ok,
            since: seen.get(name).copied(),
        }
    }
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    /// It was asked to stop.
    stopping: bool,
    database: Part,
    /// The schema has all that this program needs.
    migrations: Part,
    /// What is remembered may be answered with.
    lease: Part,
}

#[derive(Serialize)]
struct Part {
    ok: bool,
    /// Since when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<DateTime<Utc>>,
}

/// The process runs.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// Whether requests are of use here; 503 if not, with what is missing and since when.
pub async fn ready(
    database: Data<Database>,
    fleet: Data<Fleet>,
    troubles: Data<Troubles>,
    now: Now,
) -> HttpResponse {
    let schema = timeout(PATIENCE, database.is_current()).await;
    let (answers, is_current) = match schema {
        Ok(Ok(is_current)) => (true, is_current),
        Ok(Err(_)) | Err(_) => (false, false),
    };
    let mut lease = troubles.note("lease", fleet.lease().runs_at(Moment::now()), now.0);
    if let (Some(since), Some(apart)) = (&mut lease.since, apart(&fleet)) {
        let apart = TimeDelta::from_std(apart).unwrap_or_default();
        *since = (*since).min(now.0 - apart);
    }
    let stopping = troubles.is_stopping.load(Ordering::Relaxed);
    let readiness = Readiness {
        ready: answers && is_current && lease.ok && !stopping,
        stopping,
        database: troubles.note("database", answers, now.0),
        migrations: troubles.note("migrations", is_current, now.0),
        lease,
    };
    let mut response = if readiness.ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response.json(readiness)
}

/// For how long no change has been heard of.
fn apart(fleet: &Fleet) -> Option<Duration> {
    match &*fleet.contact().borrow() {
        Contact::Apart { since, .. } => Some(Moment::now().since(*since)),
        Contact::Joining | Contact::Joined => None,
    }
}

/// In the text format that Prometheus reads.
pub async fn metrics(
    gate: Data<Gate>,
    fleet: Data<Fleet>,
    database: Data<Database>,
    config: Data<Config>,
    now: Now,
) -> Answer {
    let registry = &mut Registry::with_prefix("tokendesk");
    gate.metrics.register(registry);
    remembered(registry, &gate);
    heard(registry, &fleet, config.lease);
    let lag = gate.usage.lag().as_secs_f64();
    seconds(
        registry,
        "usage_flush_lag",
        "Age of the oldest count not written yet",
        lag,
    );
    let logged = gate.usage.logged_for(now.0).as_secs_f64();
    seconds(
        registry,
        "usage_log_age",
        "Age of the oldest logged count not added up yet",
        logged,
    );
    connections(registry, &database);
    let mut body = String::new();
    text::encode(&mut body, registry).map_err(Error::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(body))
}

fn remembered(registry: &mut Registry, gate: &Gate) {
    let tally = gate.views.tally();
    let (hits, misses) = (
        ConstCounter::new(tally.hits),
        ConstCounter::new(tally.misses),
    );
    let entries = ConstGauge::new(i64::try_from(tally.entries).unwrap_or(i64::MAX));
    let refused = ConstCounter::new(gate.views.refused_guesses());
    registry.register(
        "refused_guesses",
        "Guesses at secrets of older systems that were not looked at",
        refused,
    );
    registry.register("cache_hits", "Tokens that were remembered", hits);
    registry.register(
        "cache_misses",
        "Tokens that the database was asked for",
        misses,
    );
    registry.register("cache_entries", "Tokens that are remembered", entries);
}

fn heard(registry: &mut Registry, fleet: &Fleet, length: Duration) {
    let left = fleet.lease().left_at(Moment::now());
    let age = Term::of(length).local.saturating_sub(left);
    seconds(
        registry,
        "lease_left",
        "How long answers may still come from memory",
        left.as_secs_f64(),
    );
    seconds(
        registry,
        "lease_age",
        "How long ago the lease was renewed, while it runs",
        age.as_secs_f64(),
    );
    let apart = apart(fleet).unwrap_or_default();
    seconds(
        registry,
        "apart",
        "For how long no change has been heard of",
        apart.as_secs_f64(),
    );
}

fn connections(registry: &mut Registry, database: &Database) {
    let pool = database.status();
    let states = [
        ("idle", pool.available),
        ("in_use", pool.size.saturating_sub(pool.available)),
        ("waited_for", pool.waiting),
        ("most", pool.max_size),
    ];
    let family = Family::<[(&str, &str); 1], Gauge>::default();
    for (state, count) in states {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        family.get_or_create(&[("state", state)]).set(count);
    }
    registry.register("database_connections", "Connections of the pool", family);
}

fn seconds(registry: &mut Registry, name: &str, help: &str, value: f64) {
    registry.register_with_unit(name, help, Unit::Seconds, ConstGauge::new(value));
}
