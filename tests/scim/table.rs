//! Every route of SCIM: who gets in, and who does not.

use reqwest::Method;
use serde_json::{Value, json};
use tokendesk::catalogue::Scope;
use tokendesk::tokens::draft::NewToken;

use super::provider::{GROUP, Provider, Said, USER};
use crate::support::app::ADA;
use crate::support::{App, things};

/// Method, path, and what whoever may is answered.
struct Route(&'static str, &'static str, u16);

const TABLE: &[Route] = &[
    Route("GET", "/Users", 200),
    Route("POST", "/Users", 201),
    Route("GET", "/Users/", 200),
    Route("POST", "/Users/", 201),
    Route("POST", "/Users/.search", 200),
    Route("GET", "/Users/{id}", 200),
    Route("PUT", "/Users/{id}", 200),
    Route("PATCH", "/Users/{id}", 200),
    Route("DELETE", "/Users/{id}", 204),
    Route("GET", "/Groups", 200),
    Route("POST", "/Groups", 201),
    Route("GET", "/Groups/", 200),
    Route("POST", "/Groups/", 201),
    Route("POST", "/Groups/.search", 200),
    Route("GET", "/Groups/{id}", 200),
    Route("PUT", "/Groups/{id}", 200),
    Route("PATCH", "/Groups/{id}", 204),
    Route("DELETE", "/Groups/{id}", 204),
    Route("GET", "/ServiceProviderConfig", 200),
    Route("GET", "/ResourceTypes", 200),
    Route("GET", "/ResourceTypes/{id}", 200),
    Route("GET", "/Schemas", 200),
    Route("GET", "/Schemas/{id}", 200),
    Route("ANY", "/Me", 501),
    Route("ANY", "/Bulk", 501),
    Route("POST", "/.search", 200),
];

/// Method and path of each, as mounted.
pub fn routes() -> impl Iterator<Item = String> {
    TABLE
        .iter()
        .map(|Route(method, path, _)| format!("{method} /scim/v2{path}"))
}

impl Route {
    fn kind(&self) -> &str {
        self.1.split('/').nth(1).unwrap_or_default()
    }

    /// Whether it is about something of an organisation's.
    fn is_about_one(&self) -> bool {
        self.1.contains("{id}") && matches!(self.kind(), "Users" | "Groups")
    }

    fn is_a_change(&self) -> bool {
        matches!(self.2, 201 | 204) || matches!(self.0, "PUT" | "PATCH")
    }

    /// The ID of something new with which it can be used.
    async fn thing(&self, provider: &Provider, name: &str) -> String {
        match self.kind() {
            "Users" => provider.user(&format!("{name}@northwind.example")).await,
            "Groups" => provider.group(name, &[]).await,
            "Schemas" => USER.to_owned(),
            _ => "User".to_owned(),
        }
    }

    /// What is sent, by which something changes where anything is changed.
    fn body(&self, name: &str) -> Option<Value> {
        let (schema, key, name) = match self.kind() {
            "Users" => (USER, "userName", format!("new-{name}@x.example")),
            _ => (GROUP, "displayName", format!("new-{name}")),
        };
        match self.0 {
            "POST" if self.1.ends_with("/.search") => Some(json!({ "count": 100 })),
            "POST" | "PUT" => Some(json!({ "schemas": [schema], key: name })),
            "PATCH" => Some(json!({ "Operations": [
                { "op": "replace", "path": key, "value": name },
            ] })),
            _ => None,
        }
    }

    async fn send(&self, provider: &Provider, id: &str, name: &str) -> Said {
        let method = Method::from_bytes(self.0.replace("ANY", "POST").as_bytes()).unwrap();
        let path = self.1.replace("{id}", id);
        let request = match self.body(name) {
            Some(body) => provider.with_body(method, &path, &body),
            None => provider.request(method, &path),
        };
        provider.send(request).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_good_credential_with_the_scope_gets_in_nowhere() {
    let app = App::start_with(&["--rate-limit-per-token=100000"]).await;
    let northwinds = Provider::new(&app).await;
    let mut refused = vec![
        (401, "", Provider::with(&app, "")),
        (401, "nonsense", Provider::with(&app, "wxt_nonsense")),
    ];
    for (status, why, secret) in things::bad_tokens(&app).await {
        refused.push((status, why, Provider::with(&app, secret.reveal())));
    }
    for scope in things::too_little_for(Scope::AdminScim) {
        let only = |new: &mut NewToken| {
            new.scopes = Some([scope].into_iter().collect());
        };
        let (_, secret) = app.token_with(scope.as_str(), only).await;
        let provider = Provider::with(&app, secret.reveal());
        refused.push((403, scope.as_str(), provider));
    }
    let (_, personal) = app.mcp_token(ADA, "Laptop").await;
    refused.push((403, "MCP", Provider::with(&app, personal.reveal())));
    for (number, route) in TABLE.iter().enumerate() {
        let name = format!("northwinds-{number}");
        let id = route.thing(&northwinds, &name).await;
        let before = app.contents().await;
        for (status, why, provider) in &refused {
            let said = route.send(provider, &id, &name).await;
            assert_eq!(said.status, *status, "{} {} {why}", route.0, route.1);
            let challenge = said.headers["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer realm="), "{why}: {challenge}");
            let told = said.body.to_string();
            assert!(!told.contains("northwinds-"), "{why}: {told}");
            said.refuse(*status, "");
        }
        assert_eq!(app.contents().await, before, "{} {}", route.0, route.1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_scope_gets_in_everywhere_in_their_own_organization() {
    const SECRET: &str = "a-secret-of-the-environment-for-tests";
    let flags = [
        "--rate-limit-per-token=100000",
        &format!("--auth-secret={SECRET}"),
        "--auth-secret-organization=northwind",
    ];
    let app = App::start_with(&flags).await;
    let contoso = app.another_organization("Contoso").await;
    let provider = Provider::new(&app).await;
    let theirs = Provider::of(&app, contoso).await;
    let with_secret = Provider::with(&app, SECRET);
    for (number, route) in TABLE.iter().enumerate() {
        let Route(method, path, status) = route;
        for (provider, name) in [(&provider, "token"), (&with_secret, "secret")] {
            let name = format!("northwinds-{name}-{number}");
            let id = route.thing(provider, &name).await;
            let before = app.contents().await;
            if route.is_about_one() {
                route.send(&theirs, &id, &name).await.refuse(404, "");
                assert_eq!(app.contents().await, before, "{method} {path}");
            } else if !route.is_a_change() {
                let told = route.send(&theirs, &id, &name).await.body.to_string();
                assert!(!told.contains("northwinds-"), "{method} {path}: {told}");
            }
            let said = route.send(provider, &id, &name).await;
            assert_eq!(said.status, *status, "{method} {path}: {}", said.body);
            let is_changed = app.contents().await != before;
            assert_eq!(is_changed, route.is_a_change(), "{method} {path}");
        }
    }
}

/// It may have waited for a connection since the gate let it in.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_only_the_gate_takes_for_good_provisions_nobody() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let user = provider.user("mei@northwind.example").await;
    let group = provider.group("Sales", &[&user]).await;
    let (user, group) = (format!("/Users/{user}"), format!("/Groups/{group}"));
    app.sql("ALTER TABLE tokens DISABLE TRIGGER announce_update")
        .await;
    // What makes the gate look again has been heard of.
    app.settle().await;
    provider.get(&user).await.expect(200);
    app.sql("UPDATE tokens SET standing = 'disabled'").await;
    let before = app.contents().await;
    let other = json!({ "userName": "jun@northwind.example", "displayName": "Support" });
    let patch = json!([{ "op": "replace", "value": { "externalId": "x" } }]);
    for said in [
        provider.post("/Users", &other).await,
        provider.post("/Groups", &other).await,
        provider.put(&user, &other).await,
        provider.put(&group, &other).await,
        provider.patch(&user, patch.clone()).await,
        provider.patch(&group, patch).await,
        provider.delete(&user).await,
        provider.delete(&group).await,
    ] {
        assert_eq!(said.status, 403);
    }
    assert_eq!(app.contents().await, before);
}
