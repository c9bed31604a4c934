//! `/api/v1/members`.

use std::sync::Arc;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use tokendesk::access::Role;
use tokendesk::catalogue::Scope;

use crate::api::client::{Program, Reply};
use crate::support::App;
use crate::support::app::ADA;

const MEI: &str = "mei@northwind.example";
const JUN: &str = "jun@northwind.example";

/// With the member Mei, who is called Some Member.
async fn start() -> (App, Program, String) {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let program = Program::with(&app, "Terraform", &[Scope::AdminWrite]).await;
    let mei = format!("/api/v1/members/{}", app.user(MEI).await);
    (app, program, mei)
}

fn names(list: &Reply, field: &str) -> Vec<String> {
    assert_eq!(list.status, 200, "{}", list.body);
    let items = list.body["items"].as_array().unwrap().iter();
    items
        .map(|item| item[field].as_str().unwrap().to_owned())
        .collect()
}

/// An API token that the member answers for.
async fn answered_for(app: &App, email: &str, name: &str) -> String {
    let (token, _) = app.token(name).await;
    let (user, id) = (app.user(email).await, token.id);
    app.sql(&format!(
        "UPDATE tokens SET responsible_id = '{user}' WHERE id = '{id}'"
    ))
    .await;
    format!("/api/v1/tokens/{id}")
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_found_as_in_the_console() {
    let (app, program, mei) = start().await;
    app.add_member(app.organization, JUN, Role::Member).await;
    app.mcp_token(MEI, "Laptop").await;
    let list = async |query: &str| {
        let list = program.get(&format!("/api/v1/members{query}")).await;
        names(&list, "email")
    };
    assert_eq!(list("").await, [ADA, JUN, MEI]);
    assert_eq!(list("?q=LOVELL").await, [ADA]);
    assert_eq!(list("?q=mei%40").await, [MEI]);
    assert_eq!(list("?view=administrators").await, [ADA]);
    assert_eq!(list("?view=deactivated").await, [""; 0]);
    let first = program.get("/api/v1/members?limit=2").await;
    assert_eq!(names(&first, "email"), [ADA, JUN]);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    assert_eq!(list(&format!("?limit=2&cursor={cursor}")).await, [MEI]);
    let wrong = program.get("/api/v1/members?view=nonsense").await;
    assert_eq!((wrong.status, &wrong.body["field"]), (422, &json!("view")));

    let member = program.get(&mei).await.body;
    assert_eq!(member["name"], "Some Member");
    assert_eq!(
        (&member["role"], &member["effective_role"]),
        (&json!("member"), &json!("member"))
    );
    assert_eq!(
        (&member["mcp_tokens"], &member["api_tokens"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        (&member["groups"], &member["deactivated_at"]),
        (&json!([]), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_what_was_sent_last() {
    let (app, program, mei) = start().await;
    app.sql("UPDATE memberships SET role = 'admin'").await;
    let member = json!({ "role": "member" });
    for _ in 0..2 {
        let edited = program.patch(&mei, &member).await;
        assert_eq!(
            (edited.status, &edited.body["role"]),
            (200, &json!("member"))
        );
    }
    let same = program.patch(&mei, &json!({})).await;
    assert_eq!(same.body["role"], "member");
    let entries = "SELECT count(*) FROM journal WHERE action = 'member.role_changed'";
    assert_eq!(app.count(entries).await, 1);
    let ada = format!("/api/v1/members/{}", app.user(ADA).await);
    let last = program.patch(&ada, &member).await;
    assert_eq!(
        (last.status, last.code()),
        (409, "conflict"),
        "{}",
        last.body
    );
    for (edit, field) in [
        (json!({ "role": "owner" }), "role"),
        (json!({ "name": "x" }), "name"),
    ] {
        let wrong = program.patch(&mei, &edit).await;
        assert_eq!((wrong.status, &wrong.body["field"]), (422, &json!(field)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deactivated_stops_at_once_and_comes_back() {
    let (app, program, mei) = start().await;
    let (_, laptop) = app.mcp_token(MEI, "Laptop").await;
    let browser = app.signed_in(MEI).await;
    let laptop = Program::of(&app, &laptop);
    assert_eq!(laptop.get("/api/v1/token").await.status, 200);
    let deactivation = format!("{mei}/deactivation");
    let gone = program.post(&deactivation, &json!({})).await;
    assert_eq!(gone.status, 200, "{}", gone.body);
    assert_eq!(
        (&gone.body["sessions"], &gone.body["api_tokens"]),
        (&json!(1), &json!(0))
    );
    assert!(gone.body["member"]["deactivated_at"].is_string());
    assert_eq!(gone.body["receipt"]["instances"][0]["outcome"], "heard");
    assert_eq!(laptop.get("/api/v1/token").await.code(), "owner_inactive");
    assert!(browser.visit("/profile").await.path.starts_with("/sign-in"));
    let again = program.post(&deactivation, &json!({})).await;
    assert_eq!((again.status, again.code()), (409, "conflict"));

    let reactivation = format!("{mei}/reactivation");
    let back = program.post(&reactivation, &json!({})).await;
    assert_eq!(
        (back.status, &back.body["deactivated_at"]),
        (200, &Value::Null)
    );
    app.settle().await;
    assert_eq!(laptop.get("/api/v1/token").await.status, 200);
    let again = program.post(&reactivation, &json!({})).await;
    assert_eq!((again.status, again.code()), (409, "conflict"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_their_api_tokens_has_to_be_said() {
    let (app, program, mei) = start().await;
    let feed = answered_for(&app, MEI, "Feed").await;
    let ada = app.user(ADA).await.to_string();
    assert_eq!(program.get(&mei).await.body["api_tokens"], 1);
    let deactivation = format!("{mei}/deactivation");
    for (body, field) in [
        (json!({}), "api_tokens"),
        (json!({ "api_tokens": "burn" }), "api_tokens"),
        (json!({ "api_tokens": "hand-over" }), "heir_id"),
        (json!({ "api_tokens": "keep", "heir_id": ada }), "heir_id"),
        (json!({ "heir_id": ada }), "heir_id"),
        // Mei themself, and somebody unknown.
        (
            json!({ "api_tokens": "hand-over", "heir_id": app.user(MEI).await.to_string() }),
            "heir_id",
        ),
        (
            json!({ "api_tokens": "hand-over", "heir_id": uuid::Uuid::nil() }),
            "heir_id",
        ),
    ] {
        let refused = program.post(&deactivation, &body).await;
        assert_eq!(
            (refused.status, &refused.body["field"]),
            (422, &json!(field)),
            "{body}"
        );
    }
    let answering = async || -> uuid::Uuid {
        app.sql("SELECT responsible_id FROM tokens WHERE name = 'Feed'")
            .await[0]
            .get(0)
    };
    assert!(
        program.get(&mei).await.body["deactivated_at"].is_null(),
        "nothing was done"
    );
    let keep = json!({ "api_tokens": "keep" });
    assert_eq!(program.post(&deactivation, &keep).await.status, 200);
    assert_eq!(answering().await, app.user(MEI).await.uuid());
    program
        .post(&format!("{mei}/reactivation"), &json!({}))
        .await;
    let hand_over = json!({ "api_tokens": "hand-over", "heir_id": ada });
    let gone = program.post(&deactivation, &hand_over).await;
    assert_eq!((gone.status, &gone.body["api_tokens"]), (200, &json!(1)));
    assert_eq!(answering().await.to_string(), ada);
    assert_eq!(program.get(&feed).await.body["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_removed_leaves_nothing_that_works() {
    let (app, program, mei) = start().await;
    let feed = answered_for(&app, MEI, "Feed").await;
    let (_, laptop) = app.mcp_token(MEI, "Laptop").await;
    let laptop = Program::of(&app, &laptop);
    assert_eq!(laptop.get("/api/v1/token").await.status, 200);
    let undecided = program.delete(&mei).await;
    assert_eq!(
        (undecided.status, &undecided.body["field"]),
        (422, &json!("api_tokens"))
    );
    let gone = program.delete(&format!("{mei}?api_tokens=revoke")).await;
    assert_eq!(gone.status, 200, "{}", gone.body);
    assert_eq!(
        (&gone.body["member"]["email"], &gone.body["api_tokens"]),
        (&json!(MEI), &json!(1))
    );
    assert!(gone.body["receipt"]["summary"].is_string());
    assert_eq!(laptop.get("/api/v1/token").await.code(), "revoked");
    assert_eq!(program.get(&feed).await.body["status"], "revoked");
    assert_eq!(program.get(&mei).await.status, 404);
    assert_eq!(program.delete(&mei).await.status, 404);
    let author = "SELECT author_name FROM journal WHERE action = 'member.removed'";
    assert_eq!(
        app.sql(author).await[0].get::<_, &str>(0),
        "API token “Terraform”"
    );
}

/// The token that does it is none that they answer for.
#[tokio::test(flavor = "multi_thread")]
async fn of_50_programs_that_take_the_last_two_administrators_away_at_once_one_is_left() {
    let app = App::start_with(&["--rate-limit-per-token=100000"]).await;
    app.add_member(app.organization, MEI, Role::Admin).await;
    let (_, secret) = app.token("Terraform").await;
    let program = Arc::new(Program::of(&app, &secret));
    let both = [app.user(ADA).await, app.user(MEI).await];
    let attempts: Vec<_> = (0..50)
        .map(|attempt| {
            let program = program.clone();
            let path = format!("/api/v1/members/{}", both[attempt % 2]);
            tokio::spawn(async move {
                match attempt % 3 {
                    0 => {
                        program
                            .post(&format!("{path}/deactivation"), &json!({}))
                            .await
                    }
                    1 => program.delete(&path).await,
                    _ => program.patch(&path, &json!({ "role": "member" })).await,
                }
            })
        })
        .collect();
    for attempt in attempts {
        let reply = attempt.await.unwrap();
        assert!([200, 404, 409].contains(&reply.status), "{}", reply.body);
    }
    let left = program.get("/api/v1/members?view=administrators").await;
    assert_eq!(names(&left, "email").len(), 1);
    for (method, end, body) in [
        (Method::POST, "/deactivation", Some(json!({}))),
        (Method::DELETE, "", None),
        (Method::PATCH, "", Some(json!({ "role": "member" }))),
    ] {
        let last = left.body["items"][0]["id"].as_str().unwrap();
        let path = format!("/api/v1/members/{last}{end}");
        let reply = program.send(method, &path, &[], body.as_ref()).await;
        assert_eq!((reply.status, reply.code()), (409, "conflict"), "{path}");
    }
}

/// Who asked first may be done last: what the audit log tells last is how it is.
#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_tells_changes_in_the_order_in_which_they_were_made() {
    let app = App::start().await;
    let program = Program::with(&app, "Terraform", &[Scope::All]).await;
    app.add_member(app.organization, "kim@northwind.example", Role::Member)
        .await;
    let id = app.user("kim@northwind.example").await;
    let path = format!("/api/v1/members/{id}");
    for role in ["admin", "member", "admin"] {
        // Earlier than the one before, as one that waited for it, or another instance's clock.
        app.state.clock.advance(TimeDelta::milliseconds(-300));
        let changed = program.patch(&path, &json!({ "role": role })).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let events = program.get("/api/v1/audit-events?limit=1").await.body["items"].clone();
        assert_eq!(events[0]["changes"][0]["to"], role, "{events}");
        let at = app
            .now()
            .to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        assert_eq!(events[0]["at"], at, "when it was asked for");
    }
}
