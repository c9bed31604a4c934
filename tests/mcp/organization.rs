//! What administrators learn about their organisation, and nobody else.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokendesk::access::Role;
use tokendesk::catalogue::Scope;

use super::{complaint, list, send, told};
use crate::support::App;
use crate::support::app::ADA;

const TOOLS: [&str; 3] = ["audit_search", "list_api_tokens", "token_stats"];

fn names(tokens: &Value) -> String {
    let tokens = tokens["tokens"].as_array().unwrap();
    let names: Vec<&str> = tokens
        .iter()
        .map(|token| token["name"].as_str().unwrap())
        .collect();
    names.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn members_and_narrowed_tokens_learn_nothing() {
    let app = App::start().await;
    let ben = "ben@northwind.example";
    app.add_member(app.organization, ben, Role::Member).await;
    let (_, bens) = app.mcp_token(ben, "Laptop").await;
    let (narrow, adas) = app.mcp_token(ADA, "Laptop").await;
    app.sql(&format!(
        "UPDATE tokens SET scopes = '{{widgets:write}}' WHERE id = '{}'",
        narrow.id
    ))
    .await;
    app.settle().await;
    for secret in [&bens, &adas] {
        let tools = send(&app, secret.reveal(), &list()).await;
        let tools = tools.text().await.unwrap();
        assert!(tools.contains("revoke_token"));
        assert!(!TOOLS.iter().any(|tool| tools.contains(tool)), "{tools}");
    }
    for tool in TOOLS {
        let refused = complaint(&app, &bens, tool, json!({})).await;
        assert_eq!(refused, "Only administrators of Northwind may use this.");
        let call = super::message("tools/call", &json!({ "name": tool, "arguments": {} }));
        let response = send(&app, adas.reveal(), &call).await;
        assert_eq!(response.status(), 403, "{tool}");
    }
    // A role is looked up at each call.
    app.sql("UPDATE memberships SET role = 'admin'").await;
    told(&app, &bens, "token_stats", json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn api_tokens_are_found_by_what_is_asked() {
    let app = App::start().await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    let contoso = app.another_organization("Contoso").await;
    app.token_of(contoso, "Theirs", |_| {}).await;
    app.token_with("Reader", |new| {
        new.scopes = Some([Scope::AdminRead].into_iter().collect());
    })
    .await;
    app.token_with("Writer", |new| {
        new.scopes = Some([Scope::AdminWrite].into_iter().collect());
        new.expires_at = Some(app.now() + TimeDelta::days(40));
    })
    .await;
    app.token_with("Ancient", |new| new.scopes = None).await;
    app.state.clock.advance(TimeDelta::days(35));
    let (gone, _) = app.token("Gone").await;
    app.sql(&format!(
        "UPDATE tokens SET standing = 'revoked' WHERE id = '{}'",
        gone.id
    ))
    .await;
    let found =
        async |arguments: Value| names(&told(&app, &secret, "list_api_tokens", arguments).await);
    assert_eq!(found(json!({})).await, "Gone Ancient Writer Reader");
    assert_eq!(found(json!({ "status": "revoked" })).await, "Gone");
    let active = json!({ "status": "active", "scope": "admin:scim" });
    assert_eq!(found(active).await, "Ancient Writer");
    let soon = json!({ "expires_within_days": 7 });
    assert_eq!(found(soon).await, "Writer");
    let unused = json!({ "unused_days": 30 });
    assert_eq!(found(unused).await, "Ancient Writer Reader");
    assert_eq!(found(json!({ "status": "expired" })).await, "");
    let after = json!({ "after": gone.id.to_string() });
    assert_eq!(found(after).await, "Ancient Writer Reader");
    let wrong = complaint(
        &app,
        &secret,
        "list_api_tokens",
        json!({ "status": "dead" }),
    )
    .await;
    assert!(
        wrong.contains("active, inactive, expired or revoked"),
        "{wrong}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_go_on_where_they_ended() {
    let app = App::start().await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    let goes_on = async |tool: &str, rows: &str| {
        let first = told(&app, &secret, tool, json!({})).await;
        assert_eq!(first[rows].as_array().unwrap().len(), 50, "{tool}");
        let after = json!({ "after": first["next"] });
        let rest = told(&app, &secret, tool, after).await;
        assert!(!rest[rows].as_array().unwrap().is_empty(), "{tool}");
        assert_eq!(rest["next"], Value::Null, "{tool}");
    };
    for number in 0..51 {
        app.token(&format!("Token {number}")).await;
    }
    goes_on("list_api_tokens", "tokens").await;
    goes_on("audit_search", "entries").await;
    for number in 0..50 {
        let (old, _) = app.mcp_token(ADA, &format!("Old {number}")).await;
        app.sql(&format!(
            "UPDATE tokens SET standing = 'revoked' WHERE id = '{}'",
            old.id
        ))
        .await;
    }
    goes_on("list_my_tokens", "tokens").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_searched() {
    let app = App::start().await;
    let (laptop, secret) = app.mcp_token(ADA, "Laptop").await;
    app.token("Okta").await;
    let contoso = app.another_organization("Contoso").await;
    app.token_of(contoso, "Theirs", |_| {}).await;
    let found = async |arguments: Value| {
        let found = told(&app, &secret, "audit_search", arguments).await;
        let entries = found["entries"].as_array().unwrap();
        let told: Vec<String> = entries
            .iter()
            .map(|entry| format!("{} {}", entry["action"], entry["subject"]).replace('"', ""))
            .collect();
        told.join(", ")
    };
    let okta = "token.created Okta";
    assert_eq!(found(json!({ "action": "token.created" })).await, okta);
    assert_eq!(found(json!({ "subject": "okt" })).await, okta);
    let by_id = json!({ "subject": laptop.id.to_string() });
    assert_eq!(found(by_id).await, "mcp_token.created Laptop");
    assert_eq!(found(json!({ "before": "2026-11-22T13:00:00Z" })).await, "");
    assert!(
        found(json!({ "from": "2026-11-22T13:00:00Z" }))
            .await
            .contains(okta)
    );
    let wrong = complaint(&app, &secret, "audit_search", json!({ "action": "theft" })).await;
    assert!(wrong.contains("token.revoked"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_calls_are_counted() {
    let app = App::start().await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    let (gone, _) = app.token("Gone").await;
    app.token("Okta").await;
    app.sql(&format!(
        "UPDATE tokens SET standing = 'revoked' WHERE id = '{}'",
        gone.id
    ))
    .await;
    told(&app, &secret, "whoami", json!({})).await;
    app.flush().await;
    let stats = told(&app, &secret, "token_stats", json!({})).await;
    let kind = |active: i64, revoked: i64, never_used: i64, calls: i64| {
        json!({
            "active": active,
            "inactive": 0,
            "expired": 0,
            "revoked": revoked,
            "never_used": never_used,
            "calls_allowed": calls,
            "calls_refused": 0,
        })
    };
    assert_eq!(stats["api_tokens"], kind(1, 1, 1, 0));
    assert_eq!(stats["mcp_tokens"], kind(1, 0, 0, 1));
}
