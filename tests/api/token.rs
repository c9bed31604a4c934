//! What programs call: `GET /api/v1/token`.

use chrono::TimeDelta;
use reqwest::{Client, Response};
use serde_json::Value;
use tokendesk::catalogue::Scope;
use tokendesk::tokens::draft::NewToken;
use tokendesk::tokens::{Ranges, Secret};

use crate::support::App;

async fn ask(app: &App, secret: &str) -> Response {
    Client::new()
        .get(format!("{}/api/v1/token", app.url))
        .bearer_auth(secret)
        .header("user-agent", "curl/8.0")
        .send()
        .await
        .unwrap()
}

async fn code(app: &App, secret: &str) -> (u16, String) {
    let response = ask(app, secret).await;
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["code"].as_str().unwrap_or("valid").to_owned())
}

async fn change(app: &App, path: &str, resource: &str, fields: &[(&str, &str)]) {
    let ada = app.ada().await;
    let address = format!("{path}/{resource}");
    let mut form = ada.visit(&address).await.form(&address);
    for (name, value) in fields {
        form = form.fill(name, value);
    }
    assert_eq!(form.submit().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_token_is_told_what_it_is() {
    let app = App::start().await;
    let (token, secret) = app
        .token_with("Okta SCIM", |new| {
            new.scopes = Some([Scope::AdminScim].into_iter().collect());
            new.ranges = Ranges::parse("127.0.0.0/8").unwrap();
            new.expires_at = Some(app.now() + TimeDelta::days(30));
        })
        .await;
    let response = ask(&app, secret.reveal()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["id"], token.id.to_string());
    assert_eq!(body["name"], "Okta SCIM");
    assert_eq!(body["organization"]["name"], "Northwind");
    assert_eq!(body["scopes"], serde_json::json!(["admin:scim"]));
    assert_eq!(
        body["allowed_ip_ranges"],
        serde_json::json!(["127.0.0.0/8"])
    );
    assert_eq!(body["expires_at"], "2026-12-22T14:00:00Z");
    assert_eq!(body["status"], "active");
    assert!(!body.to_string().contains(secret.reveal()));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_code_and_challenge() {
    let app = App::start().await;
    let response = Client::new()
        .get(format!("{}/api/v1/token", app.url))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(
        response.headers()["www-authenticate"],
        r#"Bearer realm="tokendesk""#
    );

    let never_issued = Secret::generate("wxt");
    let response = ask(&app, never_issued.reveal()).await;
    let challenge = response.headers()["www-authenticate"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        challenge,
        r#"Bearer realm="tokendesk", error="invalid_token""#
    );
    assert_eq!(
        code(&app, never_issued.reveal()).await,
        (401, "unknown".into())
    );
    assert_eq!(code(&app, "wxt_nonsense").await, (401, "unknown".into()));

    let (expiring, secret) = app
        .token_with("Expiring", |new| {
            new.expires_at = Some(app.now() + TimeDelta::hours(1));
        })
        .await;
    app.state.clock.advance(TimeDelta::hours(1));
    assert_eq!(code(&app, secret.reveal()).await, (401, "expired".into()));
    change(&app, &expiring.path(), "revocation", &[]).await;
    assert_eq!(code(&app, secret.reveal()).await, (401, "revoked".into()));
    change(&app, &expiring.path(), "deletion", &[]).await;
    assert_eq!(code(&app, secret.reveal()).await, (401, "unknown".into()));

    let (_, secret) = app
        .token_with("Elsewhere", |new| {
            new.ranges = Ranges::parse("198.51.100.0/24").unwrap();
        })
        .await;
    assert_eq!(
        code(&app, secret.reveal()).await,
        (403, "ip_not_allowed".into())
    );

    let (token, secret) = app.token("Switched").await;
    change(&app, &token.path(), "disabling", &[]).await;
    assert_eq!(code(&app, secret.reveal()).await, (401, "disabled".into()));
    change(&app, &token.path(), "enabling", &[]).await;
    assert_eq!(code(&app, secret.reveal()).await, (200, "valid".into()));
}

/// On an instance whose clock is behind, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_stopped_at_once_stops_whatever_time_it_is() {
    let app = App::start().await;
    let (token, exposed) = app.token("Exposed").await;
    change(&app, &token.path(), "rotation", &[("overlap", "none")]).await;
    let (token, overlapping) = app.token("Overlapping").await;
    change(&app, &token.path(), "rotation", &[("overlap", "24h")]).await;
    change(&app, &token.path(), "overlap-end", &[]).await;
    app.state.clock.advance(TimeDelta::minutes(-5));
    for secret in [&exposed, &overlapping] {
        let answer = code(&app, secret.reveal()).await;
        assert_eq!(answer, (401, "retired".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_works_until_its_overlap_ends() {
    let app = App::start().await;
    let (token, old) = app.token("Okta").await;
    change(&app, &token.path(), "rotation", &[("overlap", "1h")]).await;
    assert_eq!(code(&app, old.reveal()).await.1, "valid");
    app.state.clock.advance(TimeDelta::minutes(60));
    assert_eq!(code(&app, old.reveal()).await, (401, "retired".into()));

    let (token, old) = app.token("Grafana").await;
    change(&app, &token.path(), "rotation", &[("overlap", "7d")]).await;
    change(&app, &token.path(), "overlap-end", &[]).await;
    assert_eq!(code(&app, old.reveal()).await.1, "retired");
    app.flush().await;
    let page = app.ada().await.visit(&token.path()).await;
    assert!(
        page.says("A retired secret was refused 1 time from 127.0.0.0/24"),
        "{}",
        page.text()
    );

    let (token, old) = app.token("Exposed").await;
    change(&app, &token.path(), "rotation", &[("overlap", "24h")]).await;
    change(&app, &token.path(), "rotation", &[("overlap", "none")]).await;
    assert_eq!(
        code(&app, old.reveal()).await.1,
        "retired",
        "an exposed token's older secrets too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_counted_with_their_last_use() {
    let app = App::start().await;
    let (token, secret) = app.token("Okta").await;
    for _ in 0..3 {
        ask(&app, secret.reveal()).await;
    }
    app.state.clock.advance(TimeDelta::days(1));
    ask(&app, secret.reveal()).await;
    change(&app, &token.path(), "disabling", &[]).await;
    ask(&app, secret.reveal()).await;
    app.flush().await;
    app.flush().await;

    let row = &app
        .sql("SELECT allowed, denied, host(last_used_from), last_user_agent, last_used_at FROM token_usage")
        .await[0];
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (4, 1));
    assert_eq!(row.get::<_, String>(2), "127.0.0.1");
    assert_eq!(row.get::<_, String>(3), "curl/8.0");
    let days = app
        .sql("SELECT day::text, allowed, denied FROM usage_days ORDER BY day")
        .await;
    let days: Vec<(String, i64, i64)> = days
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    assert_eq!(
        days,
        [("2026-11-22".into(), 3, 0), ("2026-11-23".into(), 1, 1)]
    );
    let hours = app
        .sql("SELECT code, operation, network::text, calls FROM usage_hours ORDER BY hour, code")
        .await;
    assert_eq!(hours.len(), 3);
    assert_eq!(hours[0].get::<_, String>(1), "GET /api/v1/token");
    assert_eq!(hours[0].get::<_, String>(2), "127.0.0.0/24");
    assert_eq!(
        (hours[1].get::<_, String>(0), hours[1].get::<_, i64>(3)),
        ("disabled".into(), 1)
    );

    let list = app.ada().await.visit("/settings/api-access").await;
    assert!(
        list.says("5 calls") && list.says("127.0.0.1"),
        "{}",
        list.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_wait_for_a_database_that_is_away_and_skip_deleted_tokens() {
    let app = App::start().await;
    let (kept, kept_secret) = app.token("Kept").await;
    let (gone, gone_secret) = app.token("Gone").await;
    ask(&app, kept_secret.reveal()).await;
    ask(&app, gone_secret.reveal()).await;
    app.sql("ALTER TABLE usage_days RENAME TO away").await;
    assert!(
        app.state
            .gate
            .usage
            .flush(app.database(), app.now())
            .await
            .is_err()
    );
    assert_eq!(
        app.count("SELECT count(*) FROM usage_hours").await,
        0,
        "all or nothing"
    );
    app.sql("ALTER TABLE away RENAME TO usage_days").await;
    change(&app, &gone.path(), "deletion", &[]).await;
    app.flush().await;
    let row = &app.sql("SELECT token_id, allowed FROM token_usage").await;
    assert_eq!(row.len(), 1);
    assert_eq!(row[0].get::<_, uuid::Uuid>(0), kept.id.uuid());
    assert_eq!(row[0].get::<_, i64>(1), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_count_into_the_same_rows() {
    let app = App::start().await;
    let mut secrets = Vec::new();
    for number in 0..20 {
        secrets.push(app.token(&format!("Token {number}")).await.1);
    }
    let second = tokendesk::gate::Usage::default();
    let tokens = app.sql("SELECT id FROM tokens ORDER BY id DESC").await;
    for secret in &secrets {
        ask(&app, secret.reveal()).await;
    }
    for row in &tokens {
        let token = row.get::<_, uuid::Uuid>(0).into();
        let decided = tokendesk::gate::Decided {
            code: tokendesk::gate::Code::Valid,
            operation: "GET /api/v1/token",
            address: tokendesk::web::client_address::ClientAddress("127.0.0.1".parse().unwrap()),
            user_agent: None,
            at: app.now(),
        };
        second.count_many(token, &decided, 1);
    }
    let (one, two) = tokio::join!(
        app.state.gate.usage.flush(app.database(), app.now()),
        second.flush(app.database(), app.now())
    );
    one.unwrap();
    two.unwrap();
    assert_eq!(
        app.count("SELECT sum(allowed)::bigint FROM token_usage")
            .await,
        40
    );
    assert_eq!(
        app.count("SELECT sum(calls)::bigint FROM usage_hours")
            .await,
        40
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_address_comes_through_trusted_proxies_only() {
    let from_elsewhere = |new: &mut NewToken| {
        new.ranges = Ranges::parse("198.51.100.0/24").unwrap();
    };
    let forwarded = async |app: &App, secret: &Secret| {
        Client::new()
            .get(format!("{}/api/v1/token", app.url))
            .header("x-api-token", secret.reveal())
            .header("x-forwarded-for", "198.51.100.7")
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let trusting = App::start_with(&["--trusted-proxies=127.0.0.1"]).await;
    let (_, secret) = trusting.token_with("x", from_elsewhere).await;
    assert_eq!(forwarded(&trusting, &secret).await, 200);
    let wary = App::start().await;
    let (_, secret) = wary.token_with("x", from_elsewhere).await;
    assert_eq!(forwarded(&wary, &secret).await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_query_string_is_not_looked_at() {
    let app = App::start().await;
    let (_, secret) = app.token("Okta").await;
    for parameter in ["token", "access_token", "api_key"] {
        let url = format!("{}/api/v1/token?{parameter}={}", app.url, secret.reveal());
        assert_eq!(reqwest::get(url).await.unwrap().status(), 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_before_scopes_counts_as_all() {
    let app = App::start().await;
    let (token, secret) = app
        .token_with("Old importer", |new| new.scopes = None)
        .await;
    let body: Value = ask(&app, secret.reveal()).await.json().await.unwrap();
    assert_eq!(body["scopes"], serde_json::json!(["all"]));
    let list = app.ada().await.visit("/settings/api-access").await;
    assert!(list.says("All scopes (none set)"));
    let ada = app.ada().await;
    let edit = ada.visit(&format!("{}/edit", token.path())).await;
    edit.form(&token.path())
        .fill("name", "Renamed")
        .submit()
        .await;
    assert_eq!(
        app.count("SELECT count(*) FROM tokens WHERE scopes IS NULL")
            .await,
        1,
        "an edit of the name sets none"
    );
}
