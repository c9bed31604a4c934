//! `POST /api/v1/verify`.

use chrono::TimeDelta;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokendesk::access::{Actor, Role};
use tokendesk::catalogue::{Scope, create_product};
use tokendesk::members::queries::deactivate;
use tokendesk::tokens::overlap::Overlap;
use tokendesk::tokens::{Ranges, Secret, Transition, queries};

use crate::support::App;

pub async fn verifier(app: &App) -> Secret {
    let verifier = app.token_with("Verifier", |new| {
        new.scopes = Some([Scope::TokensVerify].into_iter().collect());
    });
    verifier.await.1
}

async fn send(app: &App, caller: &Secret, body: impl Into<reqwest::Body>) -> Response {
    Client::new()
        .post(format!("{}/api/v1/verify", app.url))
        .bearer_auth(caller.reveal())
        .body(body)
        .send()
        .await
        .unwrap()
}

async fn verify(app: &App, caller: &Secret, query: &Value) -> Value {
    let response = send(app, caller, query.to_string()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_told_whose_token_it_was_sent() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    let (token, secret) = app
        .token_with("Reader", |new| {
            new.scopes = Some([Scope::ConnectRead].into_iter().collect());
            new.ranges = Ranges::parse("198.51.100.0/24").unwrap();
            new.expires_at = Some(app.now() + TimeDelta::days(30));
        })
        .await;
    let token_of = |more: Value| {
        let mut query = json!({ "token": secret.reveal() });
        let query_fields = query.as_object_mut().unwrap();
        query_fields.extend(more.as_object().unwrap().clone());
        query
    };
    let answer = verify(&app, &caller, &token_of(json!({}))).await;
    assert_eq!(answer["valid"], true);
    assert_eq!(answer["code"], "valid");
    assert_eq!(answer["id"], token.id.to_string());
    assert_eq!(answer["name"], "Reader");
    assert_eq!(answer["organization"]["name"], "Northwind");
    assert_eq!(answer["product"], Value::Null);
    assert_eq!(answer["scopes"], json!(["connect:read"]));
    assert_eq!(answer["expires_at"], "2026-12-22T14:00:00Z");
    assert!(!answer.to_string().contains(secret.reveal()));

    let request = |method, path| json!({ "method": method, "path": path });
    for (more, code) in [
        (json!({ "ip": "198.51.100.7" }), "valid"),
        (json!({ "ip": "::ffff:198.51.100.7" }), "valid"),
        (json!({ "ip": "203.0.113.9" }), "ip_not_allowed"),
        (json!({ "product": "app" }), "valid"),
        (json!({ "scope": "connect:read" }), "valid"),
        (json!({ "scope": "admin:read" }), "insufficient_scope"),
        (request("GET", "/api/agent-base"), "valid"),
        (request("HEAD", "/api/agent-base?page=2"), "valid"),
        (request("DELETE", "/api/agent-base/1"), "insufficient_scope"),
        (request("GET", "/elsewhere"), "unknown_resource"),
        (request("GET", "/api/%2e%2e/x"), "unknown_resource"),
        (json!({ "tool": "list_widgets" }), "insufficient_scope"),
        (json!({ "tool": "no_such_tool" }), "unknown_resource"),
    ] {
        let answer = verify(&app, &caller, &token_of(more.clone())).await;
        assert_eq!(answer["code"], code, "{more}");
        assert_eq!(answer["valid"], code == "valid", "{more}");
    }
}

/// The reasons that are the token's own.
#[tokio::test(flavor = "multi_thread")]
async fn each_reason_has_a_code() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    app.add_member(app.organization, "bo@northwind.example", Role::Member)
        .await;
    let ask = async |secret: &Secret, product: Option<&str>| {
        let question = json!({ "token": secret.reveal(), "product": product });
        verify(&app, &caller, &question).await
    };
    let code = async |secret: &Secret| ask(secret, None).await["code"].clone();
    let (app, actor) = (&app, &Actor::command_line(app.organization));
    let apply = async |name: &str, transition| {
        let (token, secret) = app.token(name).await;
        assert_eq!(code(&secret).await, "valid");
        let connection = &mut *app.database().get().await.unwrap();
        let done = queries::apply(connection, actor, token.key(), transition, app.now());
        done.await.map(drop).unwrap();
        secret
    };
    let disabled = apply("Disabled", Transition::Disabling).await;
    let revoked = apply("Revoked", Transition::Revocation).await;
    let deleted = apply("Deleted", Transition::Deletion).await;
    let (_, expired) = app
        .token_with("Expired", |new| {
            new.expires_at = Some(app.now() + TimeDelta::hours(1));
        })
        .await;
    let (token, retired) = app.token("Rotated").await;
    let connection = &mut *app.database().get().await.unwrap();
    let key = token.id.into();
    let rotated = queries::rotate(connection, actor, key, 1, Overlap::None, app.now()).await;
    let product = create_product(connection, actor, "Storefront", "store", app.now()).await;
    let (_, linked) = app
        .token_with("Linked", |new| new.product = Some(product.unwrap()))
        .await;
    let (_, personal) = app.mcp_token("bo@northwind.example", "Claude").await;
    assert_eq!(code(&expired).await, "valid");
    app.state.clock.advance(TimeDelta::hours(1));
    app.settle().await;
    for (secret, expected) in [
        (&disabled, "disabled"),
        (&revoked, "revoked"),
        (&deleted, "unknown"),
        (&expired, "expired"),
        (&retired, "retired"),
        (&rotated.unwrap().secret, "valid"),
    ] {
        assert_eq!(code(secret).await, expected);
    }
    let answer = ask(&linked, Some("store")).await;
    assert_eq!(
        (&answer["code"], &answer["product"]["key"]),
        (&json!("valid"), &json!("store"))
    );
    assert_eq!(ask(&linked, Some("other")).await["code"], "wrong_product");
    let answer = ask(&personal, None).await;
    assert_eq!(answer["code"], "valid");
    assert_eq!(answer["owner"]["email"], "bo@northwind.example");
    let owner = app.user("bo@northwind.example").await;
    let left = deactivate(connection, actor, owner, None, app.now());
    left.await.map(drop).unwrap();
    app.settle().await;
    assert_eq!(code(&personal).await, "owner_inactive");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_others_and_nonsense_are_unknown() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    let other = app.another_organization("Contoso").await;
    let (_, theirs) = app.token_of(other, "Theirs", |_| {}).await;
    let never_issued = Secret::generate("wxt");
    for token in [theirs.reveal(), never_issued.reveal(), "nonsense", ""] {
        let answer = verify(&app, &caller, &json!({ "token": token })).await;
        assert_eq!(answer, json!({ "valid": false, "code": "unknown" }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_answered_in_their_order_and_each_is_explained() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    let (_, secret) = app.token("Okta").await;
    let queries = json!([
        { "token": "nonsense", "explain": true },
        { "token": secret.reveal(), "explain": true, "scope": "render" },
        { "token": secret.reveal() },
    ]);
    let answers = verify(&app, &caller, &queries).await;
    let outcomes = |at: usize| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let checks = answers[at]["checks"].as_array().unwrap().iter();
        checks
            .map(|check| (text(&check["check"]), text(&check["outcome"])))
            .collect()
    };
    let unknown = outcomes(0);
    assert_eq!(unknown[0], ("known".to_owned(), "failed".to_owned()));
    assert!(
        unknown[1..]
            .iter()
            .all(|(_, outcome)| outcome == "not_reached")
    );
    let valid = outcomes(1);
    assert_eq!(valid.len(), unknown.len());
    assert!(valid.contains(&("scope".to_owned(), "passed".to_owned())));
    assert!(valid.contains(&("address".to_owned(), "not_asked".to_owned())));
    assert_eq!(answers[1]["code"], "valid");
    assert_eq!(answers[2]["checks"], Value::Null);
    assert_eq!(verify(&app, &caller, &json!([])).await, json!([]));
}

/// As many as there may be, each as long as it may be.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_long_secrets_are_asked_about_at_once() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    let path = format!("/{}", "x".repeat(4_000));
    let queries: Vec<Value> = (0..100)
        .map(|number| {
            let token = format!("{number:0>4}{}", "\"\\".repeat(1_022));
            json!({ "token": token, "method": "GET", "path": path })
        })
        .collect();
    let told = verify(&app, &caller, &Value::from(queries)).await;
    let told = told.as_array().unwrap();
    assert_eq!(told.len(), 100);
    assert!(told.iter().all(|it| it["code"] == "unknown"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_is_named_by_its_field() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    let secret = Secret::generate("wxt");
    let many = vec![json!({ "token": "x" }); 101];
    let quoted = format!("\"{}\"", secret.reveal());
    for (body, status, field) in [
        ("{", 400, None),
        ("", 400, None),
        ("{\"token\":\"x\"} 1", 400, None),
        (&*quoted, 422, Some(".")),
        ("{}", 422, Some("token")),
        (r#"{"token":5}"#, 422, Some("token")),
        (r#"{"token":"x","ip":"300.1.1.1"}"#, 422, Some("ip")),
        (r#"{"token":"x","scope":"everything"}"#, 422, Some("scope")),
        (r#"{"token":"x","adress":"x"}"#, 422, Some("adress")),
        (r#"{"token":"x","method":"GET"}"#, 422, Some("path")),
        (r#"{"token":"x","path":"/"}"#, 422, Some("method")),
        (
            r#"{"token":"x","scope":"all","tool":"x"}"#,
            422,
            Some("scope"),
        ),
        (
            r#"[{"token":"x"},{"token":"x","ip":4}]"#,
            422,
            Some("[1].ip"),
        ),
        (r#"[{"token":"x"},{}]"#, 422, Some("[1].token")),
        (
            r#"[{"token":"x"},{"token":"x","path":"/"}]"#,
            422,
            Some("[1].method"),
        ),
        (&*json!(many).to_string(), 422, Some("[100]")),
    ] {
        let response = send(&app, &caller, body.to_owned()).await;
        assert_eq!(response.status(), status, "{body}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["field"].as_str(), field, "{body}: {problem}");
        assert!(!problem.to_string().contains(secret.reveal()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_needs_the_scope_for_it() {
    let app = App::start().await;
    let (_, reader) = app
        .token_with("Reader", |new| {
            new.scopes = Some([Scope::AdminRead].into_iter().collect());
        })
        .await;
    let response = send(&app, &reader, "{}").await;
    assert_eq!(response.status(), 403);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert_eq!(
        challenge,
        r#"Bearer realm="tokendesk", error="insufficient_scope", scope="tokens:verify""#
    );
    let without = Client::new().post(format!("{}/api/v1/verify", app.url));
    assert_eq!(without.send().await.unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_tokens_uses_are_counted() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    let (_, secret) = app.token("Okta").await;
    let token = secret.reveal();
    let queries = json!([
        { "token": token, "ip": "198.51.100.7", "method": "GET", "path": "/api/agent-base" },
        { "token": token, "ip": "198.51.100.9", "method": "GET", "path": "/elsewhere" },
        { "token": token },
    ]);
    verify(&app, &caller, &queries).await;
    app.flush().await;
    let rows = app
        .sql(
            "SELECT t.name, u.code, u.operation, host(u.network), u.calls \
             FROM usage_hours u JOIN tokens t ON t.id = u.token_id ORDER BY 1, 2, 3",
        )
        .await;
    let rows: Vec<(String, String, String, String, i64)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)))
        .collect();
    let own = "POST /api/v1/verify";
    let expected = [
        ("Okta", "unknown_resource", own, "198.51.100.0"),
        ("Okta", "valid", "Agents: list", "198.51.100.0"),
        ("Okta", "valid", own, "127.0.0.0"),
        ("Verifier", "valid", own, "127.0.0.0"),
    ];
    let expected = expected.map(|(name, code, operation, network)| {
        let [name, code, operation, network] = [name, code, operation, network].map(str::to_owned);
        (name, code, operation, network, 1)
    });
    assert_eq!(rows, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_about_one_token_is_warned_of_its_expiry() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    let ends_in = async |days| {
        let (_, secret) = app
            .token_with(&format!("Ends in {days}"), |new| {
                new.expires_at = Some(app.now() + TimeDelta::days(days));
                new.ranges = Ranges::parse("198.51.100.0/24").unwrap();
            })
            .await;
        secret
    };
    let warning = async |question: Value| {
        let response = send(&app, &caller, question.to_string()).await;
        let warning = response.headers().get("x-tokendesk-expires-at").cloned();
        warning.map(|value| value.to_str().unwrap().to_owned())
    };
    let (soon, later) = (ends_in(7).await, ends_in(8).await);
    let ask = |secret: &Secret| json!({ "token": secret.reveal() });
    let told = Some("2026-11-29T14:00:00Z".to_owned());
    assert_eq!(warning(ask(&soon)).await, told);
    assert_eq!(warning(ask(&later)).await, None);
    // Each of several says itself when it ends, and one that is no good does not matter.
    assert_eq!(warning(json!([ask(&soon)])).await, None);
    let elsewhere = json!({ "token": soon.reveal(), "ip": "203.0.113.9" });
    assert_eq!(warning(elsewhere).await, None);
}
