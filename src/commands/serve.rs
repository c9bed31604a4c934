//! `tokendesk serve`: the server, from the first line it prints to the last it logs.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Desk, Failure};
use crate::app::{self, Chores, State};
use crate::config::Config;
use crate::identity;
use crate::web::Error;

/// How long the database may take to write the last counts, and then to add them up.
const PATIENCE: Duration = Duration::from_secs(3);

pub async fn run(desk: &Desk) -> Result<(), Failure> {
    // Before anyone is told of the server, and may want to stop it.
    let stop = stop_signal().map_err(|error| Failure::because(&error))?;
    let listener = listen(desk.config.bind, "--bind")?;
    let watched = desk.config.metrics_bind;
    let watched = watched
        .map(|bind| listen(bind, "--metrics-bind"))
        .transpose()?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::because(&error))?;
    let config = &desk.config.clone().listening_at(address);
    let (listen, database) = (desk.listen.clone(), desk.database.clone());
    let state = State::new(config.clone(), listen, database, desk.clock.clone())
        .await
        .map_err(|error| Failure::because(&error))?;
    let running = app::server(&state, listener).map_err(|error| Failure::because(&error))?;
    let watched = watched.map(|listener| app::watch_server(&state, listener));
    let watched = watched
        .transpose()
        .map_err(|error| Failure::because(&error))?;
    // Until the end, so that it is seen to stop.
    let watched = watched.map(tokio::spawn);
    announce(desk, config).await?;
    if let Some(authority) = &state.gate.authority {
        // It logs what is wrong, and an organisation may yet be made.
        let _ = authority.organization(&state.gate.tenants).await;
    }

    let chores = Chores::start(&state);
    let handle = running.handle();
    let troubles = state.troubles.clone();
    let stopping = tokio::spawn(async move {
        stop.await;
        troubles.stop();
        tracing::info!("stopping: finishing what is running");
        handle.stop(true).await;
    });
    let served = running.await;
    stopping.abort();
    write_last_counts(&state, chores).await;
    if let Some(watched) = watched {
        watched.abort();
    }
    tracing::info!("stopped");
    served.map_err(|error| Failure::because(&error))
}

fn listen(bind: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(bind).map_err(|error| {
        Failure::new(format!(
            "Cannot listen on {bind}: {error}. Is another server running there? {flag} takes \
             another address and port."
        ))
    })
}

async fn write_last_counts(state: &State, chores: Chores) {
    let written = timeout(PATIENCE, async {
        let adding_up = chores.finish().await;
        let now = state.clock.now();
        state.gate.usage.flush(&state.database, now).await?;
        Ok::<_, Error>(adding_up)
    });
    match written.await {
        Ok(Ok(adding_up)) => add_up_last_counts(state, adding_up).await,
        Ok(Err(error)) => tracing::error!(%error, "the last counts of usage are lost"),
        Err(_) => tracing::error!("the last counts of usage are lost: the database hangs"),
    }
}

/// Whoever stops last leaves nothing that is logged and not added up.
async fn add_up_last_counts(state: &State, adding_up: JoinHandle<()>) {
    let added = timeout(PATIENCE, async {
        let _ = adding_up.await;
        let any_age = TimeDelta::zero();
        while state
            .gate
            .usage
            .add_up(&state.database, &state.clock, any_age)
            .await?
        {}
        Ok::<_, Error>(())
    });
    match added.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "usage is added up by whoever runs next"),
        Err(_) => tracing::warn!("usage is added up by whoever runs next"),
    }
}

/// On standard output, for the person who started it, if they look: the one place where the set-up code is.
/// Nothing is asked of the database once it has said that it is there.
async fn announce(desk: &Desk, config: &Config) -> Result<(), Failure> {
    let failure = |error: &dyn std::error::Error| Failure::because(error);
    let connection = &mut *desk.database.get().await.map_err(|error| failure(&error))?;
    let is_set_up = identity::queries::is_set_up(connection).await;
    let is_set_up = is_set_up.map_err(|error| failure(&error))?;
    let key = identity::queries::site_key(connection).await;
    let key = key.map_err(|error| failure(&error))?;
    let _ = writeln!(
        io::stdout(),
        "Tokendesk is at {}",
        config.public_url.origin()
    );
    if !is_set_up {
        let code = identity::setup_code::setup_code(&key);
        let _ = writeln!(
            io::stdout(),
            "Set it up at {}",
            config.public_url.join(&format!("/setup?code={code}"))
        );
    }
    Ok(())
}

/// Completes at the first signal that asks to stop, be it one that came before it was awaited.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
