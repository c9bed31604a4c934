//! Logs, to standard error: a line an event for people, or JSON for machines.

use std::collections::HashMap;
use std::env::var_os;
use std::io::{IsTerminal, stderr};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
        // What cannot be logged is lost, and stops nothing.
        .log_internal_errors(false)
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

/// So that whoever may send requests cannot fill the log with what is to be said of them.
#[derive(Default)]
pub struct Seldom(LazyLock<Mutex<HashMap<&'static str, Instant>>>);

impl Seldom {
    #[must_use]
    pub const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    /// Whether this was not said within the last minute. If so, it counts as said now.
    pub fn is_due(&self, what: &'static str, now: Instant) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = said.get(what);
        let is_due = last.is_none_or(|last| now.duration_since(*last) >= Duration::from_secs(60));
        if is_due {
            said.insert(what, now);
        }
        is_due
    }
}

/// Whatever `LOG` asks for: from level debug on, libraries tell what passes through them, such
/// as the parameters of statements, password hashes among them.
fn discretion() -> Targets {
    Targets::new()
        .with_default(LevelFilter::TRACE)
        // It tells of each request that is none as of an error of ours.
        .with_target("actix_http", LevelFilter::OFF)
        .with_target("actix_web", LevelFilter::INFO)
        .with_target("actix_server", LevelFilter::WARN)
        .with_target("rmcp", LevelFilter::ERROR)
        .with_target("tokio_postgres", LevelFilter::INFO)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_do_not_tell_what_requests_hold() {
        for (target, level, is_told) in [
            ("actix_web::types::path", Level::DEBUG, false),
            ("actix_http::h1::dispatcher", Level::ERROR, false),
            ("tokio_postgres", Level::DEBUG, false),
            ("tokendesk::gate", Level::TRACE, true),
        ] {
            assert_eq!(
                discretion().would_enable(target, &level),
                is_told,
                "{target}"
            );
        }
    }

    #[test]
    fn each_thing_is_said_once_a_minute() {
        let (seldom, start) = (Seldom::new(), Instant::now());
        let is_due = |what, seconds| seldom.is_due(what, start + Duration::from_secs(seconds));
        assert!(is_due("one", 0));
        assert!(!is_due("one", 59));
        assert!(is_due("another", 59));
        assert!(is_due("one", 60));
        assert!(!is_due("one", 119));
    }
}
