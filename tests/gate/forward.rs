//! `/auth/forward`, asked as proxies ask it. With the proxies themselves: `tests/proxies`.

use chrono::TimeDelta;
use reqwest::{Client, Method, Response};
use tokendesk::access::{Actor, Role};
use tokendesk::catalogue::{Scope, create_product};
use tokendesk::tokens::{Ranges, Secret};

use crate::support::app::ADA;
use crate::support::{App, logs};

const TRUSTING: &[&str] = &["--trusted-proxies=127.0.0.1"];

async fn ask(app: &App, path: &str, secret: Option<&Secret>, headers: &[(&str, &str)]) -> Response {
    send(app, Method::GET, path, secret, headers).await
}

async fn send(
    app: &App,
    method: Method,
    path: &str,
    secret: Option<&Secret>,
    headers: &[(&str, &str)],
) -> Response {
    let mut request = Client::new().request(method, format!("{}{path}", app.url));
    if let Some(secret) = secret {
        request = request.bearer_auth(secret.reveal());
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn nginx<'a>(method: &'a str, uri: &'a str) -> [(&'static str, &'a str); 2] {
    [("x-original-method", method), ("x-original-uri", uri)]
}

fn traefik<'a>(method: &'a str, uri: &'a str) -> [(&'static str, &'a str); 2] {
    [("x-forwarded-method", method), ("x-forwarded-uri", uri)]
}

async fn reader(app: &App) -> Secret {
    let reader = app.token_with("Reader", |new| {
        new.scopes = Some([Scope::ConnectRead].into_iter().collect());
    });
    reader.await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_judged_by_its_method_and_path() {
    let app = App::start_with(TRUSTING).await;
    let secret = reader(&app).await;
    for (method, uri, status) in [
        ("GET", "/api/agent-base", 200),
        ("HEAD", "/api/agent-base/", 200),
        ("GET", "/api/agent-base/x?y=%2f/../z", 200),
        ("GET", "/api//agent-base/x", 403),
        ("DELETE", "/api/agent-base/1", 403),
        ("GET", "/elsewhere", 403),
        ("GET", "/api/agent-base/..%2fx", 403),
        ("GET", "/api/%2e%2e/api/agent-base", 403),
        ("GET", "", 403),
        ("GET", "http://x/api/agent-base", 403),
    ] {
        for headers in [nginx(method, uri), traefik(method, uri)] {
            let response = ask(&app, "/auth/forward", Some(&secret), &headers).await;
            assert_eq!(response.status(), status, "{method} {uri}");
        }
        let Some(path) = uri.split('?').next().filter(|path| path.starts_with('/')) else {
            continue;
        };
        // reqwest follows dots, as every client should.
        if !path.contains("..") && !path.contains("/.") && !path.contains("%2e") {
            let (method, path) = (method.parse().unwrap(), format!("/auth/forward{path}"));
            let response = send(&app, method, &path, Some(&secret), &[]).await;
            assert_eq!(response.status(), status, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_it_lets_through_is_told() {
    let app = App::start_with(TRUSTING).await;
    let (token, secret) = app
        .token_with("Reader", |new| {
            new.expires_at = Some(app.now() + TimeDelta::days(2));
            new.scopes = Some([Scope::ConnectRead, Scope::AdminScim].into_iter().collect());
        })
        .await;
    let headers = nginx("GET", "/api/agent-base");
    let response = ask(&app, "/auth/forward", Some(&secret), &headers).await;
    assert_eq!(response.status(), 200);
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("x-tokendesk-token"), Some(token.id.to_string()));
    assert_eq!(
        header("x-tokendesk-organization").as_deref(),
        Some("northwind")
    );
    let scopes = header("x-tokendesk-scopes");
    assert_eq!(scopes.as_deref(), Some("admin:scim connect:read"));
    assert_eq!(header("x-tokendesk-product").as_deref(), Some(""));
    assert_eq!(header("x-tokendesk-user").as_deref(), Some(""));
    let ends = header("x-tokendesk-expires-at");
    assert_eq!(ends.as_deref(), Some("2026-11-24T14:00:00Z"));
    assert_eq!(header("cache-control").as_deref(), Some("no-store"));
    assert_eq!(header("set-cookie"), None);
    assert_eq!(response.text().await.unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_told_whatever_letters_their_address_has() {
    let app = App::start().await;
    let zoe = "zoë@northwind.example";
    app.add_member(app.organization, zoe, Role::Member).await;
    let (_, secret) = app.mcp_token(zoe, "Laptop").await;
    let response = ask(&app, "/auth/forward?scope=render", Some(&secret), &[]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["x-tokendesk-user"].as_bytes(),
        zoe.as_bytes()
    );
}

/// Whoever changed it, past the program too.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_of_a_token_is_what_holds_now() {
    let app = App::start().await;
    let (_, laptop) = app.mcp_token(ADA, "Laptop").await;
    let product = {
        let connection = &mut *app.database().get().await.unwrap();
        let actor = Actor::command_line(app.organization);
        let product = create_product(connection, &actor, "Shop", "shop", app.now());
        product.await.unwrap()
    };
    let linked = app.token_with("Linked", |new| new.product = Some(product));
    let (_, linked) = linked.await;
    let told = async |options: &str, secret: &Secret, header: &str| {
        let path = format!("/auth/forward?scope=render&{options}");
        let response = ask(&app, &path, Some(secret), &[]).await;
        assert_eq!(response.status(), 200, "{options}");
        response.headers()[header].to_str().unwrap().to_owned()
    };
    let (user, product) = ("x-tokendesk-user", "x-tokendesk-product");
    let organization = "x-tokendesk-organization";
    assert_eq!(told("", &laptop, user).await, ADA);
    assert_eq!(told("product=shop", &linked, product).await, "shop");
    assert_eq!(told("", &linked, organization).await, "northwind");
    for (statement, secret, options, header, now) in [
        (
            "UPDATE users SET email = 'lovell@northwind.example'",
            &laptop,
            "",
            user,
            "lovell@northwind.example",
        ),
        (
            "UPDATE products SET key = 'store'",
            &linked,
            "product=store",
            product,
            "store",
        ),
        (
            "UPDATE organizations SET slug = 'south'",
            &linked,
            "organization=south",
            organization,
            "south",
        ),
    ] {
        app.sql(statement).await;
        app.settle().await;
        assert_eq!(told(options, secret, header).await, now, "{statement}");
    }
    let gone = "/auth/forward?scope=render&product=shop";
    let response = ask(&app, gone, Some(&linked), &[]).await;
    assert_eq!(response.status(), 403, "another product's");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_challenges() {
    let app = App::start_with(TRUSTING).await;
    let secret = reader(&app).await;
    let never_issued = Secret::generate("wxt");
    let html = ("accept", "text/html");
    for (secret, method, status, challenge) in [
        (None, "GET", 401, r#"Bearer realm="tokendesk""#),
        (
            Some(&never_issued),
            "GET",
            401,
            r#"Bearer realm="tokendesk", error="invalid_token""#,
        ),
        (
            Some(&secret),
            "DELETE",
            403,
            r#"Bearer realm="tokendesk", error="insufficient_scope", scope="connect:write""#,
        ),
    ] {
        let headers = [&nginx(method, "/api/agent-base/1")[..], &[html]].concat();
        let response = ask(&app, "/auth/forward", secret, &headers).await;
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["www-authenticate"], challenge);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_are_the_operators_alone() {
    let app = App::start_with(TRUSTING).await;
    let secret = reader(&app).await;
    let elsewhere = nginx("GET", "/elsewhere");
    for (query, status) in [
        ("?scope=connect:read", 200),
        ("?scope=connect:write", 403),
        ("?unmatched=allow", 200),
        ("?unmatched=deny", 403),
        ("?organization=northwind&unmatched=allow", 200),
        ("?organization=any&unmatched=allow", 200),
        ("?organization=contoso&unmatched=allow", 403),
        ("?product=app&unmatched=allow", 200),
        ("?unmached=allow", 403),
    ] {
        let path = format!("/auth/forward{query}");
        let response = ask(&app, &path, Some(&secret), &elsewhere).await;
        assert_eq!(response.status(), status, "{query}");
        // Where the path is the client's, the query is too.
        let path = format!("/auth/forward/elsewhere{query}");
        let response = ask(&app, &path, Some(&secret), &[]).await;
        assert_eq!(response.status(), 403, "{path}");
        let options = query.trim_start_matches('?');
        let path = format!("/auth/forward-with/{options}/elsewhere?unmatched=allow");
        let response = ask(&app, &path, Some(&secret), &[]).await;
        assert_eq!(response.status(), status, "{path}");
    }
    for (method, uri) in [
        ("GET", "/elsewhere;x"),
        // Services that take it for DELETE would be asked for more.
        ("delete", "/api/agent-base/1"),
    ] {
        let path = "/auth/forward?unmatched=allow";
        let response = ask(&app, path, Some(&secret), &nginx(method, uri)).await;
        assert_eq!(response.status(), 403, "{method} {uri}");
    }
}

/// nginx would make a 500 of anything but 401 and 403.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_two_credentials_is_refused_as_nginx_can_pass_on() {
    let app = App::start_with(TRUSTING).await;
    let secret = reader(&app).await;
    let [method, uri] = nginx("GET", "/api/agent-base");
    let headers = [method, uri, ("x-api-token", "another")];
    let response = ask(&app, "/auth/forward", Some(&secret), &headers).await;
    assert_eq!(response.status(), 401);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("error=\"invalid_request\""),
        "{challenge}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_organisations_one_must_be_named() {
    let app = App::start_with(TRUSTING).await;
    let other = app.another_organization("Contoso").await;
    let (_, theirs) = app.token_of(other, "Theirs", |_| {}).await;
    let (_, ours) = app.token("Ours").await;
    let headers = nginx("GET", "/api/agent-base");
    for (query, secret, status) in [
        ("", &ours, 403),
        ("", &theirs, 403),
        ("?organization=northwind", &ours, 200),
        ("?organization=northwind", &theirs, 401),
        ("?organization=contoso", &theirs, 200),
        ("?organization=any", &theirs, 200),
        ("?organization=any", &ours, 200),
    ] {
        let path = format!("/auth/forward{query}");
        let response = ask(&app, &path, Some(secret), &headers).await;
        assert_eq!(response.status(), status, "{query}");
    }
    let log = logs::captured();
    assert!(log.contains("there are several organisations: say with organization="));
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarded_headers_count_from_trusted_proxies_only() {
    let wary = App::start().await;
    let secret = reader(&wary).await;
    let headers = nginx("GET", "/api/agent-base");
    let response = ask(&wary, "/auth/forward", Some(&secret), &headers).await;
    assert_eq!(response.status(), 403);
    // Where they are not needed, they do no harm.
    let fixed = "/auth/forward?scope=connect:read";
    let response = ask(&wary, fixed, Some(&secret), &headers).await;
    assert_eq!(response.status(), 200);

    let trusting = App::start_with(TRUSTING).await;
    let (_, bound) = trusting
        .token_with("Bound", |new| {
            new.ranges = Ranges::parse("198.51.100.0/24").unwrap();
        })
        .await;
    for (address, status) in [("198.51.100.7", 200), ("203.0.113.9", 403)] {
        let headers = [&headers[..], &[("x-forwarded-for", address)]].concat();
        let response = ask(&trusting, "/auth/forward", Some(&bound), &headers).await;
        assert_eq!(response.status(), status, "{address}");
    }
    let both = [headers, traefik("GET", "/api/agent-base")].concat();
    for path in ["/auth/forward", "/auth/forward?scope=all"] {
        let response = ask(&trusting, path, Some(&bound), &both).await;
        assert_eq!(response.status(), 403, "whose they are cannot be told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_passes_where_the_resource_says_so() {
    let app = App::start_with(TRUSTING).await;
    let secret = reader(&app).await;
    let options = nginx("OPTIONS", "/api/agent-base");
    let preflight = async |query: &str, secret| {
        let path = format!("/auth/forward{query}");
        ask(&app, &path, secret, &options).await.status().as_u16()
    };
    assert_eq!(preflight("", None).await, 401);
    app.sql("UPDATE resources SET preflight = true WHERE name = 'Agents'")
        .await;
    app.settle().await;
    assert_eq!(preflight("", None).await, 200);
    assert_eq!(preflight("?organization=northwind", None).await, 200);
    assert_eq!(preflight("", Some(&secret)).await, 200);
    assert_eq!(preflight("?organization=any", None).await, 401, "whose?");
    let get = nginx("GET", "/api/agent-base");
    let response = ask(&app, "/auth/forward", None, &get).await;
    assert_eq!(response.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_method_and_content_coding_may_ask() {
    let app = App::start_with(TRUSTING).await;
    let secret = reader(&app).await;
    let headers = [
        &nginx("GET", "/api/agent-base")[..],
        &[("content-encoding", "gzip")],
    ]
    .concat();
    for method in [
        "GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PROPFIND",
    ] {
        let method: Method = method.parse().unwrap();
        let response = send(
            &app,
            method.clone(),
            "/auth/forward",
            Some(&secret),
            &headers,
        )
        .await;
        assert_eq!(response.status(), 200, "{method}");
    }
}
