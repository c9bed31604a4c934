//! A structure comes as an object: its fields have names, and no order.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::client::Program;
use crate::support::app::ADA;
use crate::support::{App, things};

#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_no_object_whatever_stands_in_it() {
    let app = App::start().await;
    let (token, secret) = app.token("Feed").await;
    let program = Program::of(&app, &secret);
    let made = program
        .post("/api/v1/groups", &json!({ "name": "Night" }))
        .await;
    let group = made.header("location").to_owned();
    let token = format!("/api/v1/tokens/{}", token.id);
    let resource = things::make(&app, app.organization, "resources", ("PATCH", ""), "Feed").await;
    let resource = format!("/api/v1/resources/{resource}");
    let ada = format!("/api/v1/members/{}", app.user(ADA).await);
    let journal = "SELECT count(*) FROM journal";
    let before = app.count(journal).await;
    for (method, path, body) in [
        (
            "POST",
            "/api/v1/tokens".to_owned(),
            json!(["Array", ["admin:read"]]),
        ),
        ("PATCH", token.clone(), json!(["renamed", ["all"]])),
        ("POST", format!("{token}/rotation"), json!([])),
        (
            "POST",
            "/api/v1/tokens/revocations".to_owned(),
            json!([[], []]),
        ),
        ("POST", "/api/v1/groups".to_owned(), json!(["Array"])),
        ("PATCH", group, json!(["Array", null])),
        (
            "POST",
            "/api/v1/products".to_owned(),
            json!(["Array", "array"]),
        ),
        (
            "POST",
            "/api/v1/mcp-servers".to_owned(),
            json!(["Array", "https://x.example/"]),
        ),
        (
            "POST",
            "/api/v1/invitations".to_owned(),
            json!(["q@x.example", "member"]),
        ),
        ("POST", format!("{ada}/deactivation"), json!([null, null])),
        ("PATCH", ada, json!(["member"])),
        ("PATCH", resource.clone(), json!(["Array"])),
    ] {
        let method: Method = method.parse().unwrap();
        let refused = program.send(method.clone(), &path, &[], Some(&body)).await;
        assert_eq!(
            (refused.status, refused.code()),
            (422, "invalid"),
            "{method} {path}: {}",
            refused.body
        );
        assert_eq!(
            refused.body["detail"], ".: expected an object.",
            "{method} {path}"
        );
    }
    let operations = json!({ "operations": [["read", ["GET"], "admin:read"]] });
    let refused = program.patch(&resource, &operations).await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (422, &json!("operations[0]")),
        "{}",
        refused.body
    );
    let question = json!([[secret.reveal()]]);
    let refused = program.post("/api/v1/verify", &question).await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (422, &json!("[0]")),
        "{}",
        refused.body
    );
    assert_eq!(app.count(journal).await, before);
    assert_eq!(program.get(&token).await.body["name"], Value::from("Feed"));
}
