//! A PostgreSQL for this run of the tests, with a migrated database to copy for each of them.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokendesk::db::Database;
use tokendesk::db::embedded::Cluster;
use tokendesk::db::url::Target;
use tokio::sync::OnceCell;
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};
use url::form_urlencoded;

static CLUSTER: OnceCell<Config> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

const TEMPLATE: &str = "template";

/// The address of a new database with the present schema.
pub async fn database() -> Config {
    let server = CLUSTER.get_or_init(start).await;
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    execute(
        server,
        &format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER tokendesk"),
    )
    .await;
    named(server, &name)
}

/// The address of a new database without a schema.
pub async fn empty_database() -> Config {
    let server = CLUSTER.get_or_init(start).await;
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    execute(server, &format!("CREATE DATABASE {name} OWNER tokendesk")).await;
    named(server, &name)
}

/// The address of the same database for somebody who may read and write there, and change nothing of its
/// schema.
pub async fn for_a_clerk(address: &Config) -> Config {
    let name = address.get_dbname().unwrap();
    let clerk = format!("clerk_of_{name}");
    let server = CLUSTER.get_or_init(start).await;
    execute(server, &format!("CREATE ROLE {clerk} LOGIN")).await;
    let rights = format!(
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {clerk}"
    );
    execute(address, &rights).await;
    let mut address = address.clone();
    address.user(&clerk);
    address
}

/// What `DATABASE_URL` says for this address.
pub fn url(config: &Config) -> String {
    let [Host::Unix(sockets)] = config.get_hosts() else {
        panic!("{config:?}")
    };
    let sockets = sockets.as_os_str().as_encoded_bytes();
    let host: String = form_urlencoded::byte_serialize(sockets).collect();
    let (user, name) = (config.get_user().unwrap(), config.get_dbname().unwrap());
    format!("postgres://{user}@{host}/{name}")
}

/// How long the statements in a database take, by themselves: as PostgreSQL says, whoever waits for
/// them.
pub struct StatementTimes {
    log: BufReader<File>,
    mark: String,
    /// As much of a line as is written yet.
    line: String,
}

impl StatementTimes {
    /// Of whoever connects from now on.
    pub async fn of(address: &Config) -> Self {
        let name = address.get_dbname().unwrap();
        let all = format!("ALTER DATABASE {name} SET log_min_duration_statement = 0");
        execute(CLUSTER.get().unwrap(), &all).await;
        let mut log = File::open(directory().join("postgres.log")).unwrap();
        log.seek(SeekFrom::End(0)).unwrap();
        Self {
            log: BufReader::new(log),
            mark: format!("<{name}> LOG:  duration: "),
            line: String::new(),
        }
    }

    /// Of all since it was asked before, together.
    pub fn since(&mut self) -> Duration {
        let mut milliseconds = 0.0;
        while self.log.read_line(&mut self.line).unwrap() > 0 && self.line.ends_with('\n') {
            let told = self.line.split_once(&self.mark);
            let told = told.and_then(|(_, told)| told.split_once(" ms"));
            milliseconds += told.map_or(0.0, |(number, _)| number.parse::<f64>().unwrap());
            self.line.clear();
        }
        Duration::from_secs_f64(milliseconds / 1_000.0)
    }
}

/// Runs statements by themselves, beside the application.
pub async fn execute(config: &Config, statements: &str) {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(statements).await.unwrap();
}

fn directory() -> PathBuf {
    std::env::temp_dir().join(format!("tokendesk-tests-{}", std::process::id()))
}

async fn start() -> Config {
    let directory = directory();
    let data = directory.clone();
    let cluster = tokio::task::spawn_blocking(move || Cluster::open(&data).unwrap())
        .await
        .unwrap();
    stop_with_this_process(&directory);
    let mut server = cluster.connection();
    server.user("postgres");
    // What is lost in a crash was worth nothing.
    execute(&server, "ALTER SYSTEM SET fsync = off").await;
    execute(&server, "ALTER SYSTEM SET full_page_writes = off").await;
    // It would look into each test's database in turn, and change plans while they are compared.
    execute(&server, "ALTER SYSTEM SET autovacuum = off").await;
    // By this mark a line of the log is known as a database's.
    execute(
        &server,
        "ALTER SYSTEM SET log_line_prefix = '%m [%p] <%d> '",
    )
    .await;
    execute(&server, "SELECT pg_reload_conf()").await;
    execute(
        &server,
        &format!("CREATE DATABASE {TEMPLATE} OWNER tokendesk"),
    )
    .await;
    let template = Database::new(Target::embedded(named(&server, TEMPLATE)), 2);
    template.migrate().await.unwrap();
    template.close();
    wait_until_unused(&server, TEMPLATE).await;
    server
}

/// A database that someone is connected to cannot be copied, and the pool's connections take a
/// moment to go.
async fn wait_until_unused(server: &Config, name: &str) {
    let (client, connection) = server.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let used = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
    while client
        .query_one(used, &[&name])
        .await
        .unwrap()
        .get::<_, i64>(0)
        > 0
    {
        tokio::task::yield_now().await;
    }
}

/// A shell waits for its standard input to end, which it does however this process ends.
#[expect(clippy::zombie_processes, reason = "it outlives this process")]
fn stop_with_this_process(directory: &Path) {
    let pid_file: PathBuf = directory.join("postgres/postmaster.pid");
    let script = r#"trap "" INT TERM; read -r _; kill -QUIT "$(head -n 1 "$1")"; rm -rf "$2""#;
    let mut child = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(pid_file)
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.flush().unwrap();
    std::mem::forget(input);
}

fn named(server: &Config, name: &str) -> Config {
    let mut config = server.clone();
    config.user("tokendesk").dbname(name);
    config
}
