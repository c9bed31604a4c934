//! `/api/v1/mcp-tokens`: everybody's.

use serde_json::{Value, json};
use tokendesk::access::Role;
use tokendesk::catalogue::Scope;

use crate::api::client::{Program, Reply};
use crate::support::App;
use crate::support::app::ADA;

const MEI: &str = "mei@northwind.example";

fn names(list: &Reply) -> Vec<&str> {
    assert_eq!(list.status, 200, "{}", list.body);
    let items = list.body["items"].as_array().unwrap().iter();
    items.map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybodys_tokens_are_found_by_their_owners() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    for (owner, name) in [(ADA, "Laptop"), (MEI, "Desk"), (ADA, "Phone")] {
        app.mcp_token(owner, name).await;
    }
    let program = Program::with(&app, "Watcher", &[Scope::AdminRead]).await;
    let list = async |query: &str| program.get(&format!("/api/v1/mcp-tokens{query}")).await;
    let all = list("").await;
    assert_eq!(names(&all), ["Phone", "Desk", "Laptop"]);
    assert_eq!(
        all.body["items"][1]["owner"],
        json!({
            "id": app.user(MEI).await.to_string(),
            "name": "Some Member",
            "email": MEI,
            "deactivated_at": null,
        })
    );
    assert_eq!(names(&list("?owner=LOVELL").await), ["Phone", "Laptop"]);
    assert_eq!(names(&list("?owner=mei%40").await), ["Desk"]);
    assert_eq!(names(&list("?owner=%25").await), [""; 0]);
    let id = app.user(ADA).await;
    assert_eq!(
        names(&list(&format!("?owner_id={id}")).await),
        ["Phone", "Laptop"]
    );
    let first = list("?limit=2").await;
    assert_eq!(names(&first), ["Phone", "Desk"]);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = list(&format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(
        (names(&second), &second.body["next_cursor"]),
        (vec!["Laptop"], &Value::Null)
    );
    for (query, field) in [
        ("owner_id=x".to_owned(), "owner_id"),
        (format!("owner={}", "x".repeat(101)), "owner"),
        ("name=x".to_owned(), "name"),
    ] {
        let refused = list(&format!("?{query}")).await;
        assert_eq!(
            (refused.status, &refused.body["field"]),
            (422, &json!(field))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_revokes_what_is_not_theirs() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let (token, secret) = app.mcp_token(MEI, "Desk").await;
    let program = Program::with(&app, "Terraform", &[Scope::AdminWrite]).await;
    let path = format!("/api/v1/mcp-tokens/{}", token.id);
    let read = program.get(&path).await;
    assert_eq!(
        (&read.body["status"], read.header("etag")),
        (&json!("active"), "\"1\"")
    );
    assert!(!read.body.to_string().contains(secret.reveal()));
    let revocation = format!("{path}/revocation");
    let revoked = program.post(&revocation, &json!({})).await;
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    assert_eq!(revoked.body["token"]["status"], "revoked");
    assert_eq!(revoked.header("etag"), "\"2\"");
    assert!(revoked.body["receipt"]["summary"].is_string());
    assert_eq!(
        Program::of(&app, &secret).get("/api/v1/token").await.code(),
        "revoked"
    );
    let again = program.post(&revocation, &json!({})).await;
    assert_eq!((again.status, again.code()), (409, "conflict"));
    let told = app
        .sql("SELECT action FROM journal ORDER BY id DESC LIMIT 1")
        .await;
    assert_eq!(told[0].get::<_, &str>(0), "mcp_token.revoked");

    // Each kind of token is at its own address.
    let (other, _) = app.token("Feed").await;
    for wrong in [
        format!("/api/v1/mcp-tokens/{}", other.id),
        format!("/api/v1/tokens/{}", token.id),
    ] {
        assert_eq!(program.get(&wrong).await.status, 404, "{wrong}");
        let refused = program
            .post(&format!("{wrong}/revocation"), &json!({}))
            .await;
        assert_eq!(refused.status, 404, "{wrong}");
    }
}
