//! The MCP server, asked by hand and by the official clients.

mod clients;
mod door;
mod organization;
mod tools;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokendesk::tokens::Secret;

use crate::support::App;

/// A message as a client of the older era sends it, without a token.
fn post(app: &App, message: &Value) -> RequestBuilder {
    Client::new()
        .post(format!("{}/mcp", app.url))
        .header("accept", "application/json, text/event-stream")
        .json(message)
}

fn message(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

fn list() -> Value {
    message("tools/list", &json!({}))
}

async fn send(app: &App, secret: &str, message: &Value) -> Response {
    post(app, message).bearer_auth(secret).send().await.unwrap()
}

/// What a tool answers: its result.
async fn call(app: &App, secret: &Secret, name: &str, arguments: Value) -> Value {
    let call = json!({ "name": name, "arguments": arguments });
    let response = send(app, secret.reveal(), &message("tools/call", &call)).await;
    assert_eq!(response.status(), 200, "{name}");
    let mut answer: Value = response.json().await.unwrap();
    assert_eq!(answer.get("error"), None, "{name}");
    answer["result"].take()
}

/// The structured content of what a tool answers.
async fn told(app: &App, secret: &Secret, name: &str, arguments: Value) -> Value {
    let mut result = call(app, secret, name, arguments).await;
    assert_eq!(result["isError"], false, "{name}: {result}");
    result["structuredContent"].take()
}

/// The text of an error that the assistant reads.
async fn complaint(app: &App, secret: &Secret, name: &str, arguments: Value) -> String {
    let result = call(app, secret, name, arguments).await;
    assert_eq!(result["isError"], true, "{name}: {result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}
