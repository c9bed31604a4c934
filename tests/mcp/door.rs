//! Who is let in, and what the others are told.

use chrono::TimeDelta;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokendesk::tokens::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{list, message, post, send};
use crate::support::app::ADA;
use crate::support::{App, logs};

/// Status, challenge, code and description of a refusal.
async fn refusal(response: Response) -> (u16, String, String, String) {
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map_or("", |value| value.to_str().unwrap());
    let (status, challenge) = (response.status().as_u16(), challenge.to_owned());
    let body: Value = response.json().await.unwrap();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (status, challenge, text("code"), text("error_description"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_good_token_is_told_what_to_do() {
    let app = App::start().await;
    let never_issued = Secret::generate("wb");
    let (_, api) = app.token("Okta").await;
    let half = &never_issued.reveal()[..20];
    for (sent, status, code, says) in [
        ("", 401, "missing", "No token was sent."),
        ("Bearer", 401, "missing", "No token was sent."),
        ("Bearer ${WB_TOKEN}", 401, "unknown", "name of a variable"),
        ("Bearer $WB_TOKEN", 401, "unknown", "name of a variable"),
        (
            "Bearer {env:WB_TOKEN}",
            401,
            "unknown",
            "name of a variable",
        ),
        ("${AUTH_HEADER}", 401, "unknown", "name of a variable"),
        ("Bearer YOUR_TOKEN", 401, "unknown", "name of a variable"),
        ("Basic YTpi", 401, "unknown", "another form"),
        (&format!("Bearer {half}"), 401, "unknown", "copied whole"),
        (
            &format!("Bearer {}", never_issued.reveal()),
            401,
            "unknown",
            "never issued",
        ),
        (
            &format!("Bearer {}", api.reveal()),
            403,
            "wrong_product",
            "personal MCP token",
        ),
    ] {
        let mut request = post(&app, &list());
        if !sent.is_empty() {
            request = request.header("authorization", sent);
        }
        let (got, challenge, told, description) = refusal(request.send().await.unwrap()).await;
        assert_eq!((got, &*told), (status, code), "{sent}");
        assert!(description.contains(says), "{sent}: {description}");
        let profile = format!("{}/profile", app.url);
        assert!(description.ends_with(&profile), "{sent}: {description}");
        assert_eq!(
            challenge.starts_with("Bearer realm="),
            status == 401,
            "{sent}"
        );
        assert_eq!(
            challenge.contains("error=\"invalid_token\""),
            status == 401 && code != "missing",
            "{sent}"
        );
    }
    let metrics = reqwest::get(format!("{}/metrics", app.url)).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for counted in [
        "decisions_total{code=\"missing\"} 2",
        "decisions_total{code=\"unknown\"} 8",
        "decisions_total{code=\"wrong_product\"} 1",
        "decisions_total{code=\"valid\"} 0",
    ] {
        assert!(metrics.contains(counted), "{counted} in\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_end_of_a_token_has_its_words() {
    let app = App::start().await;
    let (token, secret) = app.mcp_token(ADA, "Laptop").await;
    assert_eq!(send(&app, secret.reveal(), &list()).await.status(), 200);
    let change = "UPDATE tokens SET ";
    for (set, code, says) in [
        ("standing = 'disabled'", "disabled", "Enable it at"),
        (
            "standing = 'active', expires_at = '2026-11-22 14:00:00+00'",
            "expired",
            "expired on 22 Nov 2026",
        ),
        ("standing = 'revoked'", "revoked", "“Laptop” was revoked"),
    ] {
        app.sql(&format!("{change}{set} WHERE id = '{}'", token.id))
            .await;
        app.settle().await;
        let (status, _, told, description) =
            refusal(send(&app, secret.reveal(), &list()).await).await;
        assert_eq!((status, &*told), (401, code));
        assert!(description.contains(says), "{description}");
        assert!(!description.contains(secret.reveal()));
    }
    let (_, secret) = app.mcp_token(ADA, "Desktop").await;
    app.sql("UPDATE memberships SET deactivated_at = now()")
        .await;
    app.settle().await;
    let (status, _, code, _) = refusal(send(&app, secret.reveal(), &list()).await).await;
    assert_eq!((status, &*code), (401, "owner_inactive"));
    app.flush().await;
    let row = &app
        .sql("SELECT allowed, denied FROM token_usage ORDER BY token_id LIMIT 1")
        .await[0];
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_beyond_the_tokens_scopes_is_refused_with_the_scope_that_it_needs() {
    let app = App::start().await;
    let (token, secret) = app.mcp_token(ADA, "Laptop").await;
    app.sql(&format!(
        "UPDATE tokens SET scopes = '{{widgets:read}}' WHERE id = '{}'",
        token.id
    ))
    .await;
    app.settle().await;
    let call = message(
        "tools/call",
        &json!({ "name": "revoke_token", "arguments": {} }),
    );
    let (status, challenge, code, description) =
        refusal(send(&app, secret.reveal(), &call).await).await;
    assert_eq!((status, &*code), (403, "insufficient_scope"));
    assert!(challenge.contains(r#"error="insufficient_scope", scope="widgets:write""#));
    assert!(
        description.contains("“Laptop” has widgets:read"),
        "{description}"
    );
    let tools: Value = send(&app, secret.reveal(), &list())
        .await
        .json()
        .await
        .unwrap();
    let names: Vec<&str> = tools["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "client_snippet",
            "list_my_tokens",
            "token_activity",
            "whoami"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_and_other_hosts_are_refused() {
    let app = App::start().await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    let from = async |name: &str, value: &str| {
        let request = post(&app, &list()).bearer_auth(secret.reveal());
        let response = request.header(name, value).send().await.unwrap();
        response.status().as_u16()
    };
    assert_eq!(from("origin", "https://evil.example").await, 403);
    assert_eq!(from("origin", "null").await, 403);
    assert_eq!(from("origin", &app.url).await, 200);
    assert_eq!(from("host", "evil.example").await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_small_json_messages_are_taken() {
    let app = App::start().await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    let url = format!("{}/mcp", app.url);
    for method in ["GET", "DELETE", "PUT"] {
        let request = Client::new().request(method.parse().unwrap(), &url);
        let response = request.bearer_auth(secret.reveal()).send().await.unwrap();
        assert_eq!(response.status(), 405, "{method}");
    }
    let body = async |text: String| {
        let request = post(&app, &list()).bearer_auth(secret.reveal());
        request.body(text).send().await.unwrap()
    };
    let unreadable = body("{".to_owned()).await;
    assert_eq!(unreadable.status(), 400);
    let answer: Value = unreadable.json().await.unwrap();
    assert_eq!(answer["error"]["code"], -32700);
    let padded = |size: usize| format!("{}{}", list(), " ".repeat(size - list().to_string().len()));
    assert_eq!(body(padded(1024 * 1024)).await.status(), 200);
    assert_eq!(body(padded(1024 * 1024 + 1)).await.status(), 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_address_is_refused() {
    let app = App::start().await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    let secret = secret.reveal();
    let encoded = secret.replace('_', "%5F");
    for query in [format!("access_token={secret}"), format!("key={encoded}")] {
        let url = format!("{}/mcp?{query}", app.url);
        let request = Client::new().post(url).bearer_auth(secret).json(&list());
        let (status, _, _, description) = refusal(request.send().await.unwrap()).await;
        assert_eq!(status, 400);
        assert!(description.contains("Revoke it"), "{description}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_look_for_oauth_find_where_to_get_a_token() {
    let app = App::start().await;
    for path in ["", "/mcp"] {
        let url = format!("{}/.well-known/oauth-protected-resource{path}", app.url);
        let document: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        assert_eq!(document["resource"], format!("{}/mcp", app.url));
        assert_eq!(document["bearer_methods_supported"], json!(["header"]));
        assert_eq!(document.get("authorization_servers"), None);
        assert_eq!(
            document["resource_documentation"],
            format!("{}/profile", app.url)
        );
    }
    for path in [
        "oauth-authorization-server",
        "oauth-authorization-server/mcp",
        "openid-configuration",
    ] {
        let url = format!("{}/.well-known/{path}", app.url);
        assert_eq!(reqwest::get(url).await.unwrap().status(), 404, "{path}");
    }
    let register = Client::new().post(format!("{}/register", app.url));
    let (status, _, _, description) =
        refusal(register.json(&json!({})).send().await.unwrap()).await;
    assert_eq!(status, 400);
    assert!(description.contains("Generate a token at"), "{description}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_that_introduced_itself_is_the_last_that_is_known() {
    let app = App::start().await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    let known = async || {
        app.flush().await;
        let rows = app.sql("SELECT last_user_agent FROM token_usage").await;
        rows[0].get::<_, Option<String>>(0)
    };
    let curl = post(&app, &list()).bearer_auth(secret.reveal());
    curl.header("user-agent", "curl/8.0").send().await.unwrap();
    assert_eq!(known().await.as_deref(), Some("curl/8.0"));
    let introduction = json!({
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": { "name": "claude-code", "version": "2.1" },
    });
    let initialize = message("initialize", &introduction);
    assert_eq!(send(&app, secret.reveal(), &initialize).await.status(), 200);
    let later = post(&app, &list()).bearer_auth(secret.reveal());
    let later = later.header("mcp-protocol-version", "2025-06-18");
    let later = later.header("user-agent", "node").send().await.unwrap();
    assert_eq!(later.status(), 200);
    assert_eq!(known().await.as_deref(), Some("claude-code/2.1"));
    app.state.clock.advance(TimeDelta::seconds(4));
    let page = app.ada().await.visit("/profile").await;
    assert!(page.says("claude-code 2.1"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_while_its_message_comes_is_refused() {
    let app = App::start().await;
    let (token, secret) = app.mcp_token(ADA, "Laptop").await;
    let body = list().to_string();
    let (first, rest) = body.split_at(10);
    let host = app.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
         Content-Length: {}\r\n\r\n{first}",
        secret.reveal(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    while app.state.gate.views.tally().misses == 0 {
        tokio::task::yield_now().await;
    }
    let revoke = "UPDATE tokens SET standing = 'revoked' WHERE id";
    app.sql(&format!("{revoke} = '{}'", token.id)).await;
    app.settle().await;
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer.contains("was revoked"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_holds_the_token() {
    let app = App::start().await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    send(&app, secret.reveal(), &list()).await;
    let url = format!("{}/mcp?access_token={}", app.url, secret.reveal());
    Client::new().post(url).json(&list()).send().await.unwrap();
    let logs = logs::captured();
    assert!(logs.contains("/mcp"));
    assert!(!logs.contains(secret.reveal()));
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_calls_a_minute_are_let_in_as_to_the_other_apis() {
    let app = App::start_with(&["--rate-limit-per-token=3"]).await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    for _ in 0..3 {
        assert_eq!(send(&app, secret.reveal(), &list()).await.status(), 200);
    }
    let refused = send(&app, secret.reveal(), &list()).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
}
