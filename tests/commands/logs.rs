//! What the logs hold, and what they must not.

use reqwest::{Client, RequestBuilder, redirect};
use serde_json::Value;
use tokendesk::db::embedded::Cluster;

use super::{add, found, place, sign_in, token};
use crate::support::app::PASSWORD;
use crate::support::catalogue::query;
use crate::support::{Place, Scratch, Server};

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_gets_into_the_most_talkative_log() {
    let scratch = Scratch::new();
    let place = Place::directory(&scratch);
    let setup = place.serve().process.line("Set it up at ");
    let (_, setup) = setup.split_once("code=").unwrap();
    found(&place);
    add(&place, "ada@northwind.example", "admin");
    let header = token(&place, &["--name=In a header", "--scope=all"]);
    let asked = token(&place, &["--name=In a query", "--scope=all"]);
    let basic = basic("ada", &header);
    let password = PASSWORD.replace(' ', "+");

    for log in ["tokendesk=trace", "trace"] {
        let server = place.serve_with(&[&format!("--log={log}")]);
        let code = invite(
            &place,
            &format!("{}@northwind.example", log.replace('=', ".")),
        );
        assert_eq!(server.asked_by(&header).await.status(), 200);
        for request in requests(&server, &header, &asked, &code, setup) {
            request.send().await.unwrap();
        }
        let home = sign_in(&server, "ada@northwind.example", PASSWORD).await;
        assert_eq!(home.path, "/settings/api-access");
        home.form("/settings/api-access")
            .fill("q", &asked)
            .submit()
            .await;
        let joining = server
            .browser()
            .visit(&format!("/invitations/{code}"))
            .await;
        let joining = joining.form(&format!("/invitations/{code}"));
        assert_eq!(
            joining.fill("password", PASSWORD).submit().await.status,
            200
        );

        let hashes = password_hashes(&scratch).await;
        assert_eq!(hashes.len(), if log == "trace" { 3 } else { 2 });
        let of_postgresql = scratch.log();
        let ours = server.stop().errors;
        assert!(ours.contains("answered"), "{ours}");
        let secrets = [&header, &asked, &basic, &code, setup, &password, PASSWORD];
        for secret in secrets.into_iter().chain(hashes.iter().map(String::as_str)) {
            assert_eq!(leak(&ours, secret), None, "LOG={log}");
            assert_eq!(
                leak(&of_postgresql, secret),
                None,
                "LOG={log}, PostgreSQL's log"
            );
        }
    }
}

/// The secrets wherever somebody may put them.
fn requests(
    server: &Server,
    header: &str,
    asked: &str,
    code: &str,
    setup: &str,
) -> Vec<RequestBuilder> {
    let client = Client::builder().redirect(redirect::Policy::none());
    let client = client.build().unwrap();
    let get = |path: &str| client.get(format!("{}{path}", server.url));
    vec![
        get("/api/v1/token").header("X-API-Token", header),
        get("/api/v1/token").basic_auth("ada", Some(header)),
        get("/api/v1/token")
            .bearer_auth(header)
            .header("X-API-Token", header),
        get("/api/v1/nowhere").bearer_auth(header),
        get(&format!("/api/v1/token?access_token={asked}")),
        get(&format!("/settings/api-access?q={asked}")),
        get(&format!("/nowhere/{asked}?token={asked}")),
        get(&format!("/invitations/{code}")),
        get(&format!("/invitations/{code}/nowhere?code={code}")),
        get(&format!("/setup?code={setup}")),
        client
            .post(format!("{}/invitations/{code}", server.url))
            .body(code.to_owned()),
    ]
}

/// An invitation's code.
fn invite(place: &Place, email: &str) -> String {
    let email = format!("--email={email}");
    let invite = [
        "user",
        "create",
        "--organization=northwind",
        "--name=Grace",
        "--role=admin",
    ];
    let link = place.run(&[&invite[..], &[&email]].concat()).succeeded();
    link.trim_end().rsplit('/').next().unwrap().to_owned()
}

async fn password_hashes(scratch: &Scratch) -> Vec<String> {
    let data = scratch.data();
    let cluster = tokio::task::spawn_blocking(move || Cluster::open(&data).unwrap());
    let address = cluster.await.unwrap().connection();
    let hashes = query(&address, "SELECT password_hash FROM users").await;
    hashes.iter().map(|row| row.get(0)).collect()
}

/// The line with the secret as text, or as bytes in decimal, as Rust shows them.
fn leak<'a>(log: &'a str, secret: &str) -> Option<&'a str> {
    let bytes = format!("{:?}", secret.as_bytes());
    let bytes = bytes.trim_matches(['[', ']']);
    log.lines()
        .find(|line| line.contains(secret) || line.contains(bytes))
}

/// The user and password of `Authorization: Basic`, as they are sent.
fn basic(user: &str, password: &str) -> String {
    let request = Client::new()
        .get("http://localhost")
        .basic_auth(user, Some(password));
    let request = request.build().unwrap();
    let value = request.headers()["authorization"].to_str().unwrap();
    value.trim_start_matches("Basic ").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gate_answers_is_a_line_for_those_who_look_closer() {
    let place = place().await;
    found(&place);
    let secret = token(&place, &["--name=Okta", "--scope=all"]);
    for (log, lines) in [("info", 0), ("tokendesk=debug", 1)] {
        let server = place.serve_with(&[&format!("--log={log}")]);
        assert_eq!(server.asked_by(&secret).await.status(), 200);
        let said = server.stop().errors;
        let found = said.lines().filter(|line| line.contains("/api/v1/token"));
        assert_eq!(found.count(), lines, "LOG={log}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_line_with_its_route() {
    let server = place().await.serve();
    let page = server.browser().visit("/setup?code=nonsense").await;
    let id = page.headers["x-request-id"].to_str().unwrap().to_owned();
    let said = server.stop().errors;
    let line = said.lines().find(|line| line.contains(&id)).unwrap();
    assert!(
        line.contains("answered") && line.contains("route=\"/setup\""),
        "{line}"
    );
    assert!(!said.contains('\u{1b}'), "colours are for terminals");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_logs_are_an_object_a_line() {
    let place = place().await;
    let server = place.serve_with(&["--log-format=json", "--log=debug"]);
    let page = server.browser().visit("/nowhere?x=\u{1f511}\n").await;
    assert_eq!(page.status, 404);
    let id = page.headers["x-request-id"].to_str().unwrap().to_owned();
    let said = server.stop().errors;
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    for line in &lines {
        for field in ["timestamp", "level", "target"] {
            assert!(line[field].is_string(), "no {field} in {line}");
        }
    }
    let answered = lines
        .iter()
        .find(|line| line["id"] == id && line["message"] == "answered");
    assert_eq!(answered.unwrap()["status"], 404);
}
