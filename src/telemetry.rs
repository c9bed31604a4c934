//! Logs, to standard error: a line an event for people, or JSON for machines.

use std::env::var_os;
use std::io::{IsTerminal, stderr};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use crate::config::{Config, LogFormat};

/// Starts logging for the whole process.
///
/// # Panics
/// When called twice.
pub fn start(config: &Config) {
    let logs = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&config.log))
        .with_ansi(stderr().is_terminal() && var_os("NO_COLOR").is_none())
        .with_writer(stderr);
    match config.log_format {
        LogFormat::Text => logs.with_target(false).finish().with(discretion()).init(),
        LogFormat::Json => logs
            .json()
            .flatten_event(true)
            .finish()
            .with(discretion())
            .init(),
    }
}

/// Whatever `LOG` asks for: from level debug on, libraries tell what passes through them, such
/// as the parameters of statements, password hashes among them.
fn discretion() -> Targets {
    Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_target("actix_http", LevelFilter::INFO)
        .with_target("actix_server", LevelFilter::WARN)
        .with_target("rmcp", LevelFilter::ERROR)
        .with_target("tokio_postgres", LevelFilter::INFO)
}
