//! `POST /oauth/introspect` (RFC 7662).

use chrono::TimeDelta;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokendesk::access::Actor;
use tokendesk::catalogue::{Scope, create_product};
use tokendesk::tokens::{Ranges, Secret};

use super::verify::verifier;
use crate::support::App;

fn request(app: &App, form: &[(&str, &str)]) -> RequestBuilder {
    Client::new()
        .post(format!("{}/oauth/introspect", app.url))
        .form(form)
}

async fn introspect(app: &App, caller: &Secret, form: &[(&str, &str)]) -> Value {
    let request = request(app, form).bearer_auth(caller.reveal());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let warning = response.headers().get("x-tokendesk-expires-at").cloned();
    let answer: Value = response.json().await.unwrap();
    let is_soon = answer["active"] == true && answer["exp"].is_number();
    assert_eq!(warning.is_some(), is_soon, "{warning:?} {answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_token_is_described() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    let (token, secret) = app
        .token_with("Okta", |new| {
            new.scopes = Some([Scope::AdminScim, Scope::ConnectRead].into_iter().collect());
            new.expires_at = Some(app.now() + TimeDelta::days(1));
        })
        .await;
    let form = [
        ("token", secret.reveal()),
        ("token_type_hint", "access_token"),
    ];
    let expected = json!({
        "active": true,
        "scope": "admin:scim connect:read",
        "client_id": token.id.to_string(),
        "username": "Okta",
        "sub": token.id.to_string(),
        "iss": app.url,
        "exp": 1_795_442_400,
        "iat": 1_795_356_000,
        "token_type": "Bearer",
    });
    assert_eq!(introspect(&app, &caller, &form).await, expected);
    let by_basic = request(&app, &form).basic_auth("service", Some(caller.reveal()));
    let answer: Value = by_basic.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_and_what_for_it_is_stands_in_username_sub_and_aud() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    let connection = &mut *app.database().get().await.unwrap();
    let actor = Actor::command_line(app.organization);
    let product = create_product(connection, &actor, "Storefront", "store", app.now()).await;
    let (token, linked) = app
        .token_with("Linked", |new| new.product = Some(product.unwrap()))
        .await;
    let answer = introspect(&app, &caller, &[("token", linked.reveal())]).await;
    assert_eq!(answer["aud"], "store");
    assert_eq!(answer["sub"], token.id.to_string());
    assert_eq!(answer["scope"], "all");
    assert_eq!(answer["exp"], Value::Null);
    let (token, personal) = app.mcp_token("ada@northwind.example", "Claude").await;
    let answer = introspect(&app, &caller, &[("token", personal.reveal())]).await;
    assert_eq!(answer["client_id"], token.id.to_string());
    assert_eq!(answer["username"], "ada@northwind.example");
    let ada = app.user("ada@northwind.example").await;
    assert_eq!(answer["sub"], ada.to_string());
    assert_eq!(answer["aud"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_not_usable_nothing_is_told() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    let inactive = json!({ "active": false });
    let other = app.another_organization("Contoso").await;
    let (_, theirs) = app.token_of(other, "Theirs", |_| {}).await;
    for token in [
        theirs.reveal(),
        "nonsense",
        Secret::generate("wxt").reveal(),
    ] {
        assert_eq!(
            introspect(&app, &caller, &[("token", token)]).await,
            inactive
        );
    }
    let (_, bound) = app
        .token_with("Bound", |new| {
            new.ranges = Ranges::parse("198.51.100.0/24").unwrap();
            new.expires_at = Some(app.now() + TimeDelta::days(1));
        })
        .await;
    let from = async |ip: &str| {
        let form = [("token", bound.reveal()), ("ip", ip)];
        introspect(&app, &caller, &form).await["active"] == true
    };
    assert!(from("198.51.100.7").await && !from("203.0.113.9").await);
    app.state.clock.advance(TimeDelta::days(1));
    assert!(!from("198.51.100.7").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_wrongly_is_told_so() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    for form in [
        &[("tokens", "x")][..],
        &[("token", "x"), ("token", "y")],
        &[("token", "x"), ("ip", "here")],
    ] {
        let request = request(&app, form).bearer_auth(caller.reveal());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 400);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"], "invalid_request");
    }
    let anonymous = request(&app, &[("token", "x")]).send().await.unwrap();
    assert_eq!(anonymous.status(), 401);
    assert!(anonymous.headers().contains_key("www-authenticate"));
    let get = Client::new().get(format!("{}/oauth/introspect", app.url));
    assert_eq!(get.send().await.unwrap().status(), 405);
}
