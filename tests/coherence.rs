//! Several instances on one database, with everything going wrong that may: what is taken away
//! is taken away everywhere from the moment that somebody is told so.
//!
//! What happened is written down as it happens and judged afterwards. `COHERENCE_TRIALS` says
//! how many tokens lose something; 2,000 if it does not.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use tokendesk::access::Actor;
use tokendesk::db::embedded::programs;
use tokendesk::tokens::overlap::Overlap;
use tokendesk::tokens::{Token, Transition, queries};
use tokio::sync::{Mutex, RwLock, mpsc};

use crate::support::{App, Place, Scratch, Server};

const TRIALS: usize = 2_000;
const INSTANCES: usize = 3;
/// So many tokens lose something at the same time.
const AT_ONCE: usize = 6;
const LEASE: Duration = Duration::from_secs(2);

/// A call, from when it was sent until its answer was there.
struct Asked {
    token: usize,
    instance: usize,
    start: Instant,
    end: Instant,
    /// `None`: no answer, or that it cannot be told.
    valid: Option<bool>,
}

/// A token that lost something.
struct Lost {
    token: usize,
    how: How,
    /// When whoever took it away began, and was told that it is in effect; `None`: was not.
    start: Instant,
    in_effect: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum How {
    Revoked,
    Disabled,
    Deleted,
    Rotated,
    Narrowed,
    BySql,
}

const WAYS: [How; 6] = [
    How::Revoked,
    How::Disabled,
    How::Deleted,
    How::Rotated,
    How::Narrowed,
    How::BySql,
];

#[derive(Default)]
struct History {
    asked: Vec<Asked>,
    lost: Vec<Lost>,
}

struct Fleet {
    place: Place,
    instances: RwLock<Vec<Arc<Server>>>,
    client: reqwest::Client,
}

impl Fleet {
    fn start(place: Place) -> Self {
        let lease = format!("--lease-seconds={}", LEASE.as_secs());
        let servers = (0..INSTANCES).map(|_| Arc::new(place.serve_with(&[&*lease])));
        Self {
            instances: RwLock::new(servers.collect()),
            client: reqwest::Client::new(),
            place,
        }
    }

    async fn ask(&self, token: usize, instance: usize, secret: &str) -> Asked {
        let url = format!("{}/api/v1/token", self.instances.read().await[instance].url);
        let request = self.client.get(url).bearer_auth(secret);
        let start = Instant::now();
        let answer = request.timeout(Duration::from_secs(20)).send().await;
        let valid = match answer.as_ref().map(|answer| answer.status().as_u16()) {
            Ok(200) => Some(true),
            Ok(401 | 403) => Some(false),
            Ok(503) | Err(_) => None,
            Ok(status) => panic!("{status}"),
        };
        Asked {
            token,
            instance,
            start,
            end: Instant::now(),
            valid,
        }
    }

    async fn ask_all(&self, token: usize, secret: &str) -> Vec<Asked> {
        join_all((0..INSTANCES).map(|instance| self.ask(token, instance, secret))).await
    }

    /// Another process in place of one that was killed.
    async fn replace(&self, instance: usize) {
        let lease = format!("--lease-seconds={}", LEASE.as_secs());
        let server = Arc::new(self.place.serve_with(&[&*lease]));
        self.instances.write().await[instance] = server;
    }

    async fn signal(&self, instance: usize, signal: Signal) {
        self.instances.read().await[instance].process.signal(signal);
    }
}

/// Takes something away from a token. Whether it worked, and from when on.
async fn take_away(app: &App, token: &Token, how: How) -> Option<Instant> {
    let actor = Actor::command_line(app.organization);
    let mut connection = app.database().get().await.ok()?;
    let (key, now) = (token.id.into(), app.now());
    let transition = match how {
        How::Revoked => Some(Transition::Revocation),
        How::Disabled => Some(Transition::Disabling),
        How::Deleted => Some(Transition::Deletion),
        How::Rotated | How::Narrowed | How::BySql => None,
    };
    if let Some(transition) = transition {
        let applied = queries::apply(&mut connection, &actor, key, transition, now).await;
        applied.ok()?;
    }
    match how {
        How::Revoked | How::Disabled | How::Deleted => {}
        How::Rotated => {
            let rotated = queries::rotate(&mut connection, &actor, key, 1, Overlap::None, now);
            rotated.await.ok()?;
        }
        How::Narrowed => {
            let narrowed = "UPDATE tokens SET ip_ranges = '{198.51.100.0/24}' WHERE id = $1";
            update(app, narrowed, token).await?;
        }
        How::BySql => {
            let revoked = "UPDATE tokens SET standing = 'revoked' WHERE id = $1";
            update(app, revoked, token).await?;
        }
    }
    drop(connection);
    let receipt = app.state.fleet.receipt(app.database()).await;
    receipt.ok().map(|_| Instant::now())
}

/// Past the program, as in `psql`.
async fn update(app: &App, statement: &str, token: &Token) -> Option<()> {
    let (client, connection) = app.address.connect(tokio_postgres::NoTls).await.ok()?;
    tokio::spawn(connection);
    let updated = client.execute(statement, &[&token.id.uuid()]).await.ok()?;
    assert_eq!(updated, 1);
    Some(())
}

/// A token's life: known to all instances, asked for all the while, until it loses something.
async fn trial(app: &App, fleet: &Fleet, number: usize, history: &Mutex<History>) {
    let how = WAYS[number % WAYS.len()];
    let Some((token, secret)) = create(app, number).await else {
        return;
    };
    let mut asked = fleet.ask_all(number, &secret).await;
    let start = Instant::now();
    let (over, mut still) = mpsc::channel::<()>(1);
    let hammer = async {
        let mut asked = Vec::new();
        while still.try_recv() == Err(mpsc::error::TryRecvError::Empty) {
            asked.push(
                fleet
                    .ask(number, (number + asked.len()) % INSTANCES, &secret)
                    .await,
            );
        }
        asked
    };
    let change = async {
        let in_effect = take_away(app, &token, how).await;
        let asked = fleet.ask_all(number, &secret).await;
        drop(over);
        (in_effect, asked)
    };
    let (hammered, (in_effect, after)) = tokio::join!(hammer, change);
    asked.extend(hammered);
    asked.extend(after);
    let mut history = history.lock().await;
    history.asked.extend(asked);
    history.lost.push(Lost {
        token: number,
        how,
        start,
        in_effect,
    });
}

async fn create(app: &App, number: usize) -> Option<(Token, String)> {
    let connection = &mut *app.database().get().await.ok()?;
    let actor = Actor::command_line(app.organization);
    let new = App::full_access(&format!("Token {number}"));
    let created = queries::create(connection, &actor, &new, app.now()).await;
    created
        .ok()
        .map(|(token, secret)| (token, secret.reveal().to_owned()))
}

/// What goes wrong, one after the other, while the trials go on.
async fn disturb(scratch: &Scratch, app: &App, fleet: &Fleet, done: &AtomicUsize, trials: usize) {
    let reached = async |tenths: usize| {
        while done.load(Ordering::Relaxed) < trials * tenths / 10 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    reached(1).await;
    cut_listeners(app).await;
    reached(2).await;
    fleet.signal(1, Signal::SIGKILL).await;
    fleet.replace(1).await;
    reached(4).await;
    fleet.signal(2, Signal::SIGSTOP).await;
    tokio::time::sleep(LEASE * 2).await;
    fleet.signal(2, Signal::SIGCONT).await;
    reached(6).await;
    restart(scratch);
    reached(8).await;
    for _ in 0..5 {
        cut_listeners(app).await;
    }
}

async fn cut_listeners(app: &App) {
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ \
               '^(LISTEN|NOTIFY|WITH renewed)' AND datname = current_database()";
    app.sql(cut).await;
}

fn restart(scratch: &Scratch) {
    let installed = programs::installed(&programs::usual_places());
    let mut restart = scratch.as_owner(installed[0].path("pg_ctl"));
    restart.arg("-D").arg(scratch.data().join("postgres"));
    restart.args(["-m", "immediate", "-w", "-l", "/dev/null", "restart"]);
    let output = restart.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// After somebody was told that it is in effect, nobody got in any more.
fn judge(history: &History, trials: usize) {
    let lost: HashMap<usize, &Lost> = history.lost.iter().map(|lost| (lost.token, lost)).collect();
    let mut wrong = Vec::new();
    let (mut before, mut after) = (0, HashMap::<How, usize>::new());
    for asked in &history.asked {
        let Some(lost) = lost.get(&asked.token) else {
            continue;
        };
        if asked.end < lost.start {
            before += usize::from(asked.valid == Some(true));
        }
        let Some(in_effect) = lost.in_effect.filter(|at| asked.start > *at) else {
            continue;
        };
        *after.entry(lost.how).or_default() += usize::from(asked.valid == Some(false));
        if asked.valid == Some(true) {
            let late = asked.start - in_effect;
            wrong.push(format!(
                "token {} was {:?}, and valid at instance {} {late:?} later",
                asked.token, lost.how, asked.instance
            ));
        }
    }
    let told = history.lost.iter().filter(|lost| lost.in_effect.is_some());
    let told = told.count();
    println!(
        "{} calls about {trials} tokens: {before} valid before, {told} changes in effect, \
         refused after: {after:?}",
        history.asked.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Else nothing was shown.
    assert!(
        told > trials * 8 / 10 && before > trials,
        "{told}, {before}"
    );
    for how in WAYS {
        assert!(
            after
                .get(&how)
                .is_some_and(|refused| *refused > trials / 10)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_is_taken_away_everywhere() {
    let trials = std::env::var("COHERENCE_TRIALS").map_or(TRIALS, |text| text.parse().unwrap());
    let scratch = Arc::new(Scratch::new());
    let opening = scratch.clone();
    let cluster = tokio::task::spawn_blocking(move || opening.open())
        .await
        .unwrap();
    let app = App::start_in(cluster.connection()).await;
    let fleet = Fleet::start(Place::database(&cluster.connection()));
    let history = Mutex::new(History::default());
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let worker = async || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= trials {
                break;
            }
            trial(&app, &fleet, number, &history).await;
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::join!(
        join_all((0..AT_ONCE).map(|_| worker())),
        disturb(&scratch, &app, &fleet, &done, trials)
    );
    judge(&history.into_inner(), trials);
    tokio::task::spawn_blocking(move || cluster.close())
        .await
        .unwrap()
        .unwrap();
}
