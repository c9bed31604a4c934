//! `/healthz`, `/readyz` and `/metrics`.

use std::net::TcpListener;

use chrono::TimeDelta;
use reqwest::Client;
use serde_json::{Value, json};

use crate::support::App;

async fn get(url: &str, path: &str) -> (u16, String) {
    let response = reqwest::get(format!("{url}{path}")).await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn ready(app: &App) -> (u16, Value) {
    let (status, body) = get(&app.url, "/readyz").await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_keeps_nobody_from_being_ready_and_stopping_does() {
    let app = App::start().await;
    app.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')")
        .await;
    assert_eq!(get(&app.url, "/readyz").await.0, 200);
    app.state.troubles.stop();
    let (status, body) = get(&app.url, "/readyz").await;
    assert_eq!(status, 503);
    assert!(body.contains(r#""stopping":true"#), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_all_it_needs_is_ready() {
    let app = App::start().await;
    assert_eq!(get(&app.url, "/healthz").await, (200, "ok\n".to_owned()));
    let well = json!({
        "ready": true,
        "stopping": false,
        "database": { "ok": true },
        "migrations": { "ok": true },
        "lease": { "ok": true },
    });
    assert_eq!(ready(&app).await, (200, well));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_told_and_since_when() {
    let app = App::start().await;
    let lacking = "UPDATE __diesel_schema_migrations SET version = 'no ' || version
        WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)";
    app.sql(lacking).await;
    let since = json!({ "ok": false, "since": "2026-11-22T14:00:00Z" });
    for _ in 0..2 {
        let (status, body) = ready(&app).await;
        assert_eq!((status, &body["migrations"]), (503, &since));
        assert_eq!(body["database"], json!({ "ok": true }));
        app.state.clock.advance(TimeDelta::minutes(1));
    }
    app.sql("UPDATE __diesel_schema_migrations SET version = ltrim(version, 'no ')")
        .await;
    assert_eq!(ready(&app).await.0, 200);
    app.database().close();
    let (status, body) = ready(&app).await;
    let since = json!({ "ok": false, "since": "2026-11-22T14:02:00Z" });
    assert_eq!((status, &body["database"]), (503, &since));
    assert_eq!(get(&app.url, "/healthz").await.0, 200, "the process lives");
}

/// The number behind a name and its labels.
fn value(metrics: &str, name: &str) -> f64 {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{metrics}"));
    line.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_are_measured() {
    let app = App::start().await;
    let (_, secret) = app.token("Okta").await;
    let own = format!("{}/api/v1/token", app.url);
    app.settle().await;
    for credential in [secret.reveal(), secret.reveal(), "nonsense"] {
        let call = Client::new().get(&own).bearer_auth(credential);
        call.send().await.unwrap();
    }
    reqwest::get(&own).await.unwrap();
    let (status, metrics) = get(&app.url, "/metrics").await;
    assert_eq!(status, 200);
    for (name, expected) in [
        (r#"tokendesk_decisions_total{code="valid"}"#, 2.0),
        (r#"tokendesk_decisions_total{code="unknown"}"#, 1.0),
        (r#"tokendesk_decisions_total{code="missing"}"#, 1.0),
        (r#"tokendesk_decisions_total{code="revoked"}"#, 0.0),
        ("tokendesk_decision_duration_seconds_count", 3.0),
        ("tokendesk_cache_hits_total", 1.0),
        ("tokendesk_cache_misses_total", 1.0),
        ("tokendesk_cache_entries", 1.0),
        ("tokendesk_apart_seconds", 0.0),
        (r#"tokendesk_database_connections{state="most"}"#, 8.0),
    ] {
        let found = value(&metrics, name);
        assert!((found - expected).abs() < f64::EPSILON, "{name} {found}");
    }
    assert!(value(&metrics, "tokendesk_lease_left_seconds") > 0.0);
    assert!(value(&metrics, "tokendesk_lease_age_seconds") > 0.0);
    assert!(value(&metrics, "tokendesk_usage_flush_lag_seconds") > 0.0);
    app.flush().await;
    let (_, metrics) = get(&app.url, "/metrics").await;
    assert!(value(&metrics, "tokendesk_usage_flush_lag_seconds") <= 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_watch_can_have_a_port_of_their_own() {
    let app = App::start_with(&["--metrics-bind=127.0.0.1:9"]).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokendesk::app::watch_server(&app.state, listener).unwrap();
    let (handle, running) = (server.handle(), tokio::spawn(server));
    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(get(&url, path).await.0, 200);
        assert_eq!(get(&app.url, path).await.0, 404);
    }
    assert_eq!(get(&url, "/sign-in").await.0, 404);
    handle.stop(true).await;
    running.await.unwrap().unwrap();
}
