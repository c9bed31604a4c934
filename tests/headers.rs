//! What every answer carries.

use crate::support::App;

const PATHS: [&str; 7] = [
    "/sign-in",
    "/settings/api-access",
    "/settings/api-access/new",
    "/settings/audit-log",
    "/profile",
    "/docs/api",
    "/nowhere",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_forbids_what_it_does_not_need() {
    let app = App::start().await;
    let ada = app.ada().await;
    for path in PATHS {
        let page = ada.visit(path).await;
        let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(
            header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert!(
            header("permissions-policy").contains("geolocation=()"),
            "{path}"
        );
        assert!(page.headers.contains_key("x-request-id"), "{path}");
        let inline = ["style=", "<style", "onclick=", "javascript:"];
        assert!(!inline.iter().any(|bad| page.html.contains(bad)), "{path}");
    }
}

/// RFC 9110, section 9.3.2.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_the_head_gets_what_a_get_says_without_its_body() {
    let app = App::start().await;
    let (_, secret) = app.token("Watcher").await;
    let client = reqwest::Client::new();
    let places = ["/healthz", "/sign-in", "/api/v1/tokens", "/scim/v2/Users"];
    for path in places.into_iter().chain(["/nowhere", "/api/v1/nowhere"]) {
        let ask = async |method: reqwest::Method| {
            let request = client.request(method, format!("{}{path}", app.url));
            let response = request.bearer_auth(secret.reveal()).send().await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            let header = |name| headers.get(name).cloned();
            let told = ["content-type", "cache-control", "content-length"].map(header);
            (status, told, response.bytes().await.unwrap())
        };
        let (status, told, _) = ask(reqwest::Method::GET).await;
        let (head_status, head_told, body) = ask(reqwest::Method::HEAD).await;
        assert_eq!((head_status, head_told), (status, told), "{path}");
        assert!(body.is_empty(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_https_cookies_are_bound_to_the_host_and_transport_is_strict() {
    let app = App::start_with(&["--public-url=https://tokens.example.com"]).await;
    let response = reqwest::get(format!("{}/sign-in", app.url)).await.unwrap();
    let strict = response.headers()["strict-transport-security"]
        .to_str()
        .unwrap();
    assert!(strict.starts_with("max-age=63072000"));
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert!(!cookies.is_empty());
    for cookie in cookies {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_kept_for_a_year_under_the_name_of_their_content() {
    let app = App::start().await;
    let page = app.browser().visit("/sign-in").await;
    let style = page.attributes("link[rel=stylesheet]", "href").remove(0);
    let asset = app.browser().visit(&style).await;
    assert_eq!(asset.status, 200);
    assert_eq!(
        asset.headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(asset.headers["content-type"], "text/css; charset=utf-8");
    let other = style.replace(style.split('/').nth(2).unwrap(), "000000000000");
    assert_eq!(app.browser().visit(&other).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_pages_for_people_and_problems_for_programs() {
    let app = App::start().await;
    let page = app.ada().await.visit("/nowhere").await;
    assert_eq!(page.status, 404);
    assert!(page.says("Not found") && page.says("Request ID"));
    let client = reqwest::Client::new();
    for (path, status, code) in [
        ("/nowhere", 404, "not_found"),
        ("/api/v2/nowhere", 404, "not_found"),
        ("/settings/api-access/not-an-id", 401, "sign_in_required"),
        ("/profile", 401, "sign_in_required"),
    ] {
        let response = client
            .get(format!("{}{path}", app.url))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let id = response.headers()["x-request-id"].clone();
        let problem: serde_json::Value = response.json().await.unwrap();
        assert_eq!(problem["code"], code, "{path}");
        assert_eq!(problem["request_id"], id.to_str().unwrap());
    }
    let wrong = client
        .delete(format!("{}/api/v1/token", app.url))
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internal_error_does_not_show_its_cause() {
    let app = App::start().await;
    let ada = app.ada().await;
    app.sql("ALTER TABLE tokens RENAME TO hidden_tokens").await;
    let page = ada.visit("/settings/api-access").await;
    assert_eq!(page.status, 500);
    assert!(page.says("Something went wrong") && !page.html.contains("tokens\" does not exist"));
    assert!(!page.html.contains("relation"), "{}", page.html);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_pages_and_apis_say_so_and_nobody_is_let_in() {
    let app = App::start().await;
    let (_, secret) = app.token("Okta").await;
    let ada = app.ada().await;
    app.database().close();
    for path in ["/settings/api-access", "/profile", "/sign-in"] {
        let page = ada.visit(path).await;
        assert_eq!(page.status, 503, "{path}");
        assert!(
            page.says("The database does not answer"),
            "{path}: {}",
            page.text()
        );
        assert!(
            page.headers.contains_key("content-security-policy"),
            "{path}"
        );
    }
    let response = reqwest::Client::new()
        .get(format!("{}/api/v1/token", app.url))
        .bearer_auth(secret.reveal())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_is_refused_unread() {
    let app = App::start().await;
    let response = reqwest::Client::new()
        .post(format!("{}/sign-in", app.url))
        .header("content-encoding", "gzip")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(vec![0; 1000])
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    let problem: serde_json::Value = response.json().await.unwrap();
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("without Content-Encoding"),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_compressed_and_the_gates_short_answers_are_not() {
    let app = App::start().await;
    let (_, secret) = app.token("Feed").await;
    let encoding = async |path: &str, secret: &str| {
        let request = reqwest::Client::new()
            .get(format!("{}{path}", app.url))
            .header("accept-encoding", "gzip");
        let response = request.bearer_auth(secret).send().await.unwrap();
        response.headers().get("content-encoding").cloned()
    };
    assert_eq!(encoding("/sign-in", "").await.unwrap(), "gzip");
    assert_eq!(encoding("/api/v1/token", secret.reveal()).await, None);
    assert_eq!(encoding("/auth/forward", "wxt_nonsense").await, None);
}
