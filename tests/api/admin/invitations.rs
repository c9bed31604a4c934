//! `/api/v1/invitations`.

use std::sync::Arc;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use tokendesk::catalogue::Scope;
use tokendesk::secret::Digest;

use crate::api::client::{Program, Reply};
use crate::support::App;
use crate::support::app::{ADA, PASSWORD};
use crate::support::post::{self, Post, Temper};

const MEI: &str = "mei@northwind.example";

async fn start() -> (App, Program) {
    let app = App::start().await;
    let program = Program::with(&app, "Terraform", &[Scope::AdminWrite]).await;
    (app, program)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_is_told_once_and_makes_a_member() {
    let (app, program) = start().await;
    let new = json!({ "email": "Mei@Northwind.example", "name": "Mei Tanaka" });
    let headers = [("idempotency-key", "mei")];
    let send = async || {
        program
            .send(Method::POST, "/api/v1/invitations", &headers, Some(&new))
            .await
    };
    let (made, again) = (send().await, send().await);
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!(made.body["invitation"]["role"], "member");
    assert_eq!(made.body["invitation"]["renews_password"], false);
    assert_eq!(
        made.body["invitation"]["expires_at"],
        "2026-11-29T14:00:00Z"
    );
    let link = made.body["link"].as_str().unwrap();
    assert_eq!(
        (again.status, &again.body["invitation"]),
        (201, &made.body["invitation"])
    );
    assert!(again.body["link"].is_null());
    assert_eq!(made.body["delivery"], "by_hand");
    assert!(again.body["delivery"].is_null());
    let path = made.header("location");
    assert_eq!(program.get(path).await.body, made.body["invitation"]);
    let list = program.get("/api/v1/invitations").await;
    assert_eq!(list.body["items"], json!([made.body["invitation"]]));

    let link = link.strip_prefix(&app.url).unwrap();
    let code = link.strip_prefix("/invitations/").unwrap();
    let dump = "SELECT string_agg(t, ' ') FROM (SELECT invitations::text AS t FROM invitations
        UNION ALL SELECT journal::text FROM journal
        UNION ALL SELECT idempotency_keys::text FROM idempotency_keys) AS rows";
    assert!(!app.sql(dump).await[0].get::<_, &str>(0).contains(code));
    let digest = app.sql("SELECT digest FROM invitations").await;
    assert_eq!(digest[0].get::<_, &[u8]>(0), Digest::of(code).as_bytes());
    let joined = app.browser().visit(link).await;
    let joined = joined.form(link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.path, "/profile", "{}", joined.text());
    assert_eq!(program.get(path).await.status, 404);
    let member = program.post("/api/v1/invitations", &new).await;
    assert_eq!(
        (member.status, member.code(), &member.body["field"]),
        (409, "taken", &json!("email"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_link_leads_nowhere() {
    let (app, program) = start().await;
    let new = json!({ "email": MEI, "name": "Mei" });
    let made = program.post("/api/v1/invitations", &new).await;
    let link = made.body["link"]
        .as_str()
        .unwrap()
        .strip_prefix(&app.url)
        .unwrap();
    assert_eq!(app.browser().visit(link).await.status, 200);
    let path = made.header("location");
    assert_eq!(program.delete(path).await.status, 204);
    assert_eq!(app.browser().visit(link).await.status, 404);
    assert_eq!(program.delete(path).await.status, 404);
    let late = program.post("/api/v1/invitations", &new).await;
    app.state.clock.advance(TimeDelta::days(7));
    assert_eq!(program.delete(late.header("location")).await.status, 404);
    assert_eq!(
        program.get("/api/v1/invitations").await.body["items"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_by_field_all_at_once() {
    let (app, program) = start().await;
    let wrong = json!({ "email": "no address", "name": " " });
    let refused = program.post("/api/v1/invitations", &wrong).await;
    let errors = refused.body["errors"].as_array().unwrap().iter();
    let fields: Vec<&str> = errors.filter_map(|it| it["field"].as_str()).collect();
    assert_eq!((refused.status, &fields[..]), (422, &["email", "name"][..]));
    for (wrong, status, field) in [
        (json!({ "email": MEI }), 422, "name"),
        (
            json!({ "email": MEI, "name": "Mei", "role": "owner" }),
            422,
            "role",
        ),
        (json!({ "email": ADA, "name": "Ada" }), 409, "email"),
    ] {
        let refused = program.post("/api/v1/invitations", &wrong).await;
        assert_eq!(
            (refused.status, &refused.body["field"]),
            (status, &json!(field))
        );
    }
    assert_eq!(app.count("SELECT count(*) FROM invitations").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_come_in_pages_the_newest_first() {
    let (_app, program) = start().await;
    for name in ["one", "two", "three"] {
        let new = json!({ "email": format!("{name}@northwind.example"), "name": name });
        assert_eq!(program.post("/api/v1/invitations", &new).await.status, 201);
    }
    let first = program.get("/api/v1/invitations?limit=2").await;
    assert_eq!(first.body["items"][0]["name"], "three");
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = program
        .get(&format!("/api/v1/invitations?cursor={cursor}"))
        .await;
    assert_eq!(second.body["items"][0]["name"], "one");
    assert!(second.body["next_cursor"].is_null());
}

async fn works(app: &App, told: &Reply) {
    assert_eq!(told.status, 201, "{}", told.body);
    let link = told.body["link"].as_str().unwrap();
    post::works(app, link.strip_prefix(&app.url).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_goes_by_mail_too_once() {
    let mut post = Post::open(Temper::Obliging).await;
    let app = post.app().await;
    let program = Program::with(&app, "Terraform", &[Scope::AdminWrite]).await;
    let new = json!({ "email": MEI, "name": "Mei" });
    let headers = [("idempotency-key", "mei")];
    let send = async || {
        program
            .send(Method::POST, "/api/v1/invitations", &headers, Some(&new))
            .await
    };
    let made = send().await;
    assert_eq!(made.body["delivery"], "sent", "{}", made.body);
    works(&app, &made).await;
    let said = post.heard.recv().await.unwrap();
    for line in [
        "RCPT TO:<mei@northwind.example>",
        "Subject: Join Northwind on Tokendesk",
        made.body["link"].as_str().unwrap(),
    ] {
        assert!(said.iter().any(|said| said == line), "{line}: {said:#?}");
    }
    let again = send().await;
    assert!(again.body["delivery"].is_null(), "{}", again.body);
    let refused = program
        .post("/api/v1/invitations", &json!({ "email": ADA, "name": "x" }))
        .await;
    assert_eq!(refused.status, 409);
    // Whoever is invited after these is the next who gets a mail.
    let next = json!({ "email": "jun@northwind.example", "name": "Jun" });
    let next = program.post("/api/v1/invitations", &next).await;
    assert_eq!(next.body["delivery"], "sent");
    let said = post.heard.recv().await.unwrap();
    assert!(
        said.contains(&"RCPT TO:<jun@northwind.example>".to_owned()),
        "{said:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_fails_costs_no_invitation() {
    for post in [Post::open(Temper::Refusing).await, Post::gone().await] {
        let app = post.app().await;
        let program = Program::with(&app, "Terraform", &[Scope::AdminWrite]).await;
        let new = json!({ "email": MEI, "name": "Mei" });
        let made = program.post("/api/v1/invitations", &new).await;
        assert_eq!(made.body["delivery"], "failed", "{}", made.body);
        works(&app, &made).await;
        assert_eq!(program.get(made.header("location")).await.status, 200);
    }
}

/// It takes the ten seconds for which each waits, at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_hangs_keeps_nobody_from_the_database() {
    const MORE_THAN_THE_POOL: usize = 12;
    let post = Post::open(Temper::Hanging).await;
    let app = post.app().await;
    let program = Arc::new(Program::with(&app, "Terraform", &[Scope::AdminWrite]).await);
    let requests = (0..MORE_THAN_THE_POOL).map(|number| {
        let program = program.clone();
        let new = json!({ "email": format!("{number}@new.example"), "name": "New" });
        tokio::spawn(async move { program.post("/api/v1/invitations", &new).await })
    });
    let requests: Vec<_> = requests.collect();
    // They are made before the mail is tried.
    loop {
        let list = program.get("/api/v1/invitations").await;
        if list.body["items"].as_array().unwrap().len() == MORE_THAN_THE_POOL {
            break;
        }
    }
    assert!(!requests.iter().any(tokio::task::JoinHandle::is_finished));
    for request in requests {
        let made = request.await.unwrap();
        assert_eq!(made.body["delivery"], "failed", "{}", made.body);
        works(&app, &made).await;
    }
}

/// Of several that invite somebody at once, the last one's link is the only one.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_has_one_link_however_many_invite_them_at_once() {
    let (app, program) = start().await;
    let new = json!({ "email": MEI, "name": "Mei Tanaka" });
    let invite = || async { program.post("/api/v1/invitations", &new).await.status };
    let told = futures_util::future::join_all((0..16).map(|_| invite())).await;
    assert_eq!(told, [201; 16]);
    assert_eq!(app.count("SELECT count(*) FROM invitations").await, 1);
    let revoked = "SELECT count(*) FROM journal WHERE action = 'member.invitation_revoked'";
    assert_eq!(app.count(revoked).await, 15);
}
