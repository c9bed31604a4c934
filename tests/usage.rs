//! Each call that was answered is counted once. `USAGE_CALLS` says of how many that is shown, over
//! several instances; 30,000 if it does not.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use chrono::TimeDelta;
use futures_util::future::join_all;
use nix::sys::signal::Signal;
use tokendesk::catalogue::Scope;
use tokendesk::db::Database;
use tokendesk::db::url::Target;
use tokendesk::gate::{Code, Decided};
use tokendesk::tokens::draft::NewToken;
use tokendesk::tokens::{Ranges, Secret, Token, TokenId};
use tokendesk::web::Error;
use tokendesk::web::client_address::ClientAddress;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_postgres::config::Host;
use uuid::Uuid;

use crate::support::app::count_each;
use crate::support::{App, Place, Server};

const CALLS: usize = 30_000;
const INSTANCES: usize = 3;
const CLIENTS: usize = 24;
/// More than are added up at once.
const TOKENS: usize = 200;

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
    assert_eq!(logged(&app).await, 0);
    let were_logged = "SELECT count(*) FROM usage_log_id_seq WHERE is_called";
    assert_eq!(app.count(were_logged).await, 1);

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

const MANY: i64 = 250;
/// After which what is logged is added up.
const AGE: TimeDelta = TimeDelta::seconds(10);

async fn many(app: &App) -> Vec<TokenId> {
    let mut tokens = Vec::new();
    for number in 0..MANY {
        tokens.push(app.token(&format!("Token {number}")).await.0.id);
    }
    tokens
}

/// Each of them is called once, and that is written down.
async fn log(app: &App, tokens: &[TokenId]) {
    count_each(&app.state.gate.usage, tokens, app.now());
    app.flush().await;
}

/// Adds up what is logged, when it is time, or when somebody else would have left it.
async fn add_up(app: &App) -> Result<bool, Error> {
    app.state.clock.advance(TimeDelta::seconds(30));
    app.state
        .gate
        .usage
        .add_up(app.database(), &app.state.clock, AGE)
        .await
}

async fn logged(app: &App) -> i64 {
    let entries = "SELECT (SELECT count(*) FROM usage_log) + (SELECT count(*) FROM usage_batch)";
    app.count(entries).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_written_is_kept_and_written_once() {
    let app = App::start().await;
    let tokens = many(&app).await;
    let usage = &app.state.gate.usage;
    count_each(usage, &tokens, app.now());
    app.sql("ALTER TABLE usage_log RENAME TO away").await;
    usage.flush(app.database(), app.now()).await.unwrap_err();
    assert!(!usage.lag().is_zero());
    count_each(usage, &tokens, app.now());
    app.sql("ALTER TABLE away RENAME TO usage_log").await;
    app.flush().await;
    assert!(usage.lag().is_zero());
    add_up(&app).await.unwrap();
    assert_eq!(in_each_table(&app).await, 2 * MANY);
    assert_eq!(logged(&app).await, 0);
}

/// Between a program and its database. The next COMMIT that it hears it passes on, or does not, and
/// hangs up.
struct Relay {
    address: SocketAddr,
    cut: Arc<Mutex<Option<Cut>>>,
}

#[derive(Clone, Copy, Debug)]
enum Cut {
    BeforeCommit,
    AfterCommit,
}

impl Relay {
    async fn to(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(Mutex::new(None));
        let shared = cut.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(Self::pass(client, server, shared.clone()));
            }
        });
        Self { address, cut }
    }

    async fn pass(mut client: TcpStream, mut server: UnixStream, cut: Arc<Mutex<Option<Cut>>>) {
        let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
        loop {
            tokio::select! {
                read = client.read(&mut asked) => {
                    let Ok(read @ 1..) = read else { return };
                    let is_commit = asked[..read].windows(6).any(|it| it == b"COMMIT");
                    let cut = is_commit.then(|| cut.lock().unwrap().take()).flatten();
                    if matches!(cut, Some(Cut::BeforeCommit)) {
                        return;
                    }
                    server.write_all(&asked[..read]).await.unwrap();
                    if cut.is_some() {
                        assert!(server.read(&mut answered).await.unwrap() > 0);
                        return;
                    }
                }
                read = server.read(&mut answered) => {
                    let Ok(read @ 1..) = read else { return };
                    client.write_all(&answered[..read]).await.unwrap();
                }
            }
        }
    }
}

/// Whether the database has what was to be committed is not known then, until it is asked.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_although_nobody_said_so_is_counted_once() {
    let app = App::start().await;
    let tokens = many(&app).await;
    let [Host::Unix(directory)] = app.address.get_hosts() else {
        panic!("{:?}", app.address)
    };
    let relay = Relay::to(directory.join(".s.PGSQL.5432")).await;
    let mut address = tokio_postgres::Config::new();
    address.host("127.0.0.1").port(relay.address.port());
    address.user(app.address.get_user().unwrap());
    address.dbname(app.address.get_dbname().unwrap());
    let relayed = Database::new(Target::embedded(address), 1);
    let usage = &app.state.gate.usage;
    let mut calls = 0;
    for (cut, number) in [
        (Cut::AfterCommit, 3),
        (Cut::BeforeCommit, 3),
        (Cut::AfterCommit, MANY),
        (Cut::BeforeCommit, MANY),
    ] {
        let tokens = &tokens[..usize::try_from(number).unwrap()];
        count_each(usage, tokens, app.now());
        *relay.cut.lock().unwrap() = Some(cut);
        usage.flush(&relayed, app.now()).await.unwrap_err();
        assert!(relay.cut.lock().unwrap().is_none(), "{cut:?}");
        assert!(!usage.lag().is_zero(), "{cut:?}");
        count_each(usage, tokens, app.now());
        calls += 2 * number;
        // What was not committed may go on for a moment.
        while !usage.lag().is_zero() {
            let _ = usage.flush(app.database(), app.now()).await;
        }
        while add_up(&app).await.unwrap() {}
        assert_eq!(in_each_table(&app).await, calls, "{cut:?} of {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counts_of_many_tokens_are_added_up_when_some_have_come_together() {
    let app = App::start().await;
    let tokens = many(&app).await;
    let add_up = async || {
        let added = app
            .state
            .gate
            .usage
            .add_up(app.database(), &app.state.clock, AGE)
            .await;
        added.unwrap();
    };
    for _ in 0..9 {
        log(&app, &tokens).await;
        add_up().await;
        app.state.clock.advance(TimeDelta::seconds(1));
    }
    assert_eq!((in_each_table(&app).await, logged(&app).await), (0, 9));
    app.state.clock.advance(TimeDelta::seconds(1));
    add_up().await;
    assert_eq!(
        (in_each_table(&app).await, logged(&app).await),
        (9 * MANY, 0)
    );
    // Those of a few are there at once.
    log(&app, &tokens[..100]).await;
    assert_eq!(in_each_table(&app).await, 9 * MANY + 100);
    // The last that is known of a token is the last of both, whichever was written first.
    let decided = |address: [u8; 4], user_agent, seconds| Decided {
        code: Code::Valid,
        operation: "Agents: list",
        address: ClientAddress(address.into()),
        user_agent,
        at: app.now() + TimeDelta::seconds(seconds),
    };
    let usage = &app.state.gate.usage;
    count_each(usage, &tokens, app.now());
    usage.count_many(tokens[0], &decided([192, 0, 2, 7], Some("curl/8"), 1), 1);
    usage.count_many(tokens[1], &decided([192, 0, 2, 8], Some("curl/9"), 1), 1);
    app.flush().await;
    usage.count_many(tokens[0], &decided([192, 0, 2, 9], None, 2), 1);
    app.flush().await;
    app.state.clock.advance(TimeDelta::seconds(10));
    add_up().await;
    let last = async |token: TokenId| {
        let last = format!(
            "SELECT host(last_used_from), last_user_agent FROM token_usage
            WHERE token_id = '{token}'"
        );
        let row = &app.sql(&last).await[0];
        (row.get::<_, String>(0), row.get::<_, Option<String>>(1))
    };
    assert_eq!(
        last(tokens[0]).await,
        ("192.0.2.9".to_owned(), Some("curl/8".to_owned()))
    );
    assert_eq!(
        last(tokens[1]).await,
        ("192.0.2.8".to_owned(), Some("curl/9".to_owned()))
    );
}

/// An instance that fails, or is killed, in the midst of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_added_up_in_part_is_gone_on_with_where_it_was_left() {
    let app = App::start().await;
    let tokens = many(&app).await;
    log(&app, &tokens).await;
    log(&app, &tokens).await;
    let bad = format!(
        "ALTER TABLE usage_hours ADD CONSTRAINT bad CHECK (token_id <> '{}')",
        tokens[150]
    );
    app.sql(&bad).await;
    add_up(&app).await.unwrap_err();
    assert_eq!(in_each_table(&app).await, 2 * 100);
    // What comes meanwhile is not mistaken for a part of it.
    log(&app, &tokens).await;
    app.sql("ALTER TABLE usage_hours DROP CONSTRAINT bad").await;
    app.state
        .gate
        .usage
        .add_up(app.database(), &app.state.clock, AGE)
        .await
        .unwrap();
    assert_eq!(
        in_each_table(&app).await,
        2 * 100,
        "somebody may be at it still"
    );
    // A token that was deleted meanwhile has no counts.
    app.sql(&format!("DELETE FROM tokens WHERE id = '{}'", tokens[200]))
        .await;
    add_up(&app).await.unwrap();
    assert_eq!(in_each_table(&app).await, 2 * (MANY - 1));
    add_up(&app).await.unwrap();
    assert_eq!(
        (in_each_table(&app).await, logged(&app).await),
        (3 * (MANY - 1), 0)
    );
}

/// As instances that stood still do, they all go on with what each believes to be left.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_adds_up_the_same_at_once_adds_it_once() {
    const ADDERS: i64 = 8;
    let app = App::start().await;
    let tokens = many(&app).await;
    for round in 1..=5 {
        for _ in 0..3 {
            log(&app, &tokens).await;
        }
        // Time runs so fast that nobody seems to be at it.
        let adders = (0..ADDERS).map(|_| async { add_up(&app).await });
        for added in join_all(adders).await {
            added.unwrap();
        }
        // Whoever began last may have found that another had gone on.
        while logged(&app).await > 0 {
            add_up(&app).await.unwrap();
        }
        assert_eq!(in_each_table(&app).await, round * 3 * MANY);
    }
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
    let (usage, database, now) = (
        app.state.gate.usage.clone(),
        app.database().clone(),
        app.now(),
    );
    let flush = tokio::spawn(async move { usage.flush(&database, now).await });
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND datname = current_database()";
    while app.count(waiting).await == 0 {
        assert!(!flush.is_finished());
    }
    assert!(!app.state.gate.usage.lag().is_zero());
    assert_eq!(in_each_table(&app).await, 0);
    client.batch_execute("COMMIT").await.unwrap();
    flush.await.unwrap().unwrap();
    assert_eq!(in_each_table(&app).await, 1);
    assert!(app.state.gate.usage.lag().is_zero());
}

/// Calls of an API are counted by method, of which a client can make up any number, of any length.
#[tokio::test(flavor = "multi_thread")]
async fn methods_that_there_are_not_are_counted_as_one() {
    let app = App::start().await;
    let (_, secret) = app.token("Called").await;
    let url = format!("{}/scim/v2/Users", app.url);
    for _ in 0..20 {
        // Of no pattern, so that it is not short when compressed.
        let parts = (0..200).map(|_| Uuid::new_v4().simple().to_string());
        let method = parts.collect::<String>();
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = reqwest::Client::new().request(method, &url);
        let answer = request.bearer_auth(secret.reveal()).send().await.unwrap();
        assert_eq!(answer.status(), 405);
    }
    app.flush().await;
    let counted = "SELECT calls FROM usage_hours WHERE operation = 'OTHER /scim/v2/Users'";
    assert_eq!(app.count(counted).await, 20);
    assert_eq!(app.count("SELECT count(*) FROM usage_hours").await, 1);
}
