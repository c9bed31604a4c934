//! What the tools answer.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokendesk::access::Role;
use uuid::Uuid;

use super::{call, complaint, list, send, told};
use crate::support::App;
use crate::support::app::ADA;

fn names(tokens: &Value) -> Vec<&str> {
    let tokens = tokens["tokens"].as_array().unwrap();
    tokens
        .iter()
        .map(|token| token["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoami_tells_whose_token_it_is() {
    let app = App::start().await;
    let (token, secret) = app.mcp_token(ADA, "Laptop").await;
    let me = told(&app, &secret, "whoami", json!({})).await;
    assert_eq!(me["email"], ADA);
    assert_eq!(me["role"], "admin");
    assert_eq!(me["organization"], "Northwind");
    assert_eq!(me["token_id"], token.id.to_string());
    assert_eq!(me["profile_url"], format!("{}/profile", app.url));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_ones_own_tokens_are_listed_and_found() {
    let app = App::start().await;
    let ben = "ben@northwind.example";
    app.add_member(app.organization, ben, Role::Member).await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    let (bens, _) = app.mcp_token(ben, "Ben’s").await;
    let (api, _) = app.token("Okta").await;
    let tokens = told(&app, &secret, "list_my_tokens", json!({})).await;
    assert_eq!(names(&tokens), ["Laptop"]);
    assert!(!tokens.to_string().contains(secret.reveal()));
    for id in [bens.id, api.id] {
        let id = json!({ "id": id.to_string() });
        let complaint = complaint(&app, &secret, "token_activity", id).await;
        assert!(
            complaint.starts_with("There is no such token"),
            "{complaint}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unused_and_expiring_tokens_are_found() {
    let app = App::start().await;
    app.mcp_token(ADA, "Old").await;
    app.state.clock.advance(TimeDelta::days(30));
    let (fresh, secret) = app.mcp_token(ADA, "Fresh").await;
    app.sql(&format!(
        "UPDATE tokens SET expires_at = '2026-12-25 14:00:00+00' WHERE id = '{}'",
        fresh.id
    ))
    .await;
    app.settle().await;
    let found = async |arguments: Value| {
        let tokens = told(&app, &secret, "list_my_tokens", arguments).await;
        names(&tokens).join(" ")
    };
    assert_eq!(found(json!({})).await, "Fresh Old");
    assert_eq!(found(json!({ "unused_days": 30 })).await, "Old");
    assert_eq!(found(json!({ "unused_days": 31 })).await, "");
    assert_eq!(found(json!({ "expires_within_days": 3 })).await, "Fresh");
    assert_eq!(found(json!({ "expires_within_days": 2 })).await, "");
    for wrong in [json!({ "unused_days": 0 }), json!({ "days": 3 })] {
        complaint(&app, &secret, "list_my_tokens", wrong).await;
    }
    let warned = call(&app, &secret, "whoami", json!({})).await;
    let warning = warned["content"][1]["text"].as_str().unwrap();
    assert!(
        warning.contains("“Fresh”") && warning.contains("25 Dec 2026"),
        "{warning}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn activity_tells_what_a_token_was_used_for() {
    let app = App::start().await;
    let (token, secret) = app.mcp_token(ADA, "Laptop").await;
    for _ in 0..2 {
        told(&app, &secret, "whoami", json!({})).await;
    }
    send(&app, secret.reveal(), &list()).await;
    app.flush().await;
    let id = json!({ "id": token.id.to_string() });
    let activity = told(&app, &secret, "token_activity", id).await;
    assert_eq!(activity["token"]["calls_allowed"], 3);
    assert_eq!(
        activity["days"],
        json!([{ "day": "2026-11-22", "allowed": 3, "refused": 0 }])
    );
    let operations = activity["operations"].as_array().unwrap();
    assert_eq!(operations[0]["operation"], "whoami");
    assert_eq!(
        (&operations[0]["calls"], &operations[0]["code"]),
        (&json!(2), &json!("valid"))
    );
    assert_eq!(operations[1]["operation"], "POST /mcp");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snippet_has_a_placeholder_for_the_token() {
    let app = App::start().await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    let snippet = told(
        &app,
        &secret,
        "client_snippet",
        json!({ "client": "cursor" }),
    )
    .await;
    assert_eq!(snippet["placeholder"], "YOUR_TOKEN");
    assert_eq!(
        snippet["with_variable"][0]["instruction"],
        "Save as ~/.cursor/mcp.json"
    );
    assert!(
        snippet["with_token"]["text"]
            .as_str()
            .unwrap()
            .contains("Bearer YOUR_TOKEN")
    );
    assert!(!snippet.to_string().contains(secret.reveal()));
    let no_client = complaint(&app, &secret, "client_snippet", json!({ "client": "vim" })).await;
    assert!(no_client.contains("There are: claude-code,"), "{no_client}");
    let nowhere = json!({ "client": "cursor", "server": "elsewhere" });
    let no_server = complaint(&app, &secret, "client_snippet", nowhere).await;
    assert!(no_server.contains("There are: tokendesk."), "{no_server}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_revoked_by_its_exact_name() {
    let app = App::start().await;
    let (laptop, secret) = app.mcp_token(ADA, "Laptop").await;
    let (lost, lost_secret) = app.mcp_token(ADA, "Lost phone").await;
    let named = |name: &str| json!({ "id": lost.id.to_string(), "name": name });
    let wrong = complaint(&app, &secret, "revoke_token", named("lost phone")).await;
    assert!(wrong.contains("Nothing was revoked"), "{wrong}");
    assert_eq!(
        send(&app, lost_secret.reveal(), &list()).await.status(),
        200
    );

    let revoked = told(&app, &secret, "revoke_token", named("Lost phone")).await;
    assert_eq!(revoked["name"], "Lost phone");
    assert!(
        revoked["receipt"]
            .as_str()
            .unwrap()
            .starts_with("In effect on 1 of 1")
    );
    assert_eq!(
        send(&app, lost_secret.reveal(), &list()).await.status(),
        401
    );
    let entries = "SELECT author_name, subject_name, author_token_id FROM journal
        WHERE action = 'mcp_token.revoked'";
    let rows = app.sql(entries).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<_, String>(0), "Ada Lovell");
    assert_eq!(rows[0].get::<_, String>(1), "Lost phone");
    assert_eq!(rows[0].get::<_, Uuid>(2), laptop.id.uuid());
    let again = complaint(&app, &secret, "revoke_token", named("Lost phone")).await;
    assert!(again.contains("was revoked before"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_while_it_revokes_another_does_not() {
    let app = App::start().await;
    let (laptop, secret) = app.mcp_token(ADA, "Laptop").await;
    let (other, _) = app.mcp_token(ADA, "Phone").await;
    told(&app, &secret, "whoami", json!({})).await;
    let client = app.client().await;
    let revoking = "BEGIN; LOCK TABLE secrets; UPDATE tokens SET standing = 'revoked' WHERE id";
    let revoking = format!("{revoking} = '{}'", laptop.id);
    client.batch_execute(&revoking).await.unwrap();
    let named = json!({ "id": other.id.to_string(), "name": "Phone" });
    let called = complaint(&app, &secret, "revoke_token", named);
    let revoked = async {
        app.waiting(1).await;
        client.batch_execute("COMMIT").await.unwrap();
    };
    let (refused, ()) = tokio::join!(called, revoked);
    assert!(refused.contains("may not do this"), "{refused}");
    let active = format!(
        "SELECT count(*) FROM tokens WHERE id = '{}' AND standing = 'active'",
        other.id
    );
    assert_eq!(app.count(&active).await, 1);
}
