//! Everything through `PgBouncer` in transaction mode, which has another server connection for
//! each transaction and knows no prepared statements by name.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use futures_util::future::join_all;
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};

use crate::commands::{add, found};
use crate::support::app::PASSWORD;
use crate::support::{Browser, Place, Process, Scratch, Server, cluster};

const SERVER_CONNECTIONS: usize = 4;
const GRACE: &str = "grace@northwind.example";

/// In front of the tests' own PostgreSQL.
struct PgBouncer {
    /// Of the same database, through the pooler.
    address: Config,
    _process: Process,
    _scratch: Scratch,
}

impl PgBouncer {
    fn start(direct: &Config) -> Self {
        let scratch = Scratch::new();
        let [Host::Unix(sockets)] = direct.get_hosts() else {
            panic!("{direct:?}")
        };
        let file = scratch.root.join("pgbouncer.ini");
        fs::write(&file, settings(sockets, &scratch.root)).unwrap();
        fs::write(scratch.root.join("users"), "\"tokendesk\" \"\"\n").unwrap();
        // It refuses to be run by root.
        let owner = fs::metadata(sockets).unwrap();
        chown(&scratch.root, Some(owner.uid()), Some(owner.gid())).unwrap();
        let mut command = Command::new("/usr/sbin/pgbouncer");
        command.uid(owner.uid()).gid(owner.gid()).arg(&file);
        let process = Process::start(command);
        process.logged("process up");
        let mut address = Config::new();
        address
            .host_path(&scratch.root)
            .user("tokendesk")
            .dbname(direct.get_dbname().unwrap());
        Self {
            address,
            _process: process,
            _scratch: scratch,
        }
    }
}

/// Each transaction gets the connection that was idle for longest, so hardly ever the one before.
fn settings(sockets: &Path, own: &Path) -> String {
    let (sockets, own) = (sockets.display(), own.display());
    format!(
        "[databases]\n* = host={sockets}\n[pgbouncer]\n\
         pool_mode = transaction\nserver_round_robin = 1\n\
         default_pool_size = {SERVER_CONNECTIONS}\nmin_pool_size = {SERVER_CONNECTIONS}\n\
         unix_socket_dir = {own}\nlisten_port = 5432\nlisten_addr =\n\
         auth_type = trust\nauth_file = {own}/users\nlog_connections = 0\n"
    )
}

async fn status(server: &Server, secret: &str) -> u16 {
    server.asked_by(secret).await.status().as_u16()
}

async fn signed_in(server: &Server) -> Browser {
    let browser = server.browser();
    let form = browser.visit("/sign-in").await.form("/sign-in");
    let form = form.fill("email", GRACE).fill("password", PASSWORD);
    assert_eq!(form.submit().await.path, "/settings/api-access");
    browser
}

async fn create(browser: &Browser, name: &str) -> String {
    let form = browser.visit("/settings/api-access/new").await;
    let form = form.form("/settings/api-access").fill("name", name);
    form.fill("access_level", "full-access")
        .submit()
        .await
        .secret()
}

async fn names(browser: &Browser, query: &str) -> Vec<String> {
    let page = browser
        .visit(&format!("/settings/api-access?{query}"))
        .await;
    assert_eq!(page.status, 200, "{query}");
    page.texts(".token h2")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_work_through_a_pooler_in_transaction_mode() {
    let direct = cluster::empty_database().await;
    let pooler = PgBouncer::start(&direct);
    let place = Place::pooler(&pooler.address, &direct);
    found(&place);
    add(&place, GRACE, "admin");
    let (one, two) = (place.serve(), place.serve());
    let (here, there) = (&signed_in(&one).await, &signed_in(&two).await);

    // Many at once, so that all of the pooler's connections are in use.
    let made = (0..12).map(async |number| {
        let (browser, other) = if number % 2 == 0 {
            (here, &two)
        } else {
            (there, &one)
        };
        let secret = create(browser, &format!("Token {number}")).await;
        assert_eq!(status(other, &secret).await, 200);
        secret
    });
    let secrets = join_all(made).await;
    let searches = (0..12).map(async |number| {
        let query = format!("q=token+{number}&sort=name");
        assert!(
            names(here, &query)
                .await
                .contains(&format!("Token {number}"))
        );
        assert_eq!(
            names(there, "q=nothing+like+it").await,
            Vec::<String>::new()
        );
        assert_eq!(names(there, "status=active").await.len(), 12);
    });
    join_all(searches).await;

    let page = here.visit("/settings/api-access?q=token+7").await;
    let path = page.follow("Token 7").await.path;
    let revocation = format!("{path}/revocation");
    let list = here.visit(&revocation).await.form(&revocation);
    let list = list.submit().await;
    assert!(
        list.says("In effect on 2 of 2 instances after"),
        "{}",
        list.text()
    );
    for server in [&one, &two] {
        assert_eq!(status(server, &secrets[7]).await, 401);
        assert_eq!(status(server, &secrets[8]).await, 200);
    }
    let finished = [one.stop(), two.stop()];
    for finished in &finished {
        assert!(!finished.errors.contains("ERROR"), "{finished:#?}");
    }
    assert_eq!(calls(&pooler.address).await, 16);
}

/// What was counted and, as the instances have stopped, written.
async fn calls(address: &Config) -> i64 {
    let (client, connection) = address.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let calls = "SELECT sum(allowed + denied)::bigint FROM token_usage";
    let rows = client.query_typed(calls, &[]).await.unwrap();
    rows[0].get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_past_the_pooler_to_another_database_is_refused() {
    let (direct, other) = (cluster::database().await, cluster::database().await);
    let pooler = PgBouncer::start(&direct);
    let place = Place::pooler(&pooler.address, &other);
    for command in ["serve", "migrate"] {
        let refusal = place.run(&[command, "--bind=127.0.0.1:0"]).refused();
        assert_eq!(
            refusal,
            "DATABASE_LISTEN_URL leads to another database than DATABASE_URL: changes would not \
             be heard of\n"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_without_a_way_past_it_keeps_nobody_from_migrating() {
    let direct = cluster::empty_database().await;
    let pooler = PgBouncer::start(&direct);
    for place in [&pooler.address, &pooler.address, &direct] {
        Place::database(place).run(&["migrate"]).succeeded();
    }
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database =
        (SELECT oid FROM pg_database WHERE datname = current_database())";
    let (client, connection) = direct.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let row = client.query_one(held, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}
