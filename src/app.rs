//! The house from above: what is mounted where, in which order a request passes through, and
//! what goes on beside the requests.

use std::any::Any;
use std::io;
use std::net::TcpListener;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Key;
use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};
use chrono::TimeDelta;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::access::session;
use crate::api::Troubles;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Database;
use crate::db::url::Target;
use crate::fleet::{Fleet, Participation};
use crate::gate::{self, Authority, Gate, Limits, Metrics, Tenants, Usage, Views};
use crate::web::{Error, assets, body, csrf, error, head, headers, request_id};
use crate::{api, catalogue, fleet, identity, journal, mcp, members, profile, scim, tokens};

/// How long running requests may go on after the server was told to stop.
const GRACE_SECONDS: u64 = 10;
const FLUSH: Duration = Duration::from_secs(1);
const ADD_UP: TimeDelta = TimeDelta::seconds(10);
const SWEEP: Duration = Duration::from_secs(3600);
/// Provisioning comes in long rows of small requests: Entra ID wants 25 a second.
const SCIM_RATE: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// What all requests share. Clones are the same state.
#[derive(Clone)]
pub struct State {
    pub config: Config,
    pub database: Database,
    pub clock: Clock,
    pub fleet: Fleet,
    pub gate: Gate,
    pub troubles: Troubles,
    recall: scim::Recall,
    turns: scim::Turns,
    session_key: Key,
}

impl State {
    /// # Errors
    /// When the database cannot be asked for the installation's key.
    pub async fn new(
        config: Config,
        listen: Target,
        database: Database,
        clock: Clock,
    ) -> Result<Self, Error> {
        let connection = &mut *database.get().await?;
        let key = identity::queries::site_key(connection).await?;
        let participation = Participation {
            target: listen,
            name: instance_name(&config),
            lease: config.lease,
        };
        let fleet = Fleet::new(participation, database.clone());
        let gate = Gate {
            views: Views::new(database.clone(), &fleet, config.verify_cache_entries),
            tenants: Tenants::new(database.clone(), &fleet),
            usage: Usage::default(),
            metrics: Metrics::default(),
            limits: Limits::new(config.rate_limit),
            scim_limits: Limits::new(config.rate_limit.saturating_mul(SCIM_RATE)),
            authority: config.auth_secret.map(|secret| Authority {
                secret,
                organization: config.auth_secret_organization.clone(),
            }),
        };
        Ok(Self {
            fleet,
            gate,
            troubles: Troubles::default(),
            recall: scim::Recall::default(),
            turns: scim::Turns::new(config.database_connections),
            session_key: Key::from(&key),
            config,
            database: database.clone(),
            clock,
        })
    }
}

/// The machine's name and the port: what tells instances apart, whether they share a machine or
/// not.
fn instance_name(config: &Config) -> String {
    let host = nix::unistd::gethostname().unwrap_or_default();
    format!("{}:{}", host.to_string_lossy(), config.bind.port())
}

/// The server, listening; it runs when it is awaited.
///
/// # Errors
/// When the listener cannot be used.
pub fn server(state: &State, listener: TcpListener) -> io::Result<Server> {
    let state = state.clone();
    let server = HttpServer::new(move || {
        App::new()
            .configure(|config| mount(config, &state))
            // The last one is the first that a request meets.
            .wrap(from_fn(error::render))
            .wrap(headers::defaults(&state.config.public_url))
            .wrap(from_fn(request_id::assign))
            .wrap(from_fn(head::as_get))
    })
    .on_connect(|connection, _| limit_patience(connection))
    .disable_signals()
    .shutdown_timeout(GRACE_SECONDS)
    .listen(listener)?
    .run();
    Ok(server)
}

/// Ends the connection when for so long nothing more of an answer could be sent, as whoever it is for
/// does not read it. Requests have limits of their own.
#[cfg(target_os = "linux")]
fn limit_patience(connection: &dyn Any) {
    use nix::sys::socket::{setsockopt, sockopt::TcpUserTimeout};
    const MILLISECONDS: u32 = 30_000;
    if let Some(stream) = connection.downcast_ref::<tokio::net::TcpStream>()
        && let Err(error) = setsockopt(stream, TcpUserTimeout, &MILLISECONDS)
    {
        tracing::debug!(%error, "a connection without a limit");
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_patience(_: &dyn Any) {}

/// The server for those who watch over this one, if they have a port of their own.
///
/// # Errors
/// When the listener cannot be used.
pub fn watch_server(state: &State, listener: TcpListener) -> io::Result<Server> {
    let state = state.clone();
    let server = HttpServer::new(move || {
        App::new()
            .configure(|config| share(config, &state))
            .configure(api::watch_routes)
            .wrap(from_fn(error::render))
            .wrap(headers::defaults(&state.config.public_url))
            .wrap(from_fn(request_id::assign))
            .wrap(from_fn(head::as_get))
    })
    .on_connect(|connection, _| limit_patience(connection))
    .workers(1)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}

fn share(config: &mut web::ServiceConfig, state: &State) {
    config
        .app_data(web::Data::new(state.config.clone()))
        .app_data(web::Data::new(state.database.clone()))
        .app_data(web::Data::new(state.clock.clone()))
        .app_data(web::Data::new(state.fleet.clone()))
        .app_data(web::Data::new(state.gate.clone()))
        .app_data(web::Data::new(state.troubles.clone()))
        .app_data(web::Data::new(state.recall.clone()))
        .app_data(web::Data::new(state.turns.clone()))
        .app_data(web::PayloadConfig::new(body::LARGEST));
}

/// All routes, and what they share.
pub fn mount(config: &mut web::ServiceConfig, state: &State) {
    share(config, state);
    if state.config.metrics_bind.is_none() {
        config.configure(api::watch_routes);
    }
    let pages = web::scope("")
        .wrap(from_fn(csrf::cookie))
        .wrap(session::middleware(
            state.database.clone(),
            state.clock.clone(),
            &state.config,
            state.session_key.clone(),
        ))
        .wrap(from_fn(body::first))
        .configure(identity::routes)
        .configure(journal::routes)
        .configure(catalogue::routes)
        .configure(gate::routes)
        .configure(tokens::routes)
        .configure(profile::routes)
        .configure(members::routes);
    // Asked many times as often as all the rest, and answered shortly: it is found first, and its
    // answers are not compressed.
    config.configure(api::gate_routes).service(
        web::scope("")
            .wrap(from_fn(body::uncompressed))
            .wrap(Compress::default())
            .configure(assets::routes)
            .configure(api::routes)
            .configure(scim::routes)
            .configure(mcp::routes)
            .service(pages),
    );
}

/// What goes on beside the requests, until it is told to finish.
pub struct Chores {
    going_on: watch::Sender<()>,
    fleet: JoinHandle<()>,
    flush: JoinHandle<()>,
    add_up: JoinHandle<()>,
    sweep: JoinHandle<()>,
}

impl Chores {
    /// The fleet is taken part in, usage written every second and added up, and what is of no use
    /// any more deleted every hour.
    #[must_use]
    pub fn start(state: &State) -> Self {
        let (going_on, over) = watch::channel(());
        let memory = Arc::new(state.gate.clone());
        Self {
            going_on,
            fleet: tokio::spawn(state.fleet.clone().take_part(memory, over.clone())),
            flush: tokio::spawn(every(FLUSH, state.clone(), flush, over.clone())),
            add_up: tokio::spawn(every(FLUSH, state.clone(), add_up, over.clone())),
            sweep: tokio::spawn(every(SWEEP, state.clone(), sweep, over)),
        }
    }

    /// Counts that are being written get written; the rest is for one more flush. Returns what may
    /// still be adding up.
    pub async fn finish(self) -> JoinHandle<()> {
        drop(self.going_on);
        self.sweep.abort();
        let _ = self.flush.await;
        let _ = self.fleet.await;
        self.add_up
    }
}

async fn every<F: Future<Output = ()>>(
    period: Duration,
    state: State,
    chore: fn(State) -> F,
    mut over: watch::Receiver<()>,
) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = over.changed() => return,
            _ = ticks.tick() => {}
        }
        chore(state.clone()).await;
    }
}

async fn flush(state: State) {
    if let Err(error) = state
        .gate
        .usage
        .flush(&state.database, state.clock.now())
        .await
    {
        tracing::warn!(%error, "usage is not written yet");
    }
}

async fn add_up(state: State) {
    let added = state
        .gate
        .usage
        .add_up(&state.database, &state.clock, ADD_UP);
    if let Err(error) = added.await {
        tracing::warn!(%error, "usage is not added up yet");
    }
}

async fn sweep(state: State) {
    state.gate.limits.forget_idle();
    state.gate.scim_limits.forget_idle();
    let (database, clock) = (&state.database, &state.clock);
    let swept = [
        session::sweep(database, clock).await,
        identity::sweep(database, clock).await,
        gate::sweep(database, clock).await,
        api::sweep(database, clock).await,
        fleet::sweep(database).await.map_err(Into::into),
    ];
    for failure in swept.into_iter().filter_map(Result::err) {
        tracing::warn!(error = %failure, "old rows are not deleted yet");
    }
}
