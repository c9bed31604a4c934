//! `/api/v1/groups`.

use reqwest::Method;
use serde_json::{Value, json};
use tokendesk::access::Role;
use tokendesk::catalogue::Scope;

use crate::api::client::Program;
use crate::support::App;
use crate::support::app::ADA;

const MEI: &str = "mei@northwind.example";

async fn start() -> (App, Program) {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let program = Program::with(&app, "Terraform", &[Scope::AdminWrite]).await;
    (app, program)
}

async fn group(program: &Program, name: &str) -> String {
    let made = program
        .post("/api/v1/groups", &json!({ "name": name }))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.header("location").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_made_once_edited_in_its_version_and_deleted() {
    let (app, program) = start().await;
    let headers = [("idempotency-key", "sales")];
    let new = json!({ "name": " Sales " });
    let send = async || {
        program
            .send(Method::POST, "/api/v1/groups", &headers, Some(&new))
            .await
    };
    let (made, again) = (send().await, send().await);
    assert_eq!((made.status, &made.body), (201, &again.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(
        (&made.body["name"], &made.body["role"]),
        (&json!("Sales"), &Value::Null)
    );
    let path = made.header("location");
    let taken = program
        .post("/api/v1/groups", &json!({ "name": "SALES" }))
        .await;
    assert_eq!(
        (taken.status, taken.code(), &taken.body["field"]),
        (409, "taken", &json!("name"))
    );

    let edit = async |tag: &str, edit: Value| {
        program
            .send(Method::PATCH, path, &[("if-match", tag)], Some(&edit))
            .await
    };
    let edited = edit("\"1\"", json!({ "name": "Support" })).await;
    assert_eq!(
        (edited.status, edited.header("etag")),
        (200, "\"2\""),
        "{}",
        edited.body
    );
    let late = edit("\"1\"", json!({ "name": "Too late" })).await;
    assert_eq!((late.status, late.code()), (412, "precondition_failed"));
    for (wrong, field) in [
        (json!({ "name": " " }), "name"),
        (json!({ "name": null }), "name"),
        (json!({ "role": "member" }), "role"),
        (json!({ "members": [] }), "members"),
    ] {
        let refused = edit("*", wrong).await;
        assert_eq!(
            (refused.status, &refused.body["field"]),
            (422, &json!(field))
        );
    }
    assert_eq!(
        program.get("/api/v1/groups?q=supp").await.body["items"],
        json!([edited.body])
    );
    let late = program
        .send(Method::DELETE, path, &[("if-match", "\"1\"")], None)
        .await;
    assert_eq!((late.status, late.code()), (412, "precondition_failed"));
    assert_eq!(program.delete(path).await.status, 204);
    assert_eq!(program.get(path).await.status, 404);
    assert_eq!(app.count("SELECT count(*) FROM groups").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_come_in_pages() {
    let (_app, program) = start().await;
    for name in ["Alpha", "Beta", "Gamma"] {
        group(&program, name).await;
    }
    let first = program.get("/api/v1/groups?limit=2").await;
    assert_eq!(first.body["items"][1]["name"], "Beta");
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = program
        .get(&format!("/api/v1/groups?limit=2&cursor={cursor}"))
        .await;
    assert_eq!(second.body["items"][0]["name"], "Gamma");
    assert!(second.body["next_cursor"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn to_add_or_remove_somebody_twice_is_to_do_it_once() {
    let (app, program) = start().await;
    let path = group(&program, "Sales").await;
    let member = format!("{path}/members/{}", app.user(MEI).await);
    for _ in 0..2 {
        assert_eq!(program.put(&member).await.status, 204);
    }
    let sales = program.get(&path).await.body;
    assert_eq!(
        (&sales["members"], &sales["version"]),
        (&json!(1), &json!(2))
    );
    let list = program.get(&format!("{path}/members")).await;
    assert_eq!(list.body["items"][0]["email"], MEI);
    let none = program.get(&format!("{path}/members?q=lovell")).await;
    assert_eq!(none.body["items"], json!([]));
    let mei = format!("/api/v1/members/{}", app.user(MEI).await);
    assert_eq!(program.get(&mei).await.body["groups"][0]["name"], "Sales");
    for _ in 0..2 {
        assert_eq!(program.delete(&member).await.status, 204);
    }
    let entries = "SELECT count(*) FROM journal WHERE action LIKE 'group.member%'";
    assert_eq!(app.count(entries).await, 2);

    let contoso = app.another_organization("Contoso").await;
    app.add_member(contoso, "eve@contoso.example", Role::Member)
        .await;
    for stranger in [
        uuid::Uuid::nil(),
        app.user("eve@contoso.example").await.uuid(),
    ] {
        let refused = program.put(&format!("{path}/members/{stranger}")).await;
        assert_eq!((refused.status, refused.code()), (404, "not_found"));
    }
    let nowhere = format!("/api/v1/groups/{}/members", uuid::Uuid::nil());
    assert_eq!(program.get(&nowhere).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_group_that_comes_by_scim_only_the_role_is_edited() {
    let (app, _) = start().await;
    let (_, secret) = app.token("Everything").await;
    let program = Program::of(&app, &secret);
    let path = group(&program, "Sales").await;
    let mei = format!("{path}/members/{}", app.user(MEI).await);
    assert_eq!(program.put(&mei).await.status, 204);
    app.sql("UPDATE groups SET managed = true").await;
    assert_eq!(program.get(&path).await.body["managed"], true);
    let ada = format!("{path}/members/{}", app.user(ADA).await);
    for refused in [
        program.patch(&path, &json!({ "name": "Mine" })).await,
        program.delete(&path).await,
        program.put(&ada).await,
        program.delete(&mei).await,
    ] {
        assert_eq!((refused.status, refused.code()), (409, "conflict"));
        let detail = refused.body["detail"].as_str().unwrap();
        assert_eq!(
            detail,
            "The identity provider manages this group. Change it there."
        );
    }
    let edited = program.patch(&path, &json!({ "role": "admin" })).await;
    assert_eq!(
        (edited.status, &edited.body["role"]),
        (200, &json!("admin")),
        "{}",
        edited.body
    );
    let same = program
        .patch(&path, &json!({ "name": "Sales", "role": null }))
        .await;
    assert_eq!(
        (same.status, &same.body["role"]),
        (200, &Value::Null),
        "{}",
        same.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_makes_the_last_administrator_stays_as_it_is() {
    let (app, _) = start().await;
    let (_, secret) = app.token("Everything").await;
    let program = Program::of(&app, &secret);
    let owners = json!({ "name": "Owners", "role": "admin" });
    let path = program.post("/api/v1/groups", &owners).await;
    let path = path.header("location");
    let mei = format!("{path}/members/{}", app.user(MEI).await);
    assert_eq!(program.put(&mei).await.status, 204);
    let member = program
        .get(&format!("/api/v1/members/{}", app.user(MEI).await))
        .await
        .body;
    assert_eq!(
        (&member["role"], &member["effective_role"]),
        (&json!("member"), &json!("admin"))
    );
    let ada = format!("/api/v1/members/{}", app.user(ADA).await);
    assert_eq!(program.delete(&ada).await.status, 200);
    for refused in [
        program.delete(&mei).await,
        program.delete(path).await,
        program.patch(path, &json!({ "role": null })).await,
    ] {
        assert_eq!(
            (refused.status, refused.code()),
            (409, "conflict"),
            "{}",
            refused.body
        );
    }
}
