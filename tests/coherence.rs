//! Several instances on one database, with everything going wrong that may: what is taken away
//! is taken away everywhere from the moment that somebody is told so.
//!
//! What happened is written down as it happens and judged afterwards. `COHERENCE_TRIALS` says
//! how many tokens lose something; 2,000 if it does not.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use tokendesk::access::{Actor, OrganizationId, Role, UserId};
use tokendesk::catalogue::Scope;
use tokendesk::db::Connection;
use tokendesk::identity::queries::{self as identity, NewUser};
use tokendesk::identity::{Email, PersonName};
use tokendesk::members::queries::{self as members};
use tokendesk::tokens::draft::NewToken;
use tokendesk::tokens::overlap::Overlap;
use tokendesk::tokens::{Key, Ranges, Secret, Token, Transition, queries};
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
    /// Edited so that it may not be used from here any more.
    Confined,
    /// Edited so that it lacks the scope that is asked for.
    Demoted,
    /// An MCP token whose owner is deactivated.
    Orphaned,
    BySql,
    /// By an instance that may be killed or frozen meanwhile, whose answer is the receipt.
    ByApi,
}

const WAYS: [How; 9] = [
    How::Revoked,
    How::Disabled,
    How::Deleted,
    How::Rotated,
    How::Confined,
    How::Demoted,
    How::Orphaned,
    How::BySql,
    How::ByApi,
];

impl How {
    /// What a client asks all the while.
    fn question(self) -> &'static str {
        match self {
            Self::Demoted => "/auth/forward?organization=any&scope=connect:write",
            Self::Orphaned => "/auth/forward?organization=any&scope=render",
            _ => "/api/v1/token",
        }
    }
}

/// A token that all instances know.
struct Known {
    number: usize,
    token: Token,
    secret: Secret,
    asked: Vec<Asked>,
}

/// An instance that stood still, and the tokens that lost something meanwhile.
struct Frozen {
    instance: usize,
    tokens: Range<usize>,
}

#[derive(Default)]
struct History {
    asked: Vec<Asked>,
    lost: Vec<Lost>,
    frozen: Vec<Frozen>,
}

struct Fleet {
    place: Place,
    instances: RwLock<Vec<Arc<Server>>>,
    client: reqwest::Client,
}

impl Fleet {
    fn start(place: Place) -> Self {
        let servers = (0..INSTANCES).map(|_| Arc::new(Self::serve(&place)));
        Self {
            instances: RwLock::new(servers.collect()),
            client: reqwest::Client::new(),
            place,
        }
    }

    fn serve(place: &Place) -> Server {
        let lease = format!("--lease-seconds={}", LEASE.as_secs());
        place.serve_with(&[&*lease, "--rate-limit-per-token=1000000"])
    }

    async fn ask(&self, token: usize, instance: usize, secret: &str) -> Asked {
        let url = self.instances.read().await[instance].url.clone();
        let url = url + how(token).question();
        let request = self.client.get(url).bearer_auth(secret);
        let start = Instant::now();
        let answer = request.timeout(Duration::from_secs(20)).send().await;
        let valid = match answer.as_ref().map(|answer| answer.status().as_u16()) {
            Ok(200) => Some(true),
            Ok(401 | 403) => Some(false),
            // 408: it was stopped while the request came.
            Ok(408 | 503) | Err(_) => None,
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
        let server = Arc::new(Self::serve(&self.place));
        self.instances.write().await[instance] = server;
    }

    async fn signal(&self, instance: usize, signal: Signal) {
        self.instances.read().await[instance].process.signal(signal);
    }
}

fn how(number: usize) -> How {
    WAYS[number % WAYS.len()]
}

/// Where the trials happen.
struct Ground {
    app: App,
    fleet: Fleet,
    /// Of people with MCP tokens. What happens to one of them has all of their organisation's
    /// tokens forgotten, which is not to help the others.
    elsewhere: OrganizationId,
    /// May revoke tokens by the API.
    admin: Secret,
}

impl Ground {
    async fn create(&self, number: usize) -> Option<(Token, Secret)> {
        let connection = &mut *self.app.database().get().await.ok()?;
        let mut new = App::full_access(&format!("Token {number}"));
        let created = if how(number) == How::Orphaned {
            let owner = self.owner(connection, number).await?;
            new.scopes = Some([Scope::WidgetsWrite, Scope::Render].into_iter().collect());
            let actor = Actor::member(self.elsewhere, owner, "Somebody");
            queries::create_mcp(connection, &actor, &new, self.app.now()).await
        } else {
            let actor = Actor::command_line(self.app.organization);
            queries::create(connection, &actor, &new, self.app.now()).await
        };
        created.ok()
    }

    async fn owner(&self, connection: &mut Connection, number: usize) -> Option<UserId> {
        let email = Email::parse(&format!("person{number}@southwind.example")).unwrap();
        let person = NewUser {
            email: &email,
            name: &PersonName::parse("Somebody").unwrap(),
            password_hash: None,
        };
        let actor = Actor::command_line(self.elsewhere);
        let added = identity::add_member(connection, &actor, person, Role::Member, self.app.now());
        added.await.ok()?;
        let user = "SELECT id FROM users WHERE email = $1";
        let user = self.sql().await?.query_one(user, &[&email.as_str()]).await;
        Some(user.ok()?.get::<_, uuid::Uuid>(0).into())
    }

    /// Takes something away from a token. Whether it worked, and from when on.
    async fn take_away(&self, token: &Token, how: How) -> Option<Instant> {
        match how {
            How::Revoked => self.apply(token, Transition::Revocation).await?,
            How::Disabled => self.apply(token, Transition::Disabling).await?,
            How::Deleted => self.apply(token, Transition::Deletion).await?,
            How::Rotated => {
                let (actor, now) = (Actor::command_line(self.app.organization), self.app.now());
                let connection = &mut *self.app.database().get().await.ok()?;
                let key = token.id.into();
                let rotated = queries::rotate(connection, &actor, key, 1, Overlap::None, now);
                rotated.await.ok()?;
            }
            How::Confined => {
                let ranges = Ranges::parse("198.51.100.0/24").unwrap();
                self.edit(token, |new| new.ranges = ranges).await?;
            }
            How::Demoted => {
                let scopes = [Scope::ConnectRead].into_iter().collect();
                self.edit(token, |new| new.scopes = Some(scopes)).await?;
            }
            How::Orphaned => {
                let (actor, now) = (Actor::command_line(self.elsewhere), self.app.now());
                let connection = &mut *self.app.database().get().await.ok()?;
                let owner = token.key().owner.unwrap();
                let left = members::deactivate(connection, &actor, owner, None, now);
                left.await.ok()?;
            }
            How::BySql => self.revoke_by_sql(token).await?,
            How::ByApi => return self.revoke_by_api(token).await,
        }
        let receipt = self.app.state.fleet.receipt().await;
        receipt.ok().map(|_| Instant::now())
    }

    async fn apply(&self, token: &Token, transition: Transition) -> Option<()> {
        let (actor, now) = (Actor::command_line(self.app.organization), self.app.now());
        let connection = &mut *self.app.database().get().await.ok()?;
        let applied = queries::apply(connection, &actor, token.key(), transition, now).await;
        applied.ok().map(drop)
    }

    async fn edit(&self, token: &Token, change: impl FnOnce(&mut NewToken)) -> Option<()> {
        let (actor, now) = (Actor::command_line(self.app.organization), self.app.now());
        let mut new = App::full_access(token.name.as_str());
        change(&mut new);
        let connection = &mut *self.app.database().get().await.ok()?;
        let key = Key::from(token.id);
        let edited = queries::edit(connection, &actor, key, token.version, &new, now);
        edited.await.ok()
    }

    /// As a script does it, that has nothing but the answer.
    async fn revoke_by_api(&self, token: &Token) -> Option<Instant> {
        let instance = usize::from(token.id.uuid().as_bytes()[15]) % INSTANCES;
        let url = self.fleet.instances.read().await[instance].url.clone();
        let url = format!("{url}/api/v1/tokens/{}/revocation", token.id);
        let request = self.fleet.client.post(url).bearer_auth(self.admin.reveal());
        let answer = request.timeout(Duration::from_secs(20)).send().await.ok()?;
        let is_done = answer.status() == 200;
        let receipt: serde_json::Value = answer.json().await.ok()?;
        let is_told = receipt["receipt"]["instances"].is_array();
        (is_done && is_told).then(Instant::now)
    }

    /// Past the program, as in `psql`.
    async fn revoke_by_sql(&self, token: &Token) -> Option<()> {
        let client = self.sql().await?;
        let revoked = "UPDATE tokens SET standing = 'revoked' WHERE id = $1";
        let updated = client.execute(revoked, &[&token.id.uuid()]).await.ok()?;
        assert_eq!(updated, 1);
        Some(())
    }

    async fn sql(&self) -> Option<tokio_postgres::Client> {
        let connected = self.app.address.connect(tokio_postgres::NoTls).await;
        let (client, connection) = connected.ok()?;
        tokio::spawn(connection);
        Some(client)
    }

    /// A token's life: known to all instances, asked for all the while, until it loses
    /// something.
    async fn trial(&self, number: usize, history: &Mutex<History>) {
        if let Some(known) = self.introduce(number).await {
            self.lose(known, history).await;
        }
    }

    async fn introduce(&self, number: usize) -> Option<Known> {
        let (token, secret) = self.create(number).await?;
        let asked = self.fleet.ask_all(number, secret.reveal()).await;
        Some(Known {
            number,
            token,
            secret,
            asked,
        })
    }

    async fn lose(&self, known: Known, history: &Mutex<History>) {
        let (fleet, number, token) = (&self.fleet, known.number, &known.token);
        let (mut asked, secret) = (known.asked, known.secret.reveal());
        let start = Instant::now();
        let (over, mut still) = mpsc::channel::<()>(1);
        let hammer = async {
            let mut asked = Vec::new();
            while still.try_recv() == Err(mpsc::error::TryRecvError::Empty) {
                let instance = (number + asked.len()) % INSTANCES;
                asked.push(fleet.ask(number, instance, secret).await);
            }
            asked
        };
        let change = async {
            let in_effect = self.take_away(token, how(number)).await;
            let asked = fleet.ask_all(number, secret).await;
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
            how: how(number),
            start,
            in_effect,
        });
    }

    /// An instance knows these tokens, stands still until its lease is over while they lose
    /// something, and is asked about them as it goes on.
    async fn freeze(&self, instance: usize, tokens: Range<usize>, history: &Mutex<History>) {
        let known = join_all(tokens.clone().map(|number| self.introduce(number))).await;
        self.fleet.signal(instance, Signal::SIGSTOP).await;
        let losing = known.into_iter().flatten();
        let losing = losing.map(|known| self.lose(known, history));
        let thaw = async {
            tokio::time::sleep(LEASE * 2).await;
            self.fleet.signal(instance, Signal::SIGCONT).await;
        };
        tokio::join!(join_all(losing), thaw);
        let frozen = Frozen { instance, tokens };
        history.lock().await.frozen.push(frozen);
    }

    /// What goes wrong, one after the other, again and again while the trials go on.
    async fn disturb(&self, scratch: &Scratch, course: &Course, history: &Mutex<History>) {
        let length = course.trials.min(TRIALS);
        for round in 0..course.trials / length {
            let begin = round * length;
            let reached = async |tenths| course.reach(begin + length * tenths / 10).await;
            self.disturb_once(scratch, reached, course.beyond(round), history)
                .await;
        }
    }

    async fn disturb_once(
        &self,
        scratch: &Scratch,
        reached: impl AsyncFn(usize),
        tokens: Range<usize>,
        history: &Mutex<History>,
    ) {
        let fleet = &self.fleet;
        reached(1).await;
        cut_listeners(&self.app).await;
        reached(2).await;
        fleet.signal(1, Signal::SIGKILL).await;
        fleet.replace(1).await;
        reached(4).await;
        self.freeze(2, tokens, history).await;
        reached(6).await;
        scratch.control(&["restart", "-m", "immediate"]);
        reached(8).await;
        for _ in 0..5 {
            cut_listeners(&self.app).await;
        }
    }
}

/// How far the trials have come.
struct Course {
    trials: usize,
    next: AtomicUsize,
    done: AtomicUsize,
}

impl Course {
    async fn reach(&self, done: usize) {
        while self.done.load(Ordering::Relaxed) < done {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Numbers of more trials, one for each way to lose something.
    fn beyond(&self, round: usize) -> Range<usize> {
        let first = self.trials + round * WAYS.len();
        first..first + WAYS.len()
    }
}

async fn cut_listeners(app: &App) {
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ \
               '^(LISTEN|NOTIFY|WITH renewed)' AND datname = current_database()";
    app.sql(cut).await;
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
                .is_some_and(|refused| *refused > trials / WAYS.len())
        );
    }
    assert!(!history.frozen.is_empty());
    for frozen in &history.frozen {
        let refused = history.asked.iter().filter(|asked| {
            asked.instance == frozen.instance
                && frozen.tokens.contains(&asked.token)
                && asked.valid == Some(false)
        });
        assert!(refused.count() >= WAYS.len() / 2, "after it stood still");
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
    let ground = Ground {
        elsewhere: app.another_organization("Southwind").await,
        admin: app.token("Administrator").await.1,
        fleet: Fleet::start(Place::database(&cluster.connection())),
        app,
    };
    let history = Mutex::new(History::default());
    let course = Course {
        trials,
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
    };
    let worker = async || {
        loop {
            let number = course.next.fetch_add(1, Ordering::Relaxed);
            if number >= trials {
                break;
            }
            ground.trial(number, &history).await;
            course.done.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::join!(
        join_all((0..AT_ONCE).map(|_| worker())),
        ground.disturb(&scratch, &course, &history)
    );
    judge(&history.into_inner(), trials);
    tokio::task::spawn_blocking(move || cluster.close())
        .await
        .unwrap()
        .unwrap();
}
