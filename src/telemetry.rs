//! Logs, to standard error: a line an event for people, or JSON for machines.

use std::env::var_os;
use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// What libraries say of their own workings is heard only when it is asked for by name; at
/// `trace` some of them would write what passes through them.
const QUIET: &str = "actix_http=info,actix_server=warn,hyper=info,tokio_postgres=info";

/// Starts logging for the whole process.
///
/// # Panics
/// When called twice.
pub fn start(config: &Config) {
    let logs = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("{QUIET},{}", config.log)))
        .with_ansi(stderr().is_terminal() && var_os("NO_COLOR").is_none())
        .with_writer(stderr);
    match config.log_format {
        LogFormat::Text => logs.with_target(false).init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
}
