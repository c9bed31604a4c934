//! `serve`: what it says as it starts, and what it finishes before it stops.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokendesk::db::embedded::Cluster;
use tokio_postgres::{Client, Config, NoTls};

use super::{found, place, token};
use crate::support::app::PASSWORD;
use crate::support::process::SETTINGS;
use crate::support::{Place, Scratch, Server, until};

/// How long a server may take to stop: its period of grace and a bit.
const LONGEST_STOP: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_link_is_the_same_at_each_start_until_it_was_used() {
    let place = place().await;
    let (first, second) = (place.serve(), place.serve());
    let link = |server: &Server| {
        let link = server.process.line("Set it up at ");
        link.strip_prefix(&server.url).unwrap().to_owned()
    };
    let code = link(&first);
    assert_eq!(link(&second), code);
    first.stop();
    let third = place.serve();
    assert_eq!(link(&third), code);

    let page = third.browser().visit(&code).await;
    let home = page
        .form("/setup")
        .fill("organization", "Northwind")
        .fill("name", "Ada Lovell")
        .fill("email", "ada@northwind.example")
        .fill("password", PASSWORD)
        .submit()
        .await;
    assert!(home.says("No API tokens yet"), "{}", home.text());
    let printed = place.serve().stop().output;
    assert!(
        printed.starts_with("Tokendesk is at http://127.0.0.1:"),
        "{printed}"
    );
    assert_eq!(printed.lines().count(), 1, "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_stops_nothing() {
    let server = place().await.serve_unheard();
    let page = server.browser().visit("/sign-in").await;
    assert_eq!(page.status, 200);
    let unknown = server.asked_by("wxt_unknown").await;
    assert_eq!(unknown.status(), 401);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_first_is_where_the_server_is_reached() {
    let place = place().await;
    let server = place.serve_with(&["--public-url=https://tokens.example.com"]);
    assert_eq!(server.url, "https://tokens.example.com");
    let server = place.serve();
    assert_eq!(server.browser().visit("/setup").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn help_names_every_setting_with_its_variable_and_default() {
    let place = place().await;
    for arguments in [&["--help"][..], &["serve", "--help"]] {
        let help = place.run(arguments).succeeded();
        for variable in SETTINGS {
            let flag = format!("--{}", variable.to_lowercase().replace('_', "-"));
            let line = help
                .lines()
                .find(|line| line.trim_start().starts_with(&flag))
                .unwrap_or_else(|| panic!("no {flag} in:\n{help}"));
            assert!(line.contains(&format!("[env: {variable}")), "{line}");
            // What stands for the database's has a sentence.
            let default = if variable == "DATABASE_URL" {
                "without it"
            } else {
                "[default: "
            };
            assert!(line.contains(default), "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_wrong_settings_are_named_at_once() {
    let place = place().await;
    let wrong = [
        ("BIND", "here"),
        ("PUBLIC_URL", "tokens.example.com"),
        ("DATABASE_URL", "mysql://ada:hunter2@localhost/tokens"),
        ("DATABASE_CONNECTIONS", "many"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, elsewhere"),
        ("RATE_LIMIT_PER_TOKEN", "0"),
        ("AUTH_SECRET", "hunter2-hunter2-hunter2-hunter2"),
        ("LOG", "a=b=c"),
        ("LOG_FORMAT", "xml"),
    ];
    for arguments in [&[][..], &["serve"], &["migrate"]] {
        let mut command = place.command(arguments);
        command.envs(wrong);
        let refusal = crate::support::Process::start(command).finish().refused();
        let named: Vec<&str> = refusal
            .lines()
            .map(|line| line.split(':').next().unwrap())
            .collect();
        assert_eq!(named, wrong.map(|(variable, _)| variable), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named_together_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refusal = place().await.run(&[&format!("--bind={address}")]).refused();
    let sentence = format!("Cannot listen on {address}: Address already in use");
    assert!(refusal.contains(&sentence), "{refusal}");
    assert!(
        refusal.contains("--bind takes another address and port"),
        "{refusal}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_a_sentence_without_the_password() {
    let mut command = place().await.command(&["serve"]);
    command.env("DATABASE_URL", "postgres://ada:hunter2@127.0.0.1:1/tokens");
    let refusal = crate::support::Process::start(command).finish().refused();
    assert!(refusal.contains("cannot connect to"), "{refusal}");
    assert!(refusal.contains("127.0.0.1"), "{refusal}");
    assert!(!refusal.contains("hunter2"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_requests_finish_writes_the_usage_and_stops_postgresql() {
    a_stop_finishes_everything(Signal::SIGTERM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigint_lets_requests_finish_writes_the_usage_and_stops_postgresql() {
    a_stop_finishes_everything(Signal::SIGINT).await;
}

async fn a_stop_finishes_everything(signal: Signal) {
    let scratch = Scratch::new();
    let place = Place::directory(&scratch);
    let server = place.serve();
    found(&place);
    let secret = token(&place, &["--name=Okta SCIM", "--scope=all"]);
    assert_eq!(server.asked_by(&secret).await.status(), 200);

    let data = scratch.data();
    let cluster = blocking(move || Cluster::open(&data).unwrap()).await;
    // Not asked for yet, so that the database has to be asked.
    let another = token(&place, &["--name=Entra SCIM", "--scope=all"]);
    let lock = connect(&cluster.connection()).await;
    lock.batch_execute("BEGIN; LOCK TABLE secrets")
        .await
        .unwrap();
    let address = format!("{}/api/v1/token", server.url);
    let slow = reqwest::Client::new()
        .get(address)
        .bearer_auth(&another)
        .send();
    let slow = tokio::spawn(slow);
    wait_for_a_waiting_query(&cluster.connection()).await;

    server.process.signal(signal);
    let told = Instant::now();
    server.process.logged("stopping: finishing what is running");
    wait_until_closed(&server);
    assert!(!slow.is_finished());
    lock.batch_execute("COMMIT").await.unwrap();
    drop(lock);
    assert_eq!(slow.await.unwrap().unwrap().status(), 200);
    let finished = server.process.finish();
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(told.elapsed() < LONGEST_STOP, "{:?}", told.elapsed());

    // The second use was counted as the server stopped.
    let database = connect(&cluster.connection()).await;
    let query = "SELECT sum(allowed)::bigint, (SELECT sum(calls)::bigint FROM usage_hours) \
                 FROM token_usage";
    let usage = database.query_one(query, &[]).await.unwrap();
    assert_eq!((usage.get::<_, i64>(0), usage.get::<_, i64>(1)), (2, 2));
    drop(database);
    assert!(scratch.is_running(), "we use it still");
    blocking(|| cluster.close().unwrap()).await;
    assert!(!scratch.is_running());

    let server = place.serve();
    server.process.signal(signal);
    assert_eq!(server.process.finish().code, Some(0));
    assert!(!scratch.is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_that_is_being_written_as_the_server_stops_gets_written() {
    let address = crate::support::cluster::database().await;
    let place = Place::database(&address);
    let server = place.serve();
    found(&place);
    let secret = token(&place, &["--name=Okta SCIM", "--scope=all"]);
    let lock = connect(&address).await;
    lock.batch_execute("BEGIN; LOCK TABLE usage_hours")
        .await
        .unwrap();
    assert_eq!(server.asked_by(&secret).await.status(), 200);
    wait_for_a_waiting_query(&address).await;
    server.process.signal(Signal::SIGTERM);
    wait_until_closed(&server);
    lock.batch_execute("COMMIT").await.unwrap();
    assert_eq!(server.process.finish().code, Some(0));
    let written = lock
        .query_one("SELECT sum(calls)::bigint FROM usage_hours", &[])
        .await;
    assert_eq!(written.unwrap().get::<_, Option<i64>>(0), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_does_not_keep_the_server_from_stopping() {
    let address = crate::support::cluster::database().await;
    let place = Place::database(&address);
    let server = place.serve();
    found(&place);
    let secret = token(&place, &["--name=Okta SCIM", "--scope=all"]);
    let lock = connect(&address).await;
    lock.batch_execute("BEGIN; LOCK TABLE usage_hours")
        .await
        .unwrap();
    assert_eq!(server.asked_by(&secret).await.status(), 200);
    wait_for_a_waiting_query(&address).await;
    let told = Instant::now();
    let said = server.stop().errors;
    assert!(told.elapsed() < LONGEST_STOP, "{:?}", told.elapsed());
    assert!(said.contains("the last counts of usage are lost"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_takes_too_long_does_not_keep_the_server_from_stopping() {
    let address = crate::support::cluster::database().await;
    let place = Place::database(&address);
    let server = place.serve();
    found(&place);
    let secret = token(&place, &["--name=Okta SCIM", "--scope=all"]);
    let lock = connect(&address).await;
    lock.batch_execute("BEGIN; LOCK TABLE secrets")
        .await
        .unwrap();
    let url = format!("{}/api/v1/token", server.url);
    let slow = tokio::spawn(reqwest::Client::new().get(url).bearer_auth(&secret).send());
    wait_for_a_waiting_query(&address).await;
    let told = Instant::now();
    server.stop();
    assert!(told.elapsed() < LONGEST_STOP, "{:?}", told.elapsed());
    // Cut off, or told that the database is gone.
    if let Ok(answer) = slow.await.unwrap() {
        assert_eq!(answer.status(), 503);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_idles_does_not_hold_up_the_stop() {
    let server = place().await.serve();
    let browser = server.browser();
    assert_eq!(browser.visit("/setup").await.status, 200);
    let told = Instant::now();
    server.stop();
    assert!(told.elapsed() < LONGEST_STOP, "{:?}", told.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_the_private_postgresql_and_the_last_one_stops_it() {
    let scratch = Scratch::new();
    let place = Place::directory(&scratch);
    let (first, second) = (place.serve(), place.serve());
    found(&place);
    let secret = token(&place, &["--name=Okta SCIM", "--scope=all"]);
    for server in [&first, &second] {
        assert_eq!(server.asked_by(&secret).await.status(), 200);
    }
    first.stop();
    assert!(scratch.is_running());
    assert_eq!(second.asked_by(&secret).await.status(), 200);
    second.stop();
    assert!(!scratch.is_running());
}

/// Work with a cluster is not for a thread of the runtime.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn connect(address: &Config) -> Client {
    let (client, connection) = address.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Until the server takes no more requests.
fn wait_until_closed(server: &Server) {
    let address = server.url.trim_start_matches("http://");
    until("the server is closed", || {
        TcpStream::connect(address).is_err()
    });
}

/// Until a connection waits for a lock in this database. Asked outside of a transaction, in
/// which the answer would stay the same.
async fn wait_for_a_waiting_query(address: &Config) {
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let client = connect(address).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while client
        .query_one(waiting, &[])
        .await
        .unwrap()
        .get::<_, i64>(0)
        == 0
    {
        assert!(Instant::now() < deadline, "no query waits");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
