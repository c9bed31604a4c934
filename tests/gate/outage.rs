//! What the gate answers while the database, or an instance of its own kind, is away.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use nix::sys::signal::Signal;
use reqwest::Client;
use serde_json::{Value, json};
use tokendesk::catalogue::Scope;
use tokendesk::clock::Clock;
use tokendesk::tokens::Secret;
use tokio::time::timeout;

use crate::support::{App, Place, Scratch};

const LEASE: Duration = Duration::from_secs(2);

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_answers_while_the_lease_runs_and_nobody_after_it() {
    let scratch = std::sync::Arc::new(Scratch::new());
    let opening = scratch.clone();
    let cluster = blocking(move || opening.open()).await;
    let app = App::start_in(cluster.connection()).await;
    let place = Place::database(&cluster.connection());
    let server = place.serve_with(&["--lease-seconds=2", "--trusted-proxies=127.0.0.1"]);
    let (_, known) = app.token("Known").await;
    let (_, unknown) = app.token("Not asked for yet").await;
    let get = async |path: &str| {
        let answer = Client::new().get(format!("{}{path}", server.url));
        let answer = answer.bearer_auth(known.reveal()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(server.asked_by(known.reveal()).await.status(), 200);
    assert_eq!(get("/auth/forward?scope=render").await.0, 200);

    scratch.control(&["stop", "-m", "immediate"]);
    let away = Instant::now();
    let mut answered = 0;
    loop {
        let asked = away.elapsed();
        match server.asked_by(known.reveal()).await.status().as_u16() {
            // It may have been renewed the moment before.
            200 if asked <= LEASE => answered += 1,
            503 => break,
            status => panic!("{status} after {asked:?}"),
        }
    }
    assert!(answered > 0);
    assert!(away.elapsed() >= LEASE / 4, "{:?}", away.elapsed());
    for secret in [&known, &unknown] {
        assert_eq!(server.asked_by(secret.reveal()).await.status(), 503);
    }
    assert_eq!(get("/auth/forward?scope=render").await.0, 503);
    assert_eq!(get("/healthz").await.0, 200);
    let (status, ready) = get("/readyz").await;
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!((status, &ready["lease"]["ok"]), (503, &json!(false)));
    assert_eq!(ready["database"]["ok"], false);
    // Since no change was heard of, and not since somebody asked.
    let since: DateTime<Utc> = serde_json::from_value(ready["lease"]["since"].clone()).unwrap();
    let apart = (Clock::system().now() - since).to_std().unwrap();
    assert!(
        apart >= LEASE / 4 && apart <= away.elapsed() + Duration::from_secs(1),
        "{apart:?}"
    );
    let (_, metrics) = get("/metrics").await;
    assert!(
        metrics.contains("tokendesk_lease_left_seconds 0.0"),
        "{metrics}"
    );

    // With the settings that it had.
    scratch.control(&["restart"]);
    let ready = async { while get("/readyz").await.0 != 200 {} };
    timeout(Duration::from_secs(60), ready).await.unwrap();
    for secret in [&known, &unknown] {
        assert_eq!(server.asked_by(secret.reveal()).await.status(), 200);
    }
    drop(server);
    blocking(move || cluster.close()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_lets_nobody_in_and_keeps_nobody_waiting() {
    let app = App::start().await;
    let (_, known) = app.token("Known").await;
    let (_, unknown) = app.token("Not asked for yet").await;
    let call = async |secret: &Secret| {
        let call = Client::new().get(format!("{}/api/v1/token", app.url));
        let call = call.bearer_auth(secret.reveal()).send();
        timeout(Duration::from_secs(30), call)
            .await
            .unwrap()
            .unwrap()
            .status()
    };
    assert_eq!(call(&known).await, 200);
    let hanging = app.client().await;
    hanging
        .batch_execute("BEGIN; LOCK TABLE secrets")
        .await
        .unwrap();
    let begun = Instant::now();
    let waiting = join_all((0..10).map(|_| call(&unknown)));
    let (waiting, other) = tokio::join!(waiting, call(&known));
    assert_eq!(other, 200);
    assert!(waiting.iter().all(|status| *status == 503), "{waiting:?}");
    // Nobody waits for another's turn.
    assert!(
        begun.elapsed() < Duration::from_secs(12),
        "{:?}",
        begun.elapsed()
    );
    hanging.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(call(&unknown).await, 200);
}

/// Whoever takes something away is told who did not answer, in the console, by the API and on
/// the command line.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_stands_still_is_named_by_who_waits_for_it() {
    let app = App::start().await;
    let place = Place::database(&app.address);
    let server = place.serve_with(&["--lease-seconds=2"]);
    let mut tokens = Vec::new();
    for name in ["By the console", "By the API", "On the command line"] {
        let (token, secret) = app.token(name).await;
        assert_eq!(server.asked_by(secret.reveal()).await.status(), 200);
        tokens.push((token, secret));
    }
    let writer = app.token_with("Writer", |new| {
        new.scopes = Some([Scope::AdminWrite].into_iter().collect());
    });
    let (_, writer) = writer.await;
    let ada = app.ada().await;
    let page = format!("{}/revocation", tokens[0].0.path());
    let form = ada.visit(&page).await.form(&page);
    let by_api = format!("{}/api/v1/tokens/{}/revocation", app.url, tokens[1].0.id);
    let by_api = Client::new().post(by_api).bearer_auth(writer.reveal());
    let id = tokens[2].0.id.to_string();

    server.process.freeze();
    let command =
        blocking(move || place.run(&["token", "revoke", "--organization=northwind", &id]));
    let (page, answer, printed) = tokio::join!(form.submit(), by_api.send(), command);
    let silent = " did not answer; it had to stop by then.";
    assert!(page.says(silent), "{}", page.text());
    assert!(printed.errors.contains(silent), "{printed:?}");
    let answer: Value = answer.unwrap().json().await.unwrap();
    let receipt = &answer["receipt"];
    let outcomes = receipt["instances"].as_array().unwrap().iter();
    let mut outcomes: Vec<_> = outcomes.map(|it| it["outcome"].as_str().unwrap()).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["heard", "ran_out"], "{answer}");
    assert!(receipt["took_ms"].as_u64().unwrap() >= 500, "{answer}");
    assert!(receipt["summary"].as_str().unwrap().contains(silent));

    server.process.signal(Signal::SIGCONT);
    for (_, secret) in &tokens {
        assert_eq!(server.asked_by(secret.reveal()).await.status(), 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_remembered_than_is_allowed() {
    let app = App::start_with(&["--verify-cache-entries=20"]).await;
    let mut secrets = Vec::new();
    for at in 0..60 {
        secrets.push(app.token(&format!("Token {at}")).await.1);
    }
    let call = async |secret: &Secret| {
        let call = Client::new().get(format!("{}/api/v1/token", app.url));
        call.bearer_auth(secret.reveal())
            .send()
            .await
            .unwrap()
            .status()
    };
    for _ in 0..2 {
        for secret in &secrets {
            assert_eq!(call(secret).await, 200);
        }
    }
    let tally = app.state.gate.views.tally();
    assert!((1..=20).contains(&tally.entries), "{tally:?}");
    // The last one is remembered: few are not none.
    let last = secrets.last().unwrap();
    call(last).await;
    call(last).await;
    assert!(app.state.gate.views.tally().hits > tally.hits);
}
