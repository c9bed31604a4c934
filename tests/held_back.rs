//! Requests that begin while somebody may do what they ask for, and are complete when they may not
//! any more.

use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tokendesk::access::{Actor, Role};
use tokendesk::catalogue::Scope;
use tokendesk::members::queries as members;
use tokendesk::tokens::draft::NewToken;
use tokendesk::tokens::{Secret, queries as tokens};
use tokendesk::web::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::time::{sleep, timeout};

use crate::support::App;
use crate::support::app::ADA;
use crate::support::held::held_back;

const MEI: &str = "mei@northwind.example";
const FORM: &str = "application/x-www-form-urlencoded";

/// Begins a request, revokes its token, waits for the receipt, and sends the rest.
async fn revoked_meanwhile(
    app: &App,
    (path, content_type, body): (&str, &str, &str),
    secret: &Secret,
) -> (u16, String) {
    let asked = || app.state.gate.views.tally().misses;
    let before = asked();
    let (body, release) = held_back(body);
    let request = Client::new()
        .post(format!("{}{path}", app.url))
        .bearer_auth(secret.reveal())
        .header("content-type", content_type)
        .header("accept", "application/json, text/event-stream");
    let answer = tokio::spawn(request.body(body).send());
    while asked() == before {
        tokio::task::yield_now().await;
    }
    app.sql("UPDATE tokens SET standing = 'revoked'").await;
    app.settle().await;
    drop(release);
    let answer = answer.await.unwrap().unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_revoked_while_the_body_comes_does_nothing_any_more() {
    let app = App::start().await;
    let written = |value: Value| value.to_string();
    let (product, group) = (
        json!({ "name": "Late", "key": "late" }),
        json!({ "displayName": "Late" }),
    );
    let token = json!({ "name": "Late", "access_level": "full-access" });
    let question = json!({ "token": "wxt_none" });
    for (path, content_type, body) in [
        ("/api/v1/tokens", "application/json", written(token)),
        ("/api/v1/products", "application/json", written(product)),
        ("/scim/v2/Groups", "application/scim+json", written(group)),
        ("/api/v1/verify", "application/json", written(question)),
        ("/oauth/introspect", FORM, "token=wxt_none".to_owned()),
    ] {
        let (_, secret) = app.token("Okta").await;
        let answer = revoked_meanwhile(&app, (path, content_type, &body), &secret).await;
        assert_eq!(answer.0, 401, "{path}: {}", answer.1);
        app.sql("DELETE FROM tokens WHERE name = 'Okta'").await;
    }
    let mine = json!({ "name": "Late", "scopes": ["widgets:read"], "expiry": "30d" }).to_string();
    let asked = ("/api/v1/me/mcp-tokens", "application/json", &*mine);
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    let answer = revoked_meanwhile(&app, asked, &secret).await;
    assert_eq!(answer.0, 401, "{}", answer.1);
    let made = "SELECT (SELECT count(*) FROM tokens WHERE name = 'Late')
        + (SELECT count(*) FROM products WHERE name = 'Late')
        + (SELECT count(*) FROM groups WHERE name = 'Late')";
    assert_eq!(app.count(made).await, 0);
}

/// Else whoever has any token could make the server keep large bodies.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_lacks_the_scope_is_told_so_before_the_body_comes() {
    let app = App::start().await;
    let narrow = |new: &mut NewToken| new.scopes = Some([Scope::Render].into_iter().collect());
    let (_, secret) = app.token_with("Render", narrow).await;
    for path in ["/api/v1/tokens", "/api/v1/verify", "/scim/v2/Users"] {
        let (body, _release) = held_back(r#"{"name":"Late"}"#);
        let request = Client::new().post(format!("{}{path}", app.url)).body(body);
        let request = request.header("content-type", "application/json");
        let answer = request.bearer_auth(secret.reveal()).send();
        let answer = timeout(Duration::from_secs(10), answer).await;
        assert_eq!(answer.expect(path).unwrap().status(), 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_administrator_any_more_changes_what_is_their_own_at_most() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Admin).await;
    let mei = Actor::administrator(app.organization, app.user(MEI).await, "Mei Tanaka");
    let connection = &mut *app.database().get().await.unwrap();
    let mut token = async |is_own: bool| {
        let (mut new, now) = (App::full_access("Late"), app.now());
        let made = if is_own {
            new.scopes = Some([Scope::WidgetsRead].into_iter().collect());
            tokens::create_mcp(connection, &mei, &new, now).await
        } else {
            tokens::create(connection, &mei, &new, now).await
        };
        made.map(drop).map_err(Error::from)
    };
    let refused = |made| matches!(made, Err(Error::Forbidden));
    assert!(token(false).await.is_ok());
    app.sql("UPDATE memberships SET role = 'member'").await;
    assert!(refused(token(false).await));
    assert!(token(true).await.is_ok(), "their own");
    app.sql("UPDATE memberships SET deactivated_at = now()")
        .await;
    assert!(refused(token(true).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_comes_when_its_session_has_ended_changes_nothing() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Admin).await;
    let mei = app.signed_in(MEI).await;
    let form = mei.visit("/settings/api-access/new").await;
    let form = form.form("/settings/api-access").fill("name", "Late");
    let fields = form.fill("access_level", "full-access").into_fields();
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    let (body, release) = held_back(&form.extend_pairs(fields).finish());
    let sent = tokio::spawn(async move { mei.send("/settings/api-access", FORM, body).await });
    // Whoever looked at the session before the body had come would have done so long ago.
    let verified = app.signed_in(ADA).await;
    drop(verified);
    let (actor, now) = (Actor::command_line(app.organization), app.now());
    let user = app.user(MEI).await;
    let connection = &mut *app.database().get().await.unwrap();
    let left = members::deactivate(connection, &actor, user, None, now);
    left.await.unwrap();
    drop(release);
    let answer = sent.await.unwrap();
    assert_eq!(answer.status, 401);
    assert!(answer.says("You are signed out"));
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 0);
}

/// A request is limited in time; so is an answer that nobody reads.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_the_answers_keeps_no_connection() {
    let app = App::start().await;
    let address = app.url.strip_prefix("http://").unwrap().parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let requests = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(14);
    stream.write_all(requests.as_bytes()).await.unwrap();
    let begun = Instant::now();
    // Of a connection that has ended the system tells whoever sends something more.
    while stream.write_all(b"\r\n").await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(90), "it is kept");
        sleep(Duration::from_millis(500)).await;
    }
    assert!(
        begun.elapsed() > Duration::from_secs(20),
        "it is given time"
    );
}
