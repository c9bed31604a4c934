//! Each call that was answered is counted once. `USAGE_CALLS` says of how many that is shown, over
//! several instances; 30,000 if it does not.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Instant;

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use tokendesk::catalogue::Scope;
use tokendesk::tokens::draft::NewToken;
use tokendesk::tokens::{Ranges, Secret, Token};

use crate::support::app::count_each;
use crate::support::{App, Place, Server};

const CALLS: usize = 30_000;
const INSTANCES: usize = 3;
const CLIENTS: usize = 24;
const TOKENS: usize = 20;

/// What a token's callers are told, and how many have been.
struct Called {
    token: Token,
    secret: Secret,
    code: &'static str,
    answered: AtomicI64,
}

impl Called {
    async fn new(app: &App, number: usize) -> Self {
        let (change, code): (fn(&mut NewToken), _) = match number % 4 {
            0 => (lower, "insufficient_scope"),
            1 => (send_away, "ip_not_allowed"),
            _ => (|_| {}, "valid"),
        };
        let (token, secret) = app.token_with(&format!("Token {number}"), change).await;
        Self {
            token,
            secret,
            code,
            answered: AtomicI64::new(0),
        }
    }
}

fn lower(new: &mut NewToken) {
    new.scopes = Some([Scope::ConnectRead].into_iter().collect());
}

fn send_away(new: &mut NewToken) {
    new.ranges = Ranges::parse("198.51.100.0/24").unwrap();
}

/// Calls, one after the other, whoever answers.
async fn call(tokens: &[Called], servers: &[Server], next: &AtomicUsize, calls: usize) {
    let client = reqwest::Client::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= calls {
            break;
        }
        let called = &tokens[number % TOKENS];
        let mut instance = number / TOKENS;
        let status = loop {
            let url = &servers[instance % INSTANCES].url;
            let request = client.get(format!("{url}/auth/forward?scope=connect:write"));
            match request.bearer_auth(called.secret.reveal()).send().await {
                Ok(answer) => break answer.status().as_u16(),
                // It has stopped, and not counted what it did not answer.
                Err(_) => instance += 1,
            }
        };
        assert_eq!(status, if called.code == "valid" { 200 } else { 403 });
        called.answered.fetch_add(1, Ordering::Relaxed);
        if number == calls / 2 {
            servers[0].process.signal(Signal::SIGTERM);
        }
    }
}

/// What the database has of a token, in each of its three tables.
async fn counted(app: &App, called: &Called) -> [i64; 3] {
    let (id, code) = (called.token.id, called.code);
    let (column, other) = if code == "valid" {
        ("allowed", "denied")
    } else {
        ("denied", "allowed")
    };
    let sum = |table| {
        format!("(SELECT sum({column} - {other})::bigint FROM {table} WHERE token_id = '{id}')")
    };
    let (total, days) = (sum("token_usage"), sum("usage_days"));
    let query = format!(
        "SELECT {total}, {days}, sum(calls)::bigint FROM usage_hours \
         WHERE token_id = '{id}' AND code = '{code}'"
    );
    let row = &app.sql(&query).await[0];
    [0, 1, 2].map(|column| row.get(column))
}

/// Several instances on one database, one of which is told to stop while it is called.
#[tokio::test(flavor = "multi_thread")]
async fn each_answered_call_is_counted_once() {
    let calls = std::env::var("USAGE_CALLS").map_or(CALLS, |text| text.parse().unwrap());
    let app = App::start().await;
    let mut tokens = Vec::new();
    for number in 0..TOKENS {
        tokens.push(Called::new(&app, number).await);
    }
    let place = Place::database(&app.address);
    let servers: Vec<Server> = (0..INSTANCES).map(|_| place.serve()).collect();
    let (next, begun) = (AtomicUsize::new(0), Instant::now());
    join_all((0..CLIENTS).map(|_| call(&tokens, &servers, &next, calls))).await;
    println!("{calls} calls were answered in {:?}", begun.elapsed());
    let mut servers = servers.into_iter();
    let stopped = servers.next().unwrap().process.finish();
    assert_eq!(stopped.code, Some(0), "{stopped:#?}");
    servers.for_each(|server| drop(server.stop()));

    let mut sum = 0;
    for called in &tokens {
        let answered = called.answered.load(Ordering::Relaxed);
        assert_eq!(
            counted(&app, called).await,
            [answered; 3],
            "{}",
            called.code
        );
        sum += answered;
    }
    assert_eq!(sum, i64::try_from(calls).unwrap());
    let all = "SELECT sum(calls)::bigint FROM usage_hours";
    assert_eq!(app.count(all).await, sum, "and nothing else");
}

/// What of so many tokens is in each of the three tables, if it is the same.
async fn in_each_table(app: &App) -> i64 {
    let sums = "SELECT (SELECT sum(allowed)::bigint FROM token_usage),
        (SELECT coalesce(sum(allowed), 0)::bigint FROM usage_days),
        (SELECT coalesce(sum(calls), 0)::bigint FROM usage_hours)";
    let row = &app.sql(sums).await[0];
    let sums: [i64; 3] = [0, 1, 2].map(|column| row.get(column));
    assert_eq!(sums, [sums[0]; 3]);
    sums[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_written_is_kept_and_written_once() {
    const TOKENS: i64 = 250;
    let app = App::start().await;
    let mut tokens = Vec::new();
    for number in 0..TOKENS {
        tokens.push(app.token(&format!("Token {number}")).await.0.id);
    }
    let usage = &app.state.usage;
    count_each(usage, &tokens, app.now());
    // One of those in the middle cannot be written.
    let bad = format!(
        "ALTER TABLE usage_hours ADD CONSTRAINT bad CHECK (token_id <> '{}')",
        tokens[150]
    );
    app.sql(&bad).await;
    usage.flush(app.database()).await.unwrap_err();
    let written = in_each_table(&app).await;
    assert!(0 < written && written < 150, "{written}");
    assert!(!usage.lag().is_zero());
    count_each(usage, &tokens, app.now());
    app.sql("ALTER TABLE usage_hours DROP CONSTRAINT bad").await;
    usage.flush(app.database()).await.unwrap();
    assert_eq!(in_each_table(&app).await, 2 * TOKENS);
    assert!(usage.lag().is_zero());
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_wait_while_the_database_does_and_say_so() {
    let app = App::start().await;
    let (token, secret) = app.token("Called").await;
    let client = app.client().await;
    let lock = format!(
        "BEGIN; SELECT FROM tokens WHERE id = '{}' FOR UPDATE",
        token.id
    );
    client.batch_execute(&lock).await.unwrap();
    let url = format!("{}/api/v1/token", app.url);
    let call = reqwest::Client::new().get(url).bearer_auth(secret.reveal());
    assert_eq!(call.send().await.unwrap().status(), 200);
    let (usage, database) = (app.state.usage.clone(), app.database().clone());
    let flush = tokio::spawn(async move { usage.flush(&database).await });
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND datname = current_database()";
    while app.count(waiting).await == 0 {
        assert!(!flush.is_finished());
    }
    assert!(!app.state.usage.lag().is_zero());
    assert_eq!(in_each_table(&app).await, 0);
    client.batch_execute("COMMIT").await.unwrap();
    flush.await.unwrap().unwrap();
    assert_eq!(in_each_table(&app).await, 1);
    assert!(app.state.usage.lag().is_zero());
}
