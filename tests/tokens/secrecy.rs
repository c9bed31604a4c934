//! A secret is in the one answer that reveals it, and nowhere else.

use std::process::Command;

use crate::support::app::ADA;
use crate::support::{App, logs};

#[tokio::test(flavor = "multi_thread")]
async fn a_revealed_secret_is_found_nowhere_else() {
    let app = App::start().await;
    let ada = app.ada().await;
    let new = ada.visit("/settings/api-access/new").await;
    let revealed = new
        .form("/settings/api-access")
        .fill("name", "Okta")
        .fill("access_level", "scim")
        .submit()
        .await;
    let first = revealed.secret();
    assert_eq!(revealed.headers["cache-control"], "no-store");
    assert!(
        revealed
            .headers
            .get("content-encoding")
            .is_none_or(|encoding| encoding == "identity")
    );
    assert_eq!(revealed.html.matches(&first).count(), 1, "in one field");

    let path = ada
        .visit("/settings/api-access")
        .await
        .follow("Okta")
        .await
        .path;
    let address = format!("{path}/rotation");
    let rotated = ada
        .visit(&address)
        .await
        .form(&address)
        .fill("overlap", "7d")
        .submit()
        .await;
    let second = rotated.secret();

    for path in [
        "/settings/api-access".to_owned(),
        path.clone(),
        format!("{path}/edit"),
        address,
        "/settings/audit-log".to_owned(),
        "/profile".to_owned(),
    ] {
        let page = ada.visit(&path).await;
        for secret in [&first, &second] {
            assert!(!page.html.contains(&secret[8..]), "{path}");
        }
    }
    for secret in [&first, &second] {
        let answer = reqwest::Client::new()
            .get(format!("{}/api/v1/token", app.url))
            .bearer_auth(secret)
            .send();
        assert_eq!(answer.await.unwrap().status(), 200);
    }
    app.flush().await;
    let (dump, logs) = (dump(&app), logs::captured());
    assert!(dump.contains("Okta"), "the dump is one");
    assert!(
        logs.contains("/settings/api-access/{id}/rotation"),
        "the logs are some"
    );
    for secret in [&first, &second] {
        assert!(!dump.contains(&secret[8..]));
        assert!(!logs.contains(&secret[8..]));
    }
}

/// The whole database, as text.
fn dump(app: &App) -> String {
    let tokio_postgres::config::Host::Unix(directory) = &app.address.get_hosts()[0] else {
        panic!("the tests' server has a Unix socket");
    };
    let output = Command::new("pg_dump")
        .args(["--inserts", "--username", app.address.get_user().unwrap()])
        .arg("--host")
        .arg(directory)
        .arg(app.address.get_dbname().unwrap())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_again_does_not_reveal_another_secret() {
    let app = App::start().await;
    let ada = app.ada().await;
    let form = || async {
        ada.visit("/settings/api-access/new")
            .await
            .form("/settings/api-access")
    };
    let fill = |form: crate::support::browser::Form| {
        form.fill("name", "Okta").fill("access_level", "scim")
    };
    assert_eq!(fill(form().await).submit().await.status, 200);
    let again = fill(form().await).submit().await;
    assert_eq!(again.status, 422);
    assert!(!again.has("#secret"));

    let path = ada
        .visit("/settings/api-access")
        .await
        .follow("Okta")
        .await
        .path;
    let address = format!("{path}/rotation");
    let page = ada.visit(&address).await;
    assert_eq!(page.form(&address).submit().await.status, 200);
    let again = page.form(&address).submit().await;
    assert_eq!(again.status, 409);
    assert!(!again.has("#secret") && again.says("Nothing was changed"));
    assert_eq!(app.count("SELECT count(*) FROM secrets").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_pasted_into_the_search_is_cut_to_what_may_be_shown() {
    let app = App::start().await;
    let (_, secret) = app.token("Okta").await;
    app.token("Grafana").await;
    let page = app
        .ada()
        .await
        .visit(&format!("/settings/api-access?q={}", secret.reveal()))
        .await;
    assert_eq!(
        page.path,
        format!("/settings/api-access?q={}", secret.display())
    );
    assert!(!page.html.contains(secret.reveal()));
    assert_eq!(page.texts(".token h2"), ["Okta"]);
}

/// Else the old one would be gone, and the new one known to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_shown_is_not_made() {
    let app = App::start().await;
    let (token, _) = app.token("Okta").await;
    let (own, _) = app.mcp_token(ADA, "Laptop").await;
    let ada = app.ada().await;
    let forms = [
        (
            "/settings/api-access/new",
            "/settings/api-access".to_owned(),
        ),
        ("/profile", "/profile/mcp-tokens".to_owned()),
    ];
    let rotations = [
        format!("/settings/api-access/{}/rotation", token.id),
        format!("/profile/mcp-tokens/{}/rotation", own.id),
    ];
    let mut prepared = Vec::new();
    for (page, action) in &forms {
        let form = ada.visit(page).await.form(action).fill("name", "New");
        prepared.push(match *page {
            "/profile" => form.fill("expiry", "90d"),
            _ => form.fill("access_level", "scim"),
        });
    }
    for address in &rotations {
        prepared.push(ada.visit(address).await.form(address));
    }
    // What the lists tell besides, and is asked for last.
    for table in ["usage_days", "mcp_servers"] {
        app.sql(&format!("ALTER TABLE {table} RENAME TO hidden_{table}"))
            .await;
    }
    for form in prepared {
        assert_eq!(form.submit().await.status, 500);
    }
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 2);
    assert_eq!(app.count("SELECT count(*) FROM secrets").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_wrong_place_is_not_repeated() {
    let app = App::start().await;
    let (_, secret) = app.token("Okta").await;
    let whole = secret.reveal();
    let client = reqwest::Client::new();
    let url = |path: &str| format!("{}/api/v1/{path}", app.url);
    let body = serde_json::json!({ whole: 1 });
    for request in [
        client.post(url("verify")).json(&body),
        client.post(url("tokens/revocations")).json(&body),
        client.get(url(&format!("tokens?{whole}=1"))),
    ] {
        let answer = request.bearer_auth(whole).send().await.unwrap();
        assert!(answer.status().is_client_error());
        assert!(!answer.text().await.unwrap().contains(whole));
    }
    assert!(!logs::captured().contains(whole));
}
