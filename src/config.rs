//! Settings: flags and environment variables as they are written, and
//! [`Config`], what they mean. Every mistake is named at once.

use std::fmt::Display;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use etcetera::BaseStrategy;
use ipnet::IpNet;
use tracing::level_filters::LevelFilter;
use url::{Host, Url};

use crate::db::url::Target;
use crate::mail::Mailer;
use crate::secret::Digest;

const SHORTEST_SECRET: usize = 32;
/// What is logged where nothing is said.
const LOG: &str = "info";
/// A minute, with one token.
const MOST_CALLS: NonZeroU32 = NonZeroU32::new(1_000_000).unwrap();

/// What the operator wrote.
#[derive(Args, Debug)]
pub struct Settings {
    /// Address and port to listen on
    #[arg(long, env = "BIND", default_value = "127.0.0.1:8080", global = true)]
    bind: String,

    /// Where browsers reach the console [default: http:// and the bind address]
    #[arg(long, env = "PUBLIC_URL", value_name = "URL", global = true)]
    public_url: Option<String>,

    /// `postgres://user:password@host/database?sslmode=verify-full`; without it,
    /// a private PostgreSQL runs in the data directory
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "URL",
        hide_env_values = true,
        global = true
    )]
    database_url: Option<String>,

    /// The same database without a pooler in front of it, where `DATABASE_URL` leads to one in
    /// transaction mode, such as `PgBouncer`: changes are heard of and migrations run there, and
    /// no prepared statements go through the pooler [default: `DATABASE_URL`]
    #[arg(
        long,
        env = "DATABASE_LISTEN_URL",
        value_name = "URL",
        hide_env_values = true,
        global = true
    )]
    database_listen_url: Option<String>,

    /// Most connections to the database
    #[arg(
        long,
        env = "DATABASE_CONNECTIONS",
        value_name = "N",
        default_value = "16",
        global = true
    )]
    database_connections: String,

    /// Where the private PostgreSQL keeps its data [default: the platform's data
    /// directory; /var/lib/tokendesk for root]
    #[arg(long, env = "DATA_DIR", value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,

    /// Proxies whose forwarding headers are believed, such as X-Forwarded-For: addresses or CIDRs,
    /// separated by commas
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        value_name = "CIDRS",
        default_value = "",
        global = true
    )]
    trusted_proxies: String,

    /// Another address and port for /metrics, /healthz and /readyz [default: on the main port]
    #[arg(long, env = "METRICS_BIND", value_name = "ADDRESS", global = true)]
    metrics_bind: Option<String>,

    /// How many secrets the gate remembers
    #[arg(
        long,
        env = "VERIFY_CACHE_ENTRIES",
        value_name = "N",
        default_value = "200000",
        global = true
    )]
    verify_cache_entries: String,

    /// For how long the gate answers from memory without hearing from the database, in
    /// seconds. So long may a revocation wait for an instance that cannot be reached
    #[arg(
        long,
        env = "LEASE_SECONDS",
        value_name = "SECONDS",
        default_value = "10",
        global = true
    )]
    lease_seconds: String,

    /// Requests a minute that a token may send to the Admin API and the User API, and to MCP, on
    /// each instance; to SCIM three times as many
    #[arg(
        long,
        env = "RATE_LIMIT_PER_TOKEN",
        value_name = "N",
        default_value = "600",
        global = true
    )]
    rate_limit_per_token: String,

    /// A credential that may do everything with the Admin API and SCIM: 32 characters or more,
    /// sent as a Bearer token. To be kept in the environment [default: none]
    #[arg(
        long,
        env = "AUTH_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        global = true
    )]
    auth_secret: Option<String>,

    /// The organisation in which `AUTH_SECRET` holds, by its slug [default: the only one]
    #[arg(
        long,
        env = "AUTH_SECRET_ORGANIZATION",
        value_name = "SLUG",
        global = true
    )]
    auth_secret_organization: Option<String>,

    /// The mail server that invitations are sent through: `smtps://user:password@host:465`, or
    /// `smtp://host:587` with STARTTLS [default: none, links are sent by hand]
    #[arg(
        long,
        env = "SMTP_URL",
        value_name = "URL",
        hide_env_values = true,
        global = true
    )]
    smtp_url: Option<String>,

    /// In whose name: an address, or a name and an address as in `Tokendesk <tokens@example.com>`
    /// [default: none]
    #[arg(long, env = "SMTP_FROM", value_name = "ADDRESS", global = true)]
    smtp_from: Option<String>,

    /// What to log: error, warn, info, debug or trace, or by module as in
    /// `info,tokendesk::gate=debug`
    #[arg(long, env = "LOG", default_value = LOG, global = true)]
    log: String,

    /// How to log: text or json
    #[arg(
        long,
        env = "LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text",
        global = true
    )]
    log_format: String,

    /// Allow a public URL with plain http beyond this machine: whoever is on the
    /// way can then read passwords and tokens [default: false]
    #[arg(
        long,
        env = "ALLOW_INSECURE_HTTP",
        value_parser = on_or_off,
        num_args = 0,
        default_missing_value = "true",
        default_value = "false",
        global = true
    )]
    allow_insecure_http: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    Text,
    Json,
}

/// What the settings mean.
#[derive(Clone, Debug)]
pub struct Config {
    pub bind: SocketAddr,
    /// Where the server is watched over, if not there too.
    pub metrics_bind: Option<SocketAddr>,
    pub public_url: PublicUrl,
    pub database: DatabaseChoice,
    /// Where changes are heard of; `None`: where the data is.
    pub listen: Option<Box<Target>>,
    pub database_connections: usize,
    pub verify_cache_entries: usize,
    pub lease: Duration,
    pub trusted_proxies: Vec<IpNet>,
    /// Requests a minute, by token.
    pub rate_limit: NonZeroU32,
    pub auth_secret: Option<Digest>,
    /// A slug; `None`: the only organisation.
    pub auth_secret_organization: Option<String>,
    /// `None`: invitations are sent by hand.
    pub mailer: Option<Mailer>,
    pub log: String,
    pub log_format: LogFormat,
}

#[derive(Clone, Debug)]
pub enum DatabaseChoice {
    /// A private cluster in this directory.
    Embedded(PathBuf),
    /// The operator's own.
    Url(Box<Target>),
}

/// Where browsers reach the console: `http` or `https`, a host, nothing more.
#[derive(Clone, Debug)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The port that the system chose, where it was asked to choose one.
    fn resolve_port(&mut self, port: u16) {
        if self.0.port() == Some(0) {
            // Fails only for URLs without a host.
            let _ = self.0.set_port(Some(port));
        }
    }

    fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl Config {
    /// # Errors
    /// All that is wrong, a sentence each, with the setting's name.
    pub fn new(settings: Settings) -> Result<Self, Vec<String>> {
        let mut mistakes = Mistakes::default();
        let bind = mistakes.note(address("BIND", &settings.bind));
        let metrics_bind = mistakes.note(metrics_bind(settings.metrics_bind.as_deref()));
        let public_url = mistakes.note(public_url(&settings, bind));
        let database = mistakes.note(database(settings.database_url, settings.data_dir));
        let listen = mistakes.note(listen(settings.database_listen_url, database.as_ref()));
        let database_connections = mistakes.note(number(
            "DATABASE_CONNECTIONS",
            &settings.database_connections,
            2..=1000,
        ));
        let verify_cache_entries = mistakes.note(number(
            "VERIFY_CACHE_ENTRIES",
            &settings.verify_cache_entries,
            1..=100_000_000,
        ));
        let lease = mistakes.note(number("LEASE_SECONDS", &settings.lease_seconds, 1..=300));
        let trusted_proxies = mistakes.note(trusted_proxies(&settings.trusted_proxies));
        let rate_limit = mistakes.note(number(
            "RATE_LIMIT_PER_TOKEN",
            &settings.rate_limit_per_token,
            NonZeroU32::MIN..=MOST_CALLS,
        ));
        let auth_secret = mistakes.note(auth_secret(settings.auth_secret.as_deref()));
        let mailer = mailer(settings.smtp_url, settings.smtp_from);
        let mailer = mistakes.note(mailer);
        let log = mistakes.note(log(settings.log));
        let log_format = mistakes.note(log_format(&settings.log_format));
        let config = || {
            Some(Self {
                bind: bind?,
                metrics_bind: metrics_bind?,
                public_url: public_url?,
                database: database?,
                listen: listen?,
                database_connections: database_connections?,
                verify_cache_entries: verify_cache_entries?,
                lease: Duration::from_secs(lease?),
                trusted_proxies: trusted_proxies?,
                rate_limit: rate_limit?,
                auth_secret: auth_secret?,
                auth_secret_organization: settings
                    .auth_secret_organization
                    .filter(|slug| !slug.is_empty()),
                mailer: mailer?,
                log: log?,
                log_format: log_format?,
            })
        };
        config().ok_or(mistakes.0)
    }

    /// The same, for a server that listens there: with a port of 0, the system chose it.
    #[must_use]
    pub fn listening_at(mut self, address: SocketAddr) -> Self {
        self.public_url.resolve_port(address.port());
        self
    }
}

#[derive(Default)]
struct Mistakes(Vec<String>);

impl Mistakes {
    fn note<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|mistake| self.0.push(mistake)).ok()
    }
}

fn on_or_off(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("say true or false".to_owned()),
    }
}

fn metrics_bind(text: Option<&str>) -> Result<Option<SocketAddr>, String> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| address("METRICS_BIND", text)).transpose()
}

fn address(name: &str, text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("{name}: {text:?} is not an address and port such as 127.0.0.1:8080 or [::]:8080")
    })
}

fn public_url(settings: &Settings, bind: Option<SocketAddr>) -> Result<PublicUrl, String> {
    let said = settings.public_url.as_ref().filter(|url| !url.is_empty());
    let text = match (said, bind) {
        (Some(text), _) => text.clone(),
        (None, Some(address)) => format!("http://{address}"),
        (None, None) => "http://127.0.0.1:8080".to_owned(),
    };
    let url = Url::parse(&text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .filter(|url| url.path() == "/" && url.query().is_none() && url.fragment().is_none())
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .map(PublicUrl)
        .ok_or_else(|| {
            format!("PUBLIC_URL: {text:?} is not an origin such as https://tokens.example.com")
        })?;
    if url.is_https() || url.is_loopback() || settings.allow_insecure_http {
        return Ok(url);
    }
    Err(format!(
        "PUBLIC_URL: {text:?} would send passwords and tokens over the network in the clear. \
         Use https, or say --allow-insecure-http"
    ))
}

fn database(url: Option<String>, directory: Option<PathBuf>) -> Result<DatabaseChoice, String> {
    if let Some(url) = url.filter(|url| !url.is_empty()) {
        return Target::parse(&url)
            .map(|target| DatabaseChoice::Url(Box::new(target)))
            .map_err(|error| format!("DATABASE_URL: {error}"));
    }
    directory
        .filter(|directory| !directory.as_os_str().is_empty())
        .or_else(default_data_dir)
        .map(DatabaseChoice::Embedded)
        .ok_or_else(|| "DATA_DIR: no home directory was found; name a directory".to_owned())
}

/// The platform's data directory. Root's own home is closed to the user that
/// PostgreSQL has to run as, hence `/var/lib`.
fn default_data_dir() -> Option<PathBuf> {
    if nix::unistd::Uid::effective().is_root() {
        return Some(PathBuf::from("/var/lib/tokendesk"));
    }
    let base = etcetera::base_strategy::choose_native_strategy().ok()?;
    Some(base.data_dir().join("tokendesk"))
}

fn listen(
    url: Option<String>,
    database: Option<&DatabaseChoice>,
) -> Result<Option<Box<Target>>, String> {
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return Ok(None);
    };
    if let Some(DatabaseChoice::Embedded(_)) = database {
        return Err("DATABASE_LISTEN_URL: say DATABASE_URL too, which leads to the pooler".into());
    }
    Target::parse(&url)
        .map(|target| Some(Box::new(target)))
        .map_err(|error| format!("DATABASE_LISTEN_URL: {error}"))
}

fn number<T: FromStr + PartialOrd + Display>(
    name: &str,
    text: &str,
    range: RangeInclusive<T>,
) -> Result<T, String> {
    text.parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            format!(
                "{name}: {text:?} is not a number from {} to {}",
                range.start(),
                range.end()
            )
        })
}

fn trusted_proxies(text: &str) -> Result<Vec<IpNet>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse::<IpNet>()
                .or_else(|_| part.parse::<std::net::IpAddr>().map(IpNet::from))
                .map_err(|_| {
                    format!(
                        "TRUSTED_PROXIES: {part:?} is not an address or CIDR such as 10.0.0.0/8"
                    )
                })
        })
        .collect()
}

/// Nothing of it is said, as what is refused may be in use elsewhere.
fn auth_secret(secret: Option<&str>) -> Result<Option<Digest>, String> {
    let Some(secret) = secret.filter(|secret| !secret.is_empty()) else {
        return Ok(None);
    };
    let is_sendable = secret.bytes().all(|byte| byte.is_ascii_graphic());
    if secret.len() < SHORTEST_SECRET || !is_sendable {
        return Err(format!(
            "AUTH_SECRET: it needs {SHORTEST_SECRET} letters, digits and signs or more, such as \
             openssl rand -hex 32 prints"
        ));
    }
    Ok(Some(Digest::of(secret)))
}

/// Nothing of the URL is said, as there is a password in it.
fn mailer(url: Option<String>, from: Option<String>) -> Result<Option<Mailer>, String> {
    let [url, from] = [url, from].map(|text| text.filter(|text| !text.is_empty()));
    let (url, from) = match (url, from) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err("SMTP_FROM: say in whose name mail is sent".to_owned()),
        (None, Some(_)) => return Err("SMTP_URL: say through which server mail is sent".to_owned()),
        (Some(url), Some(from)) => (url, from),
    };
    let from = from.parse().map_err(|_| {
        format!("SMTP_FROM: {from:?} is not an address such as Tokendesk <tokens@example.com>")
    })?;
    let mailer = Mailer::parse(&url, from).map_err(|why| format!("SMTP_URL: {why}"))?;
    Ok(Some(mailer))
}

/// Levels, each perhaps of one module. The filter itself takes a wrong level for a module's name, and then
/// says nothing of all others.
fn log(text: String) -> Result<String, String> {
    if text.is_empty() {
        return Ok(LOG.to_owned());
    }
    let wrong = text.split(',').map(str::trim).find(|directive| {
        let level = directive.rsplit_once('=');
        let level = level.map_or(*directive, |(_, level)| level);
        level.parse::<LevelFilter>().is_err()
    });
    if let Some(wrong) = wrong {
        return Err(format!(
            "LOG: {wrong:?} is neither a level (error, warn, info, debug, trace or off) nor module=level"
        ));
    }
    match text.parse::<tracing_subscriber::EnvFilter>() {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("LOG: {text:?} is not a log filter: {error}")),
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("LOG_FORMAT: {text:?} is neither text nor json")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn config(flags: &[&str]) -> Result<Config, Vec<String>> {
        Config::new(Line::parse_from([&["tokendesk"], flags].concat()).settings)
    }

    #[test]
    fn the_public_url_follows_the_bind_address() {
        let config = config(&["--bind", "127.0.0.1:9000"]).unwrap();
        assert_eq!(config.public_url.origin(), "http://127.0.0.1:9000");
        let empty = self::config(&["--bind=127.0.0.1:9000", "--public-url="]).unwrap();
        assert_eq!(empty.public_url.origin(), "http://127.0.0.1:9000");
    }

    #[test]
    fn a_port_that_the_system_chose_gets_into_the_public_url() {
        let here: SocketAddr = "127.0.0.1:49152".parse().unwrap();
        let chosen = config(&["--bind=127.0.0.1:0"]).unwrap().listening_at(here);
        assert_eq!(chosen.public_url.origin(), "http://127.0.0.1:49152");
        let behind = [
            "--bind=127.0.0.1:0",
            "--public-url=https://tokens.example.com",
        ];
        let behind = config(&behind).unwrap().listening_at(here);
        assert_eq!(behind.public_url.origin(), "https://tokens.example.com");
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let mistakes = config(&[
            "--bind=here",
            "--metrics-bind=there",
            "--public-url=ftp://x",
            "--database-listen-url=here",
            "--database-connections=0",
            "--verify-cache-entries=many",
            "--lease-seconds=0",
            "--trusted-proxies=10.0.0.0/8,nonsense",
            "--rate-limit-per-token=0",
            "--auth-secret=too-short-to-be-one",
            "--smtp-url=https://user:hunter2@mail.example.com",
            "--smtp-from=tokens@example.com",
            "--log=info,warning",
            "--log-format=xml",
        ])
        .unwrap_err();
        let named: Vec<_> = mistakes
            .iter()
            .map(|mistake| mistake.split(':').next().unwrap())
            .collect();
        assert_eq!(
            named,
            [
                "BIND",
                "METRICS_BIND",
                "PUBLIC_URL",
                "DATABASE_LISTEN_URL",
                "DATABASE_CONNECTIONS",
                "VERIFY_CACHE_ENTRIES",
                "LEASE_SECONDS",
                "TRUSTED_PROXIES",
                "RATE_LIMIT_PER_TOKEN",
                "AUTH_SECRET",
                "SMTP_URL",
                "LOG",
                "LOG_FORMAT"
            ]
        );
    }

    #[test]
    fn mail_needs_a_server_and_a_sender_and_no_mistake_tells_the_password() {
        let url = "--smtp-url=smtps://user:hunter2@mail.example.com";
        let named = |flags: &[&str]| match config(flags) {
            Ok(_) => String::new(),
            Err(mistakes) => mistakes.join("\n"),
        };
        assert_eq!(
            named(&[url, "--smtp-from=Tokendesk <tokens@example.com>"]),
            ""
        );
        assert!(named(&[url]).starts_with("SMTP_FROM: "));
        assert!(named(&["--smtp-from=tokens@example.com"]).starts_with("SMTP_URL: "));
        let mistake = named(&[url, "--smtp-from=a\r\nBcc: b@example.com"]);
        assert!(mistake.starts_with("SMTP_FROM: "), "{mistake}");
        let broken = [&*format!("{url}/x"), "--smtp-from=tokens@example.com"];
        let mistake = named(&broken);
        assert!(
            mistake.starts_with("SMTP_URL: ") && !mistake.contains("hunter2"),
            "{mistake}"
        );
    }

    #[test]
    fn plain_http_is_for_this_machine_only_unless_allowed() {
        assert!(config(&["--public-url=http://tokens.example.com"]).is_err());
        assert!(config(&["--bind=0.0.0.0:8080"]).is_err());
        assert!(config(&["--public-url=http://localhost:8080"]).is_ok());
        assert!(config(&["--public-url=http://[::1]:8080"]).is_ok());
        assert!(config(&["--public-url=https://tokens.example.com"]).is_ok());
        let insecure = ["--public-url=http://10.0.0.1", "--allow-insecure-http"];
        assert!(config(&insecure).is_ok());
    }

    #[test]
    fn what_is_neither_on_nor_off_is_refused() {
        assert_eq!(
            ["", "0", "False", "no", "off"].map(on_or_off),
            [const { Ok(false) }; 5]
        );
        assert_eq!(
            ["1", "true", "YES", "on"].map(on_or_off),
            [const { Ok(true) }; 4]
        );
        assert!(on_or_off("maybe").is_err());
    }
}
