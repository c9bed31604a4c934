//! What a message asks for, as far as it matters before it is handed to the SDK.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use super::tool::Tool;

const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";

/// A JSON-RPC message.
pub struct Message {
    /// The tool that it calls, if there is such a tool.
    pub tool: Option<Tool>,
    /// The client that sent it, as `name/version`: said once with `initialize`, and with each
    /// request since protocol version 2026-07-28.
    pub client: Option<String>,
}

impl Message {
    /// What is not known yet.
    pub const NONE: Self = Self {
        tool: None,
        client: None,
    };

    /// # Errors
    /// When this is no JSON.
    pub fn parse(body: &[u8]) -> serde_json::Result<Self> {
        let message: Value = serde_json::from_slice(body)?;
        let params = &message["params"];
        let tool = match message["method"].as_str() {
            Some("tools/call") => params["name"].as_str().and_then(|name| name.parse().ok()),
            _ => None,
        };
        let info = [&params["_meta"][CLIENT_INFO], &params["clientInfo"]];
        let client = info.into_iter().find_map(client);
        Ok(Self { tool, client })
    }
}

/// In the form of a user agent, whose first word is all that names the client.
fn client(info: &Value) -> Option<String> {
    let name = info["name"].as_str()?.trim();
    let name = name.replace(|c: char| c.is_whitespace() || c == '/', "-");
    let version = info["version"].as_str().unwrap_or_default();
    let version: String = version.split_whitespace().collect();
    match (name.is_empty(), version.is_empty()) {
        (true, _) => None,
        (false, true) => Some(name),
        (false, false) => Some(format!("{name}/{version}")),
    }
}

/// By JSON-RPC 2.0, section 5.1.
pub fn unreadable() -> HttpResponse {
    HttpResponse::BadRequest().json(json!({
        "jsonrpc": "2.0",
        "id": null,
        "error": { "code": -32700, "message": "Parse error: the body is not JSON." },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_eras_name_their_client() {
        let named = |message: &Value| {
            let body = serde_json::to_vec(message).unwrap();
            Message::parse(&body).unwrap().client
        };
        let info = json!({ "name": "claude-code", "version": "2.1" });
        let initialize = json!({ "method": "initialize", "params": { "clientInfo": info } });
        assert_eq!(named(&initialize).as_deref(), Some("claude-code/2.1"));
        let later = json!({ "method": "tools/list", "params": { "_meta": { CLIENT_INFO: info } } });
        assert_eq!(named(&later).as_deref(), Some("claude-code/2.1"));
        let odd = json!({ "params": { "clientInfo": { "name": " Visual Studio/Code " } } });
        assert_eq!(named(&odd).as_deref(), Some("Visual-Studio-Code"));
        for none in [
            json!([]),
            json!(7),
            json!({ "params": { "clientInfo": {} } }),
        ] {
            assert_eq!(named(&none), None);
        }
        assert!(Message::parse(b"{").is_err());
    }

    #[test]
    fn only_a_call_calls_a_tool() {
        let tool = |method: &str, name: &str| {
            let message = json!({ "method": method, "params": { "name": name } });
            Message::parse(message.to_string().as_bytes()).unwrap().tool
        };
        assert_eq!(tool("tools/call", "whoami"), Some(Tool::Whoami));
        assert_eq!(tool("tools/call", "rm"), None);
        assert_eq!(tool("prompts/get", "whoami"), None);
    }
}
