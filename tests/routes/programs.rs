//! What programs ask that stands in no document: the gate's doors for proxies and assistants, and
//! what everybody may see.

use reqwest::{Client, Method, Response};
use serde_json::Value;

use crate::support::app::ADA;
use crate::support::{App, things};

/// Method and path, as mounted, and a path by which it is asked.
struct Door<'a>(&'a str, &'a str, &'a str);

/// Behind these the token decides.
const DOORS: &[Door<'static>] = &[
    Door("ANY", "/auth/forward", "/auth/forward?scope=widgets%3Aread"),
    Door(
        "ANY",
        "/auth/forward/{path:.*}",
        "/auth/forward/api/agent-base",
    ),
    Door(
        "ANY",
        "/auth/forward-with/{options}/{path:.*}",
        "/auth/forward-with/scope=widgets%3Aread/elsewhere",
    ),
    Door("POST", "/mcp", "/mcp"),
];

/// These are for everybody, and tell nothing of anybody.
const OPEN: &[Door<'static>] = &[
    Door("GET", "/assets/{hash}/{name}", "/assets/{style}"),
    Door("GET", "/docs/api", "/docs/api"),
    Door("GET", "/openapi.json", "/openapi.json"),
    Door("GET", "/healthz", "/healthz"),
    Door("GET", "/readyz", "/readyz"),
    Door("GET", "/metrics", "/metrics"),
    Door(
        "GET",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource",
    ),
    Door(
        "GET",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource/mcp",
    ),
    Door("POST", "/register", "/register"),
];

/// Method and path of each, as mounted.
pub fn routes() -> impl Iterator<Item = String> {
    let all = DOORS.iter().chain(OPEN);
    all.map(|Door(method, path, _)| format!("{method} {path}"))
}

impl Door<'_> {
    async fn ask(&self, app: &App, secret: &str) -> Response {
        let Self(method, _, path) = self;
        let method = Method::from_bytes(method.replace("ANY", "GET").as_bytes()).unwrap();
        let mut request = Client::new().request(method, format!("{}{path}", app.url));
        if !secret.is_empty() {
            request = request.bearer_auth(secret);
        }
        let message = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;
        let request = request
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(message);
        request.send().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_door_opens_to_a_token_that_is_no_good() {
    let app = App::start().await;
    let secrets = things::bad_tokens(&app).await;
    let bad = secrets
        .iter()
        .map(|(status, code, secret)| (*status, *code, secret.reveal()));
    let nonsense = [(401, "missing", ""), (401, "unknown", "wxt_nonsense")];
    let bad: Vec<_> = bad.chain(nonsense).collect();
    let (all, personal) = (
        app.token("All").await.1,
        app.mcp_token(ADA, "Laptop").await.1,
    );
    things::load_catalogue(&app, app.organization).await;
    let before = app.contents().await;
    for door in DOORS {
        for (status, code, secret) in &bad {
            let answer = door.ask(&app, secret).await;
            assert_eq!(answer.status(), *status, "{} {code}", door.1);
            let problem: Value = answer.json().await.unwrap();
            assert_eq!(problem["code"], *code, "{}: {problem}", door.1);
        }
        let good = if door.1 == "/mcp" { &personal } else { &all };
        let answer = door.ask(&app, good.reveal()).await;
        let status = answer.status();
        let told = answer.text().await.unwrap();
        assert_eq!(status, 200, "{}: {told}", door.1);
    }
    assert_eq!(app.contents().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_everybody_may_see_tells_nothing_of_anybody() {
    let app = App::start().await;
    let (token, secret) = app.token("Northwinds own").await;
    let style = app.browser().visit("/sign-in").await;
    let style = style.attributes("link[rel=stylesheet]", "href").remove(0);
    let ids = [token.id.to_string(), app.organization.to_string()];
    let before = app.contents().await;
    for Door(method, route, path) in OPEN {
        let path = path.replace("/assets/{style}", &style);
        for secret in ["", secret.reveal()] {
            let answer = Door(method, route, &path).ask(&app, secret).await;
            let status = if *route == "/register" { 400 } else { 200 };
            assert_eq!(answer.status(), status, "{route}");
            let told = answer.text().await.unwrap();
            for own in [&ids[0], &ids[1], &token.name, ADA, &token.display] {
                assert!(!told.contains(own), "{route} tells {own}");
            }
        }
    }
    assert_eq!(app.contents().await, before);
}
