//! `DATABASE_URL`: from what the operator wrote to an open connection, encrypted as
//! `sslmode` says. Pools and queries are for others.
//!
//! The URL is libpq's (<https://www.postgresql.org/docs/current/libpq-connect.html>), several
//! hosts and `target_session_attrs` included. `tokio_postgres` reads all of it but the TLS
//! part: it knows neither certificates nor the modes that check them, so that `sslmode` and
//! `sslrootcert` are taken out of the query here.

mod tls;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::url::form_urlencoded;
use rustls::pki_types::pem;
use tokio::time::timeout;
use tokio_postgres::config::{Config, Host, SslMode};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::tls::Mode;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A peer that vanished without a word is noticed within a minute, not after the
/// operating system's two hours.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;
/// The same for one that vanished while it was asked something, which keepalive does not see.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// The half of a connection that does the I/O: spawn it, or drive it with `poll_message` to
/// see notifications. One type for every mode, since without TLS the connector lies idle.
pub type Connection =
    tokio_postgres::Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("it must begin with postgres:// or postgresql://")]
    NotAUrl,
    #[error(
        "it names no host: write postgres://user@host/database, or ?host=/directory for a Unix socket"
    )]
    NoHost,
    #[error("it cannot be read")]
    Invalid(#[source] tokio_postgres::Error),
    #[error("sslmode={0} is not known: use disable, prefer, require, verify-ca or verify-full")]
    SslMode(String),
    #[error("no certificates can be read from sslrootcert {path}")]
    RootFile { path: PathBuf, source: pem::Error },
    #[error(
        "there are no usable root certificates to verify the database's with: name a file with sslrootcert="
    )]
    NoRoots,
    #[error("cannot connect to {to}")]
    Connect {
        to: String,
        source: tokio_postgres::Error,
    },
    #[error("{to} accepts connections but has not answered for {} s", waited.as_secs())]
    Silent { to: String, waited: Duration },
}

/// A database to connect to. Clones are cheap, and `Debug` shows no password.
#[derive(Clone)]
pub struct Target {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Target {
    /// Reads a URL, and the root certificates if its `sslmode` asks for them.
    ///
    /// # Errors
    /// When the URL or the certificates cannot be used. No message repeats the password.
    pub fn parse(url: &str) -> Result<Self, Error> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(Error::NotAUrl);
        }
        let (url, mode, root_file) = take_tls_parameters(url);
        let mode: Mode = mode.as_deref().unwrap_or("prefer").parse()?;
        let mut config: Config = url.parse().map_err(Error::Invalid)?;
        name_hosts(&mut config)?;
        config.ssl_mode(ssl_mode(mode, &config));
        let tls = tls::connector(mode, root_file.as_deref().map(Path::new))?;
        Ok(Self::new(config, tls))
    }

    /// A private database behind a Unix socket, where there is nobody to hide from.
    ///
    /// # Panics
    /// Never: without certificates to read, nothing can fail.
    #[must_use]
    pub fn embedded(mut config: Config) -> Self {
        config.ssl_mode(SslMode::Disable);
        let tls = tls::connector(Mode::Disable, None).expect("no certificates to read");
        Self::new(config, tls)
    }

    fn new(mut config: Config, tls: MakeRustlsConnect) -> Self {
        if config.get_application_name().is_none() {
            config.application_name("tokendesk");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
            config.keepalives_idle(KEEPALIVE_IDLE);
        }
        if config.get_keepalives_interval().is_none() {
            config.keepalives_interval(KEEPALIVE_INTERVAL);
        }
        if config.get_keepalives_retries().is_none() {
            config.keepalives_retries(KEEPALIVE_RETRIES);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED);
        }
        Self { config, tls }
    }

    /// Connects to the first host that accepts and has the `target_session_attrs`.
    ///
    /// # Errors
    /// When no host does; the cause is the last one's.
    pub async fn connect(&self) -> Result<(Client, Connection), Error> {
        // `connect_timeout` ends with the TCP handshake, which the kernel completes even for
        // a server that hangs. This one ends whatever happens.
        let waited = self.patience();
        match timeout(waited, self.config.connect(self.tls.clone())).await {
            Ok(Ok(connected)) => Ok(connected),
            Ok(Err(source)) => Err(Error::Connect {
                to: self.redacted(),
                source,
            }),
            Err(_) => Err(Error::Silent {
                to: self.redacted(),
                waited,
            }),
        }
    }

    /// Has the server give up what a connection is waiting for.
    pub async fn cancel(&self, token: &CancelToken) {
        // That it is not to be reached is known by then, or soon.
        let _ = timeout(self.patience(), token.cancel_query(self.tls.clone())).await;
    }

    /// A connection attempt per host, and as much again for those that have several addresses.
    fn patience(&self) -> Duration {
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(u32::MAX);
        let each = self
            .config
            .get_connect_timeout()
            .copied()
            .unwrap_or(CONNECT_TIMEOUT);
        each.saturating_mul(hosts.saturating_mul(2))
    }

    /// Hosts, ports and database, for logs: never the password.
    #[must_use]
    pub fn redacted(&self) -> String {
        let ports = self.config.get_ports();
        let port = |i: usize| ports.get(i).or(ports.first()).copied().unwrap_or(5432);
        let hosts = self.config.get_hosts().iter().enumerate();
        let hosts: Vec<String> = hosts
            .map(|(i, host)| match host {
                Host::Unix(directory) => directory.display().to_string(),
                Host::Tcp(name) if name.contains(':') => format!("[{name}]:{}", port(i)),
                Host::Tcp(name) => format!("{name}:{}", port(i)),
            })
            .collect();
        match self.config.get_dbname() {
            Some(database) => format!("database {database} at {}", hosts.join(", ")),
            None => hosts.join(", "),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.redacted())
    }
}

/// The URL without `sslmode` and `sslrootcert`, and these two, decoded.
fn take_tls_parameters(url: &str) -> (String, Option<String>, Option<String>) {
    // A password may hold a bare `?`; as in `tokio_postgres`, credentials end at the first `@`.
    let credentials = url.find('@').unwrap_or(0);
    let Some(query) = url[credentials..].find('?').map(|at| credentials + at) else {
        return (url.to_owned(), None, None);
    };
    let (mut mode, mut root_file, mut kept) = (None, None, Vec::new());
    for pair in url[query + 1..].split('&') {
        match decode(pair) {
            (key, value) if key == "sslmode" => mode = Some(value),
            (key, value) if key == "sslrootcert" => root_file = Some(value),
            _ => kept.push(pair),
        }
    }
    // `system` is libpq's name for the platform's roots, which we use anyway.
    let root_file = root_file.filter(|file| !file.is_empty() && file != "system");
    (
        format!("{}?{}", &url[..query], kept.join("&")),
        mode,
        root_file,
    )
}

fn decode(pair: &str) -> (String, String) {
    // Here, unlike in a web form, a plus is a plus.
    let pair = pair.replace('+', "%2B");
    form_urlencoded::parse(pair.as_bytes())
        .into_owned()
        .next()
        .unwrap_or_default()
}

/// Makes every server reachable and printable by `host`: a `hostaddr` without one becomes it.
fn name_hosts(config: &mut Config) -> Result<(), Error> {
    if config.get_hosts().is_empty() {
        for address in config.get_hostaddrs().to_vec() {
            config.host(address.to_string());
        }
    }
    let named = |host: &Host| !matches!(host, Host::Tcp(name) if name.is_empty());
    let hosts = config.get_hosts();
    if hosts.is_empty() || !hosts.iter().all(named) {
        return Err(Error::NoHost);
    }
    Ok(())
}

fn ssl_mode(mode: Mode, config: &Config) -> SslMode {
    // PostgreSQL has no TLS on Unix sockets, and libpq ignores `sslmode` there.
    if config
        .get_hosts()
        .iter()
        .all(|host| matches!(host, Host::Unix(_)))
    {
        return SslMode::Disable;
    }
    match mode {
        Mode::Disable => SslMode::Disable,
        Mode::Prefer => SslMode::Prefer,
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Target {
        Target::parse(url).expect(url)
    }

    fn refusal(url: &str) -> String {
        Target::parse(url).expect_err(url).to_string()
    }

    #[test]
    fn several_hosts_ipv6_and_an_encoded_password_are_read() {
        let target = parse(
            "postgresql://me:p%40ss%2F%3F@db1,[::1]:6432/desk?target_session_attrs=read-write",
        );
        assert_eq!(target.config.get_password(), Some(b"p@ss/?".as_slice()));
        assert_eq!(target.redacted(), "database desk at db1:5432, [::1]:6432");
        assert_eq!(target.config.get_ssl_mode(), SslMode::Prefer);
    }

    #[test]
    fn what_the_url_does_not_say_has_a_default_and_what_it_says_wins() {
        let target = parse("postgres://db");
        assert_eq!(target.config.get_application_name(), Some("tokendesk"));
        assert_eq!(target.config.get_connect_timeout(), Some(&CONNECT_TIMEOUT));
        let target = parse("postgres://db?application_name=x&connect_timeout=9&keepalives_idle=7");
        assert_eq!(target.config.get_application_name(), Some("x"));
        assert_eq!(
            target.config.get_connect_timeout(),
            Some(&Duration::from_secs(9))
        );
        assert_eq!(target.config.get_keepalives_idle(), Duration::from_secs(7));
    }

    #[test]
    fn a_unix_socket_needs_no_tls_whatever_the_mode() {
        let target = parse("postgres:///desk?host=/run/pg&sslmode=require");
        assert_eq!(target.config.get_ssl_mode(), SslMode::Disable);
        assert_eq!(target.redacted(), "database desk at /run/pg");
    }

    #[test]
    fn the_tls_parameters_are_found_behind_a_password_with_a_question_mark() {
        let (url, mode, file) = take_tls_parameters(
            "postgres://me:a?b@db/desk?sslmode=verify-full&port=1&sslrootcert=/c%2B+/ca.pem",
        );
        assert_eq!(url, "postgres://me:a?b@db/desk?port=1");
        assert_eq!(mode.as_deref(), Some("verify-full"));
        assert_eq!(file.as_deref(), Some("/c++/ca.pem"));
    }

    #[test]
    fn debug_shows_no_password() {
        let shown = format!("{:?}", parse("postgres://me:hunter2@db/desk"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn mistakes_are_named() {
        assert!(refusal("mysql://db").contains("postgres://"));
        assert!(refusal("host=db").contains("postgres://"));
        assert!(refusal("postgres:///desk").contains("no host"));
        assert!(refusal("postgres://db?sslmode=allow").contains("sslmode=allow"));
        assert!(refusal("postgres://db?sslmode=verify-full&sslrootcert=/none").contains("/none"));
        let unknown = Target::parse("postgres://db?sslfoo=1").expect_err("unknown option");
        let cause = std::error::Error::source(&unknown).expect("a cause");
        let cause = std::error::Error::source(cause).expect("its cause");
        assert!(cause.to_string().contains("sslfoo"));
    }
}
