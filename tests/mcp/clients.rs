//! The official TypeScript clients, of both eras of the protocol.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::support::App;
use crate::support::app::ADA;

const ERAS: [&str; 2] = ["2025", "2026"];

/// A client that runs for as long as it is held.
struct Connected {
    process: Child,
    input: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Connected {
    /// The client, and how connecting went.
    fn start(era: &str, app: &App, token: &str) -> (Self, Value) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mcp/client.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .args([era, &format!("{}/mcp", app.url), token])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut client = Self {
            input: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()).lines(),
            process,
        };
        let greeting = client.answer();
        (client, greeting)
    }

    fn answer(&mut self) -> Value {
        let line = block_in_place(|| self.answers.next());
        let line = line.expect("tests/run installs the clients").unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn ask(&mut self, line: &str) -> Value {
        writeln!(self.input, "{line}").unwrap();
        self.answer()
    }

    fn call(&mut self, name: &str, arguments: &Value) -> Value {
        self.ask(&json!({ "name": name, "arguments": arguments }).to_string())
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn error(answer: &Value) -> &str {
    answer["error"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_both_eras_connect_list_and_call() {
    let app = App::start().await;
    for (era, version) in [("2025", "2025-11-25"), ("2026", "2026-07-28")] {
        let (token, secret) = app.mcp_token(ADA, era).await;
        let (mut client, greeting) = Connected::start(era, &app, secret.reveal());
        assert_eq!(greeting["ok"]["server"]["name"], "tokendesk", "{greeting}");
        assert_eq!(greeting["ok"]["version"], version, "{greeting}");

        let tools = client.ask("list");
        let tools = tools["ok"].as_array().unwrap();
        assert_eq!(tools.len(), 8, "{tools:#?}");
        for tool in tools {
            let hints = &tool["annotations"];
            let is_revoking = tool["name"] == "revoke_token";
            assert_eq!(hints["readOnlyHint"], !is_revoking, "{tool}");
            assert_eq!(hints["destructiveHint"] == true, is_revoking, "{tool}");
            assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
            assert_eq!(tool["outputSchema"]["type"], "object", "{tool}");
        }
        // The client holds each answer against the tool's output schema.
        let me = client.call("whoami", &json!({}));
        assert_eq!(me["ok"]["structuredContent"]["email"], ADA, "{me}");
        let id = json!({ "id": token.id.to_string() });
        for (name, arguments) in [
            ("list_my_tokens", json!({ "unused_days": 3 })),
            ("token_activity", id),
            ("client_snippet", json!({ "client": "codex" })),
            ("list_api_tokens", json!({})),
            ("audit_search", json!({})),
            ("token_stats", json!({})),
        ] {
            let answer = client.call(name, &arguments);
            assert!(
                answer["ok"]["structuredContent"].is_object(),
                "{name}: {answer}"
            );
        }
        app.flush().await;
        let page = app.ada().await.visit(&token.path()).await;
        assert!(page.says("Connected: claude-code 2.1"), "{}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_between_two_calls_is_refused_on_the_open_connection() {
    let app = App::start().await;
    for era in ERAS {
        let (token, secret) = app.mcp_token(ADA, era).await;
        let (mut client, _) = Connected::start(era, &app, secret.reveal());
        assert!(client.call("whoami", &json!({}))["ok"].is_object());
        let own = json!({ "id": token.id.to_string(), "name": era });
        let revoked = client.call("revoke_token", &own);
        assert_eq!(revoked["ok"]["structuredContent"]["name"], era, "{revoked}");
        let refused = client.call("whoami", &json!({}));
        assert!(error(&refused).contains("was revoked"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_show_why_they_are_not_let_in() {
    let app = App::start().await;
    let (expired, expired_secret) = app.mcp_token(ADA, "Expired").await;
    let (narrow, narrow_secret) = app.mcp_token(ADA, "Narrow").await;
    app.sql(&format!(
        "UPDATE tokens SET expires_at = '2026-11-22 14:00:00+00' WHERE id = '{}'",
        expired.id
    ))
    .await;
    app.sql(&format!(
        "UPDATE tokens SET scopes = '{{render}}' WHERE id = '{}'",
        narrow.id
    ))
    .await;
    app.settle().await;
    for era in ERAS {
        for (token, says) in [
            ("", "No token was sent"),
            ("wb_nonsense", "copied whole"),
            ("${WB_TOKEN}", "name of a variable"),
            (expired_secret.reveal(), "expired on"),
        ] {
            let (_, greeting) = Connected::start(era, &app, token);
            assert!(error(&greeting).contains(says), "{era}: {greeting}");
        }
        let (mut client, _) = Connected::start(era, &app, narrow_secret.reveal());
        let refused = client.call("list_my_tokens", &json!({}));
        assert!(error(&refused).contains("widgets:read"), "{era}: {refused}");
    }
}
