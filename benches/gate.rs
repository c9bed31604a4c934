//! How fast the gate answers: `cargo bench`.
//!
//! In one run on one machine: a bare handler that answers a request of the same size with as
//! much (the ceiling), the gate with what it remembers, and the gate with nothing remembered. A
//! PostgreSQL of its own holds a million tokens (`BENCH_TOKENS`), of which 100,000 are
//! remembered. Driver and server share the machine, which is the same for all three.
//!
//! How many calls go through is measured with callers that never pause. How long one takes is
//! measured with callers that do, as without a processor to spare it is the scheduler's time slice
//! that is measured.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App, HttpResponse, HttpServer, web};
use clap::Parser;
use tokendesk::app::{self, Chores, State};
use tokendesk::clock::Clock;
use tokendesk::config::{Config, Settings};
use tokendesk::db::Database;
use tokendesk::db::embedded::Cluster;
use tokendesk::db::url::Target;
use tokendesk::fleet::Contact;
use tokendesk::tokens::Secret;
use tokendesk::tokens::secret::digest_of;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::Client;

const REMEMBERED: usize = 100_000;
const CONNECTIONS: usize = 64;
const DATABASE_CONNECTIONS: usize = 16;
/// In turn, as other work on the machine comes and goes.
const ROUNDS: u32 = 2;
/// Counts are added up every ten seconds: before what is measured once, and twice within it.
const WARM_UP: Duration = Duration::from_secs(11);
const MEASURED: Duration = Duration::from_secs(20);
/// Microseconds: of different lengths, so that callers do not come all at once.
const PAUSES: Range<u64> = 1_000..9_000;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

fn main() {
    let tokens = std::env::var("BENCH_TOKENS").map_or(1_000_000, |text| text.parse().unwrap());
    let directory = std::env::temp_dir().join(format!("tokendesk-bench-{}", std::process::id()));
    let cluster = Cluster::open(&directory).unwrap();
    let target = Target::embedded(cluster.connection());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run(target, &cluster.connection(), tokens));
    drop(runtime);
    cluster.close().unwrap();
    let _ = std::fs::remove_dir_all(directory);
}

async fn run(target: Target, address: &tokio_postgres::Config, tokens: usize) {
    println!("Filling a database with {tokens} tokens");
    let database = Database::new(target.clone(), DATABASE_CONNECTIONS);
    database.migrate().await.unwrap();
    let client = connect(address).await;
    let secrets = fill(&client, tokens).await;
    let config = Config::new(Line::parse_from(["bench"]).settings).unwrap();
    let state = State::new(config, target, database, Clock::system())
        .await
        .unwrap();
    let _chores = Chores::start(&state);
    let joined = |contact: &Contact| matches!(contact, Contact::Joined);
    state.fleet.contact().wait_for(joined).await.unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gate = listener.local_addr().unwrap().to_string();
    tokio::spawn(app::server(&state, listener).unwrap());
    let ceiling = serve_ceiling(&answer(&gate, &secrets[0]).await);

    let (remembered, others) = secrets.split_at(REMEMBERED.min(secrets.len()));
    remember(&state, &others[..others.len().min(1_000)]).await;
    let before = resident();
    remember(&state, remembered).await;
    let each = resident().saturating_sub(before) / remembered.len();
    assert!(state.gate.views.tally().entries >= remembered.len());
    println!("| | requests/s | of the ceiling | p50 | p99 |\n| --- | --- | --- | --- | --- |");
    let few = &remembered[..1_000.min(remembered.len())];
    // Each second's counts are rows in the database, which shares the machine: so many more, the
    // more tokens are called.
    let mut runs = [
        Run::new("a bare handler", &ceiling, remembered),
        Run::new("the gate, 1,000 remembered tokens", &gate, few),
        Run::new("the gate, 100,000 remembered tokens", &gate, remembered),
        // Each of them once.
        Run::new("the gate, from the database", &gate, others),
    ];
    for round in 0..ROUNDS {
        for place in 0..runs.len() {
            let first = round as usize;
            let run = &mut runs[(first + place) % 4];
            settled(&state, &client).await;
            run.hurry().await;
            settled(&state, &client).await;
            tokio::task::block_in_place(|| run.stroll());
        }
    }
    let measured = runs.map(Run::measured);
    for each in &measured {
        each.print(&measured[0]);
    }
    let lookups = look_up(address, others).await;
    println!(
        "Its database by itself: {lookups:.0} secrets a second by their key, no gate and no joins"
    );
    println!("Memory: {each} bytes for each that is remembered, by the process's own size");
}

async fn connect(address: &tokio_postgres::Config) -> Client {
    let (client, connection) = address.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// How often the database finds a secret by its digest in a second, asked as often as the gate can
/// ask it.
async fn look_up(address: &tokio_postgres::Config, secrets: &[String]) -> f64 {
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    let lookups = (0..DATABASE_CONNECTIONS).map(|_| async {
        let client = connect(address).await;
        let query = "SELECT token_id FROM secrets WHERE digest = $1";
        let query = client.prepare(query).await.unwrap();
        let mut found = 0;
        while start.elapsed() < MEASURED {
            let secret = &secrets[next.fetch_add(1, Ordering::Relaxed) % secrets.len()];
            let digest = digest_of(secret).unwrap();
            client
                .query_one(&query, &[&digest.as_bytes().as_slice()])
                .await
                .unwrap();
            found += 1;
        }
        found
    });
    let found: u32 = futures_util::future::join_all(lookups).await.iter().sum();
    f64::from(found) / start.elapsed().as_secs_f64()
}

/// Not while what another run was counted by is written.
async fn settled(state: &State, client: &Client) {
    let logged = "SELECT FROM usage_log";
    while !state.gate.usage.lag().is_zero() || !client.query(logged, &[]).await.unwrap().is_empty()
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Tokens straight into the tables, and their secrets.
async fn fill(client: &Client, tokens: usize) -> Vec<String> {
    let organization = "INSERT INTO organizations VALUES
        ('01900000-0000-7000-8000-000000000000', 'Bench', 'bench', now())";
    client.execute(organization, &[]).await.unwrap();
    // Nobody searches here, and to keep it up takes longer than all the rest.
    client
        .batch_execute("DROP INDEX tokens_search")
        .await
        .unwrap();
    let mut secrets = Vec::with_capacity(tokens);
    while secrets.len() < tokens {
        let count = (tokens - secrets.len()).min(10_000);
        let batch: Vec<Secret> = (0..count).map(|_| Secret::generate("wxt")).collect();
        let digests: Vec<Vec<u8>> = batch
            .iter()
            .map(|secret| secret.digest().as_bytes().to_vec())
            .collect();
        let insert = "WITH new AS (
                SELECT gen_random_uuid() AS id, digest, number FROM unnest($1::bytea[])
                    WITH ORDINALITY AS t (digest, number)),
            tokens AS (
                INSERT INTO tokens (id, organization_id, name, name_folded, display, standing,
                    scopes, created_at, created_by_name)
                SELECT id, '01900000-0000-7000-8000-000000000000', 'Token ' || id,
                    'token ' || id, 'wxt_aaaa', 'active', '{all}', now(), 'Bench' FROM new)
            INSERT INTO secrets (digest, token_id, display, created_at)
            SELECT digest, id, 'wxt_aaaa', now() FROM new";
        client.execute(insert, &[&digests]).await.unwrap();
        secrets.extend(batch.iter().map(|secret| secret.reveal().to_owned()));
    }
    let usage = "INSERT INTO token_usage (token_id, organization_id)
        SELECT id, organization_id FROM tokens";
    client.execute(usage, &[]).await.unwrap();
    client.batch_execute("VACUUM ANALYZE").await.unwrap();
    secrets
}

/// Answers everybody with this answer: its headers and its body.
fn serve_ceiling(answer: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let headers: Vec<(HeaderName, HeaderValue)> = head
        .lines()
        .skip(1)
        .map(|line| line.split_once(": ").unwrap())
        .filter(|(name, _)| !["content-length", "date"].contains(name))
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    let answer = web::Data::new((headers, body.to_owned()));
    let server = HttpServer::new(move || {
        let handler = |answer: web::Data<(Vec<(HeaderName, HeaderValue)>, String)>| async move {
            let (headers, body) = &**answer;
            let mut response = HttpResponse::Ok();
            for header in headers {
                response.insert_header(header.clone());
            }
            response.body(body.clone())
        };
        App::new()
            .app_data(answer.clone())
            .route("/api/v1/token", web::get().to(handler))
    });
    tokio::spawn(server.listen(listener).unwrap().run());
    address
}

/// One call's answer, head and body.
async fn answer(address: &str, secret: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut buffer = Vec::new();
    stream.write_all(&request(secret)).await.unwrap();
    read_answer(&mut stream, &mut buffer).await;
    let text = String::from_utf8(buffer).unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    text
}

fn request(secret: &str) -> Vec<u8> {
    format!("GET /api/v1/token HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {secret}\r\n\r\n")
        .into_bytes()
}

/// Reads one answer into `buffer`, by its length.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "closed");
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap();
        let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
        if buffer.len() >= end + 4 + length {
            return;
        }
    }
}

/// Calls of tokens in turn.
struct Run<'a> {
    name: &'static str,
    address: &'a str,
    secrets: &'a [String],
    next: AtomicUsize,
    /// That did not pause.
    calls: usize,
    /// Of calls between pauses.
    times: Vec<Duration>,
}

struct Measured {
    name: &'static str,
    rate: f64,
    p50: Duration,
    p99: Duration,
}

impl<'a> Run<'a> {
    fn new(name: &'static str, address: &'a str, secrets: &'a [String]) -> Self {
        Self {
            name,
            address,
            secrets,
            next: AtomicUsize::new(0),
            calls: 0,
            times: Vec::new(),
        }
    }

    /// For a round at full pace: calls on connections that stay open.
    async fn hurry(&mut self) {
        let start = Instant::now();
        let calls = (0..CONNECTIONS).map(|_| async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut buffer, mut calls) = (Vec::new(), 0);
            while start.elapsed() < WARM_UP + MEASURED {
                let begun = start.elapsed() > WARM_UP;
                stream.write_all(&request(self.next().1)).await.unwrap();
                read_answer(&mut stream, &mut buffer).await;
                assert!(buffer.starts_with(b"HTTP/1.1 200"));
                calls += usize::from(begun);
            }
            calls
        });
        let calls = futures_util::future::join_all(calls).await;
        self.calls += calls.into_iter().sum::<usize>();
    }

    /// For a round with pauses. Callers are threads, which the system's clock wakes one by one:
    /// the runtime's would wake all of a millisecond together, and they would wait for each other.
    fn stroll(&mut self) {
        let start = Instant::now();
        let times = std::thread::scope(|scope| {
            let caller = || {
                let mut stream = std::net::TcpStream::connect(self.address).unwrap();
                stream.set_nodelay(true).unwrap();
                let (mut buffer, mut times) = ([0; 4096], Vec::new());
                while start.elapsed() < WARM_UP + MEASURED {
                    let (number, secret) = self.next();
                    let sent = Instant::now();
                    stream.write_all(&request(secret)).unwrap();
                    // An answer is sent, and comes, as a whole.
                    let length = stream.read(&mut buffer).unwrap();
                    let took = sent.elapsed();
                    assert!(
                        buffer.starts_with(b"HTTP/1.1 200") && buffer[..length].ends_with(b"}")
                    );
                    if sent - start > WARM_UP {
                        times.push(took);
                    }
                    let all = PAUSES.end - PAUSES.start;
                    let pause = PAUSES.start + u64::try_from(number).unwrap() * 997 % all;
                    std::thread::sleep(Duration::from_micros(pause));
                }
                times
            };
            let callers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(caller)).collect();
            let times = callers
                .into_iter()
                .flat_map(|caller| caller.join().unwrap());
            times.collect::<Vec<_>>()
        });
        self.times.extend(times);
    }

    /// The next token in turn, and its number among all that were called.
    fn next(&self) -> (usize, &str) {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        (next, &self.secrets[next % self.secrets.len()])
    }

    fn measured(mut self) -> Measured {
        let times = &mut self.times;
        times.sort_unstable();
        let of = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        Measured {
            name: self.name,
            rate: f64::from(u32::try_from(self.calls).unwrap()) / (MEASURED * ROUNDS).as_secs_f64(),
            p50: of(50),
            p99: of(99),
        }
    }
}

impl Measured {
    fn print(&self, ceiling: &Self) {
        println!(
            "| {} | {:.0} | {:.2} | {} µs | {} µs |",
            self.name,
            self.rate,
            self.rate / ceiling.rate,
            self.p50.as_micros(),
            self.p99.as_micros(),
        );
    }
}

/// Has all of them remembered; nothing is counted.
async fn remember(state: &State, secrets: &[String]) {
    let views = &state.gate.views;
    for secret in secrets {
        let digest = digest_of(secret).unwrap();
        assert!(views.get(&digest).await.unwrap().is_some());
    }
}

/// What the process holds in memory, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes.map_or(0, |text| text.parse::<usize>().unwrap_or(0) * 1024)
}
