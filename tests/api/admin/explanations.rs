//! *Explain*, through the Admin API.

use serde_json::{Value, json};
use tokendesk::catalogue::Scope;
use tokendesk::tokens::Ranges;

use crate::api::client::Program;
use crate::support::App;
use crate::support::app::ADA;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gate_would_answer_is_told_without_the_secret() {
    let app = App::start().await;
    let program = Program::with(&app, "Helpdesk", &[Scope::AdminRead]).await;
    let narrow = |new: &mut tokendesk::tokens::draft::NewToken| {
        new.scopes = Some([Scope::ConnectRead].into_iter().collect());
        new.ranges = Ranges::parse("198.51.100.0/24").unwrap();
    };
    let (feed, secret) = app.token_with("Feed", narrow).await;
    let path = format!("/api/v1/tokens/{}/explanation", feed.id);
    for (asked, code, failed) in [
        ("", "valid", None),
        ("?scope=connect:read&ip=198.51.100.7", "valid", None),
        ("?ip=192.0.2.1", "ip_not_allowed", Some("ip_not_allowed")),
        (
            "?scope=admin:read",
            "insufficient_scope",
            Some("insufficient_scope"),
        ),
        (
            "?method=GET&path=/nowhere",
            "unknown_resource",
            Some("unknown_resource"),
        ),
        (
            "?tool=nothing",
            "unknown_resource",
            Some("unknown_resource"),
        ),
    ] {
        let told = program.get(&format!("{path}{asked}")).await;
        assert_eq!(told.status, 200, "{asked}: {}", told.body);
        assert_eq!(
            (&told.body["code"], &told.body["valid"]),
            (&json!(code), &json!(code == "valid"))
        );
        assert_eq!(told.body["name"], "Feed");
        let checks = told.body["checks"].as_array().unwrap();
        let failing = checks.iter().find(|it| it["outcome"] == "failed");
        assert_eq!(
            failing.map(|it| it["code"].as_str().unwrap()),
            failed,
            "{asked}"
        );
        // As whoever has the secret is told.
        let mut question = json!({ "token": secret.reveal(), "explain": true });
        for (name, value) in url::form_urlencoded::parse(asked.trim_start_matches('?').as_bytes()) {
            question[&*name] = Value::from(&*value);
        }
        let verifier =
            Program::with(&app, &format!("Verifier {asked}"), &[Scope::TokensVerify]).await;
        let answer = verifier.post("/api/v1/verify", &question).await;
        assert_eq!(answer.body, told.body, "{asked}");
    }
    for (asked, field) in [
        ("?method=GET", "path"),
        ("?path=/x", "method"),
        ("?scope=render&tool=x", "scope"),
        ("?scope=nonsense", "scope"),
        ("?ip=here", "ip"),
        ("?token=x", "token"),
    ] {
        let refused = program.get(&format!("{path}{asked}")).await;
        let answer = (refused.status, &refused.body["field"]);
        assert_eq!(answer, (422, &json!(field)), "{asked}: {}", refused.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_is_no_call_and_of_ones_own_tokens() {
    let app = App::start().await;
    let program = Program::with(&app, "Helpdesk", &[Scope::AdminRead]).await;
    let (feed, _) = app.token("Feed").await;
    let (laptop, _) = app.mcp_token(ADA, "Laptop").await;
    let other = app.another_organization("Contoso").await;
    let (theirs, _) = app.token_of(other, "Theirs", |_| ()).await;
    for (status, path) in [
        (200, format!("tokens/{}", feed.id)),
        (200, format!("mcp-tokens/{}", laptop.id)),
        (404, format!("mcp-tokens/{}", feed.id)),
        (404, format!("tokens/{}", laptop.id)),
        (404, format!("tokens/{}", theirs.id)),
        (404, format!("tokens/{}", uuid::Uuid::nil())),
    ] {
        let told = program
            .get(&format!("/api/v1/{path}/explanation?scope=render"))
            .await;
        assert_eq!(told.status, status, "{path}: {}", told.body);
    }
    app.flush().await;
    let counted = format!(
        "SELECT count(*) FROM token_usage WHERE allowed + denied > 0 AND token_id IN ('{}', '{}')",
        feed.id, laptop.id
    );
    assert_eq!(app.count(&counted).await, 0);
    let revoke = format!(
        "UPDATE tokens SET standing = 'revoked' WHERE id = '{}'",
        feed.id
    );
    app.sql(&revoke).await;
    app.settle().await;
    let told = program
        .get(&format!("/api/v1/tokens/{}/explanation", feed.id))
        .await;
    assert_eq!(told.body["code"], "revoked", "{}", told.body);
}

/// None waits for a second connection while it holds the first.
#[tokio::test(flavor = "multi_thread")]
async fn many_explanations_at_once_share_two_connections() {
    let app = App::start_with(&["--database-connections=2"]).await;
    let program = Program::with(&app, "Helpdesk", &[Scope::AdminRead]).await;
    let mut paths = Vec::new();
    for number in 0..8 {
        let (token, _) = app.token(&format!("Feed {number}")).await;
        paths.push(format!(
            "/api/v1/tokens/{}/explanation?method=GET&path=/x",
            token.id
        ));
    }
    let asked = paths.iter().map(|path| program.get(path));
    for told in futures_util::future::join_all(asked).await {
        assert_eq!(told.status, 200, "{}", told.body);
    }
}
