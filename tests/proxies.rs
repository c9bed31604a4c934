//! Real proxies, with the very configurations that are in `docs/proxies`, between a client and
//! a service that tells what it got.

mod proxy;
mod upstream;

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tokendesk::access::Actor;
use tokendesk::catalogue::{Scope, create_product};
use tokendesk::tokens::{Ranges, Secret};
use tokio::time::timeout;

use self::proxy::{Kind, Proxy};
use self::upstream::Upstream;
use crate::support::app::ADA;
use crate::support::{App, Place};

/// The client is another machine than the proxy, as far as anybody can tell.
const CLIENT: &str = "127.0.0.9";

/// A proxy in front of a service, and the gate that it asks.
struct Street {
    app: App,
    upstream: Upstream,
    proxy: Proxy,
}

impl Street {
    async fn open(kind: Kind) -> Self {
        let app = App::start_with(&["--trusted-proxies=127.0.0.1"]).await;
        let upstream = Upstream::start();
        let proxy = Proxy::start(kind, &app.url, &upstream.url).await;
        Self {
            app,
            upstream,
            proxy,
        }
    }

    fn request(&self, method: &str, path: &str, secret: Option<&Secret>) -> RequestBuilder {
        let client = Client::builder().local_address(Some(CLIENT.parse().unwrap()));
        let client = client.no_proxy().build().unwrap();
        let url = format!("{}{path}", self.proxy.url);
        let request = client.request(method.parse().unwrap(), url);
        match secret {
            Some(secret) => request.bearer_auth(secret.reveal()),
            None => request,
        }
    }

    async fn status(&self, method: &str, path: &str, secret: Option<&Secret>) -> u16 {
        let response = self.request(method, path, secret).send().await.unwrap();
        response.status().as_u16()
    }

    /// A path just as it is, with dots and all, which HTTP clients would tidy up.
    async fn raw(&self, path: &str, secret: &Secret) -> u16 {
        let bearer = format!("Authorization: Bearer {}\r\n", secret.reveal());
        proxy::raw(&self.proxy.url, path, &bearer).await
    }

    async fn reader(&self, name: &str, ranges: &str) -> Secret {
        let reader = self.app.token_with(name, |new| {
            new.scopes = Some([Scope::ConnectRead].into_iter().collect());
            new.ranges = Ranges::parse(ranges).unwrap();
        });
        reader.await.1
    }
}

const LIST: &str = "/api/agent-base";

async fn try_all(kind: Kind) {
    let street = Street::open(kind).await;
    let reader = &street.reader("Reader", "127.0.0.9").await;
    good(&street, reader).await;
    places(&street, reader).await;
    bad(&street, reader).await;
    spoofed(&street, reader).await;
    paths(&street, reader).await;
    products(&street, kind).await;
    tools(&street).await;
    rest(&street, reader, kind).await;
    gate_down(street, reader).await;
}

async fn good(street: &Street, reader: &Secret) {
    let sent = street
        .request("GET", "/api/agent-base/x?page=2&y=%2F", Some(reader))
        .header("x-tokendesk-user", "root@northwind.example")
        .header("x-tokendesk-scopes", "all")
        .header("X-Tokendesk-Product", "other")
        .header("X_Tokendesk_User", "root@northwind.example")
        .header("X-Tokendesk_Scopes", "all")
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 200);
    let got: Value = sent.json().await.unwrap();
    assert_eq!(got["method"], "GET");
    assert_eq!(got["target"], "/api/agent-base/x?page=2&y=%2F");
    let header = |name: &str| got["headers"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(header("x-tokendesk-scopes"), "connect:read");
    assert_eq!(header("x-tokendesk-organization"), "northwind");
    assert_eq!(header("x-tokendesk-token").len(), 36);
    assert_eq!(
        header("x-tokendesk-user"),
        "",
        "what the client said of itself"
    );
    assert_eq!(header("x-tokendesk-product"), "");
    let mut names = got["headers"].as_object().unwrap().keys();
    let like_ours = names.find(|name| name.contains('_') && name.contains("tokendesk"));
    assert_eq!(like_ours, None);
    assert_eq!(street.status("HEAD", LIST, Some(reader)).await, 200);
}

/// A token may be in any of its places, and in one of them.
async fn places(street: &Street, reader: &Secret) {
    let token = reader.reveal();
    let request = |secret| street.request("GET", LIST, secret);
    for request in [
        request(None).header("X-API-Token", token),
        request(None).basic_auth("anybody", Some(token)),
    ] {
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let before = street.upstream.seen().len();
    let twice = request(Some(reader)).header("X-API-Token", token).send();
    assert_eq!(twice.await.unwrap().status(), 401);
    assert_eq!(street.upstream.seen().len(), before);
}

async fn bad(street: &Street, reader: &Secret) {
    let never_issued = Secret::generate("wxt");
    let elsewhere = street.reader("Elsewhere", "198.51.100.0/24").await;
    for (method, path, secret, status) in [
        ("GET", LIST, None, 401),
        ("GET", LIST, Some(&never_issued), 401),
        ("GET", LIST, Some(&elsewhere), 403),
        ("DELETE", "/api/agent-base/x", Some(reader), 403),
        ("POST", "/api/agent-base", Some(reader), 403),
        ("GET", "/elsewhere", Some(reader), 403),
        ("OPTIONS", LIST, None, 401),
    ] {
        let response = street.request(method, path, secret).send().await.unwrap();
        assert_eq!(response.status(), status, "{method} {path}");
        if status == 401 {
            let challenge = response.headers()["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer "), "{challenge}");
        }
    }
    let (token, revoked) = street.app.token("Revoked").await;
    assert_eq!(street.status("GET", LIST, Some(&revoked)).await, 200);
    let ada = street.app.ada().await;
    let address = format!("{}/revocation", token.path());
    let form = ada.visit(&address).await.form(&address);
    assert_eq!(form.submit().await.status, 200);
    assert_eq!(street.status("GET", LIST, Some(&revoked)).await, 401);
    let got = street.upstream.seen();
    assert!(
        got.iter().all(|target| !target.contains("elsewhere")),
        "{got:?}"
    );
}

/// What a client says of itself changes nothing, or has it denied.
async fn spoofed(street: &Street, reader: &Secret) {
    let elsewhere = street.reader("Far away", "198.51.100.0/24").await;
    let from = street.request("GET", LIST, Some(&elsewhere));
    let from = from.header("x-forwarded-for", "198.51.100.7").send().await;
    assert_eq!(from.unwrap().status(), 403);
    for (name, value) in [
        ("x-forwarded-uri", LIST),
        ("x-original-uri", LIST),
        ("x-original-url", LIST),
        ("x-forwarded-method", "GET"),
        ("x-original-method", "GET"),
        ("x-forwarded-prefix", LIST),
    ] {
        for (method, path) in [("GET", "/elsewhere"), ("DELETE", "/api/agent-base/x")] {
            let request = street.request(method, path, Some(reader));
            let response = request.header(name, value).send().await.unwrap();
            assert_eq!(response.status(), 403, "{method} {path} with {name}");
        }
    }
    // Nor is anything that the gate says taken away on the way, or said in its place.
    let named = "x-tokendesk-organization, x-tokendesk-scopes, x-tokendesk-token";
    let request = street.request("GET", LIST, Some(reader));
    let request = request.header("connection", format!("close, {named}"));
    let request = request.header("x-tokendesk-expires-at", "2099-01-01T00:00:00Z");
    let response = request.send().await.unwrap();
    if response.status() != 400 {
        assert_eq!(response.status(), 200);
        let got: Value = response.json().await.unwrap();
        let header = |name: &str| got["headers"][name].as_str().unwrap_or_default().to_owned();
        assert_eq!(header("x-tokendesk-scopes"), "connect:read");
        assert_eq!(header("x-tokendesk-organization"), "northwind");
        assert_eq!(header("x-tokendesk-token").len(), 36);
        assert_eq!(header("x-tokendesk-expires-at"), "");
    }
    let request = street.request("GET", LIST, Some(reader));
    let request = request.header("x-tokendesk-expires-at", "2099-01-01T00:00:00Z");
    let got: Value = request.send().await.unwrap().json().await.unwrap();
    let said = got["headers"]["x-tokendesk-expires-at"].as_str();
    assert_eq!(said.unwrap_or_default(), "");
    let query = "/elsewhere?unmatched=allow&organization=any&scope=connect:read";
    assert_eq!(street.status("GET", query, Some(reader)).await, 403);
}

async fn paths(street: &Street, reader: &Secret) {
    assert_eq!(street.raw(LIST, reader).await, 200);
    for path in [
        "/api/agent-base/../../elsewhere",
        "/api/agent-base/%2e%2e/%2e%2e/elsewhere",
        "/api/agent-base/..%2f..%2felsewhere",
        "/api/agent-base/x%00",
        "/api/agent-base;x=/../../elsewhere",
        "/elsewhere/%2e%2e/api/agent-base",
        "/elsewhere/..;/api/agent-base",
        "//elsewhere/../api//agent-base",
        "/elsewhere\\..\\api\\agent-base",
        "/unmatched=allow/../elsewhere",
    ] {
        let before = street.upstream.seen().len();
        let status = street.raw(path, reader).await;
        // A proxy may tidy the path up, for the gate and the service alike.
        let is_tidied = street.upstream.seen()[before..] == [LIST];
        let is_denied = (400..600).contains(&status) && street.upstream.seen().len() == before;
        assert!(is_denied || status == 200 && is_tidied, "{path}: {status}");
    }
}

async fn products(street: &Street, kind: Kind) {
    let app = &street.app;
    let secret = {
        let connection = &mut *app.database().get().await.unwrap();
        let actor = Actor::command_line(app.organization);
        let product = create_product(connection, &actor, "Other", "other", app.now());
        let product = product.await.unwrap();
        let linked = app.token_with("Linked", |new| new.product = Some(product));
        linked.await.1
    };
    assert_eq!(street.status("GET", LIST, Some(&secret)).await, 200);
    let (_, laptop) = app.mcp_token(ADA, "Laptop").await;
    let ask = async |option: &str, secret: &Secret| {
        let proxy = Proxy::start_with(kind, &app.url, &street.upstream.url, option).await;
        let client = Client::builder().no_proxy().build().unwrap();
        let request = client.get(format!("{}{LIST}", proxy.url));
        let response = request.bearer_auth(secret.reveal()).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json::<Value>().await.unwrap_or_default())
    };
    assert_eq!(ask("product=storefront", &secret).await.0, 403);
    for (option, secret, header, told) in [
        ("product=other", &secret, "x-tokendesk-product", "other"),
        ("scope=render", &laptop, "x-tokendesk-user", ADA),
    ] {
        let (status, got) = ask(option, secret).await;
        assert_eq!(status, 200, "{option}");
        assert_eq!(got["headers"][header], told, "{option}");
    }
}

/// What a request to an MCP server calls stands in a header, and needs the tool's scope.
async fn tools(street: &Street) {
    let app = &street.app;
    let ada = app.ada().await;
    let form = ada.visit("/settings/mcp-servers/new").await;
    let form = form.form("/settings/mcp-servers").fill("name", "widgets");
    let form = form.fill("url", "https://widgets.example.com/mcp");
    assert_eq!(form.submit().await.status, 200);
    let widgets = app.token_with("Widgets", |new| {
        new.scopes = Some([Scope::WidgetsRead].into_iter().collect());
    });
    let (_, widgets) = widgets.await;
    let call = async |path: &str, names: &[(&str, &str)]| {
        let mut request = street.request("POST", path, Some(&widgets));
        for (name, value) in names {
            request = request.header(*name, *value);
        }
        request.body("{}").send().await.unwrap()
    };
    let now = ("Mcp-Protocol-Version", "2026-07-28");
    let (method, list) = (("Mcp-Method", "tools/call"), ("Mcp-Name", "list_widgets"));
    let response = call("/mcp", &[now, method, list, ("Mcp_Name", "delete_widget")]).await;
    assert_eq!(response.status(), 200);
    let got: Value = response.json().await.unwrap();
    assert_eq!(got["headers"]["mcp-name"], "list_widgets");
    let delete = ("Mcp-Name", "delete_widget");
    for names in [
        &[now, method, delete][..],
        &[],
        &[now, method, list, delete],
        &[now, ("Mcp-Method", "prompts/get"), list],
        &[("Mcp-Protocol-Version", "2025-06-18"), method, list],
    ] {
        assert_eq!(call("/mcp", names).await.status(), 403, "{names:?}");
    }
    assert_eq!(call("/elsewhere", &[now, method, list]).await.status(), 403);
}

/// Bodies pass as they are, preflights where a resource says so, and with `organization=any` the
/// tokens of all.
async fn rest(street: &Street, reader: &Secret, kind: Kind) {
    let app = &street.app;
    let (_, writer) = app.token("Writer").await;
    let body = "x".repeat(300_000);
    let sent = street.request("POST", "/api/agent-base", Some(&writer));
    let sent = sent.body(body.clone()).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    let got: Value = sent.json().await.unwrap();
    assert_eq!(got["body"].as_str().map(str::len), Some(body.len()));

    app.sql("UPDATE resources SET preflight = true WHERE name = 'Agents'")
        .await;
    app.settle().await;
    assert_eq!(street.status("OPTIONS", LIST, None).await, 200);
    assert_eq!(street.status("GET", LIST, None).await, 401);
    assert_eq!(
        street.status("OPTIONS", "/api/knowledge-base", None).await,
        401
    );

    let other = app.another_organization("Contoso").await;
    let (_, theirs) = app.token_of(other, "Theirs", |_| {}).await;
    assert_eq!(street.status("GET", LIST, Some(&theirs)).await, 401);
    let any = Proxy::start_for_any(kind, &app.url, &street.upstream.url).await;
    for (secret, slug) in [(&theirs, "contoso"), (reader, "northwind")] {
        let request = Client::builder()
            .no_proxy()
            .local_address(Some(CLIENT.parse().unwrap()));
        let request = request.build().unwrap().get(format!("{}{LIST}", any.url));
        let got = request.bearer_auth(secret.reveal()).send().await.unwrap();
        let got: Value = got.json().await.unwrap();
        assert_eq!(got["headers"]["x-tokendesk-organization"], slug);
    }
}

async fn gate_down(street: Street, reader: &Secret) {
    let before = street.upstream.seen().len();
    street.app.stop().await;
    let status = street.status("GET", LIST, Some(reader)).await;
    assert!((400..600).contains(&status), "{status}");
    assert_eq!(street.upstream.seen().len(), before, "closed");
}

/// It has accepted the connection, and never answers.
async fn gate_hanging(kind: Kind) {
    let app = App::start().await;
    let (_, secret) = app.token("Okta").await;
    let gate = Place::database(&app.address).serve_with(&["--trusted-proxies=127.0.0.1"]);
    let upstream = Upstream::start();
    let proxy = Proxy::start(kind, &gate.url, &upstream.url).await;
    let ask = || {
        let request = Client::builder().no_proxy().build().unwrap();
        let request = request.get(format!("{}{LIST}", proxy.url));
        request.bearer_auth(secret.reveal()).send()
    };
    assert_eq!(ask().await.unwrap().status(), 200);
    gate.process.freeze();
    let status = ask().await.unwrap().status().as_u16();
    assert!((400..600).contains(&status), "{kind:?}: {status}");
    assert_eq!(upstream.seen().len(), 1, "{kind:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_hangs_lets_nobody_through() {
    let kinds = [Kind::Nginx, Kind::Caddy, Kind::Traefik, Kind::Envoy];
    let all = futures_util::future::join_all(kinds.map(gate_hanging));
    // As long as they wait for a service, and not for ever.
    timeout(Duration::from_secs(120), all).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx() {
    try_all(Kind::Nginx).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy() {
    try_all(Kind::Caddy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn traefik() {
    try_all(Kind::Traefik).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn envoy() {
    try_all(Kind::Envoy).await;
}
