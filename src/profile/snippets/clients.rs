//! The clients, each in a function.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Form, PLACEHOLDER, Snippet};

/// `name` is of a-z, 0-9 and hyphens, and `url` holds no quote, backslash or `$`: both can stand
/// in each of these languages as they are.
#[must_use]
pub fn snippets(name: &str, url: &str) -> Vec<Snippet> {
    vec![
        claude_code(name, url),
        claude_desktop(name, url),
        cursor(name, url),
        vs_code(name, url),
        codex(name, url),
        gemini(name, url),
        opencode(name, url),
        windsurf(name, url),
        zed(name, url),
        cline(name, url),
        kiro(name, url),
        continue_dev(name, url),
        other(name, url),
    ]
}

fn literal() -> String {
    format!("Bearer {PLACEHOLDER}")
}

/// `{"<root>": {"<name>": {<lines>, "headers": …}}}`, as people write JSON.
fn json(root: &str, name: &str, lines: &[String], authorization: &str) -> String {
    let body = lines.join(",\n      ");
    format!(
        "{{\n  \"{root}\": {{\n    \"{name}\": {{\n      {body},\n      \
         \"headers\": {{ \"Authorization\": \"{authorization}\" }}\n    }}\n  }}\n}}"
    )
}

fn entry(key: &str, value: &str) -> String {
    format!("\"{key}\": \"{value}\"")
}

fn claude_code(name: &str, url: &str) -> Snippet {
    Snippet {
        key: "claude-code",
        title: "Claude Code",
        variable: vec![Form::run(format!(
            "claude mcp add-json --scope user {name} '{{\"type\":\"http\",\"url\":\"{url}\",\
             \"headers\":{{\"Authorization\":\"Bearer ${{WB_TOKEN}}\"}}}}'"
        ))],
        literal: Form::run(format!(
            "claude mcp add --transport http {name} '{url}' --header \"Authorization: {}\"",
            literal()
        )),
        link: None,
    }
}

fn claude_desktop(name: &str, url: &str) -> Snippet {
    Snippet {
        key: "claude-desktop",
        title: "Claude Desktop",
        variable: Vec::new(),
        literal: Form::add(
            "claude_desktop_config.json",
            format!(
                r#"{{
  "mcpServers": {{
    "{name}": {{
      "command": "npx",
      "args": ["-y", "mcp-remote", "{url}", "--header", "Authorization:${{AUTH_HEADER}}"],
      "env": {{ "AUTH_HEADER": "{}" }}
    }}
  }}
}}"#,
                literal()
            ),
        ),
        link: None,
    }
}

fn cursor(name: &str, url: &str) -> Snippet {
    let lines = [entry("url", url)];
    let authorization = "Bearer ${env:WB_TOKEN}";
    let server = serde_json::json!({ "url": url, "headers": { "Authorization": authorization } });
    let config = STANDARD.encode(server.to_string());
    let config: String = url::form_urlencoded::byte_serialize(config.as_bytes()).collect();
    Snippet {
        key: "cursor",
        title: "Cursor",
        variable: vec![Form::save(
            "~/.cursor/mcp.json",
            json("mcpServers", name, &lines, authorization),
        )],
        literal: Form::save(
            "~/.cursor/mcp.json",
            json("mcpServers", name, &lines, &literal()),
        ),
        link: Some(format!(
            "cursor://anysphere.cursor-deeplink/mcp/install?name={name}&config={config}"
        )),
    }
}

fn vs_code(name: &str, url: &str) -> Snippet {
    let lines = [entry("type", "http"), entry("url", url)];
    let asking = json("servers", name, &lines, "Bearer ${input:wb}");
    let asking = asking.replacen(
        "{\n",
        "{\n  \"inputs\": [\n    { \"type\": \"promptString\", \"id\": \"wb\", \
         \"description\": \"MCP token\", \"password\": true }\n  ],\n",
        1,
    );
    Snippet {
        key: "vs-code",
        title: "VS Code",
        variable: vec![Form::save(".vscode/mcp.json", asking)],
        literal: Form::save(
            ".vscode/mcp.json",
            json("servers", name, &lines, &literal()),
        ),
        link: None,
    }
}

fn codex(name: &str, url: &str) -> Snippet {
    let table = format!("[mcp_servers.{name}]\nurl = \"{url}\"\n");
    Snippet {
        key: "codex",
        title: "Codex",
        variable: vec![
            Form::run(format!(
                "codex mcp add {name} --url '{url}' --bearer-token-env-var WB_TOKEN"
            )),
            Form::add(
                "~/.codex/config.toml",
                format!("{table}bearer_token_env_var = \"WB_TOKEN\""),
            ),
        ],
        literal: Form::add(
            "~/.codex/config.toml",
            format!(
                "{table}http_headers = {{ Authorization = \"{}\" }}",
                literal()
            ),
        ),
        link: None,
    }
}

fn gemini(name: &str, url: &str) -> Snippet {
    let lines = [entry("httpUrl", url)];
    let form = |authorization: &str| {
        Form::add(
            "~/.gemini/settings.json",
            json("mcpServers", name, &lines, authorization),
        )
    };
    Snippet {
        key: "gemini",
        title: "Gemini CLI",
        variable: vec![form("Bearer $WB_TOKEN")],
        literal: form(&literal()),
        link: None,
    }
}

fn opencode(name: &str, url: &str) -> Snippet {
    let lines = [
        entry("type", "remote"),
        entry("url", url),
        "\"oauth\": false".to_owned(),
    ];
    let form =
        |authorization: &str| Form::add("opencode.json", json("mcp", name, &lines, authorization));
    Snippet {
        key: "opencode",
        title: "opencode",
        variable: vec![form("Bearer {env:WB_TOKEN}")],
        literal: form(&literal()),
        link: None,
    }
}

fn windsurf(name: &str, url: &str) -> Snippet {
    let lines = [entry("serverUrl", url)];
    let form = |authorization: &str| {
        Form::add(
            "~/.codeium/windsurf/mcp_config.json",
            json("mcpServers", name, &lines, authorization),
        )
    };
    Snippet {
        key: "windsurf",
        title: "Windsurf",
        variable: vec![form("Bearer ${env:WB_TOKEN}")],
        literal: form(&literal()),
        link: None,
    }
}

fn zed(name: &str, url: &str) -> Snippet {
    Snippet {
        key: "zed",
        title: "Zed",
        variable: Vec::new(),
        literal: Form::add(
            "~/.config/zed/settings.json",
            json("context_servers", name, &[entry("url", url)], &literal()),
        ),
        link: None,
    }
}

fn cline(name: &str, url: &str) -> Snippet {
    let lines = [entry("type", "streamableHttp"), entry("url", url)];
    Snippet {
        key: "cline",
        title: "Cline",
        variable: Vec::new(),
        literal: Form::add(
            "cline_mcp_settings.json",
            json("mcpServers", name, &lines, &literal()),
        ),
        link: None,
    }
}

fn kiro(name: &str, url: &str) -> Snippet {
    let lines = [entry("url", url)];
    let form = |authorization: &str| {
        Form::add(
            "~/.kiro/settings/mcp.json",
            json("mcpServers", name, &lines, authorization),
        )
    };
    Snippet {
        key: "kiro",
        title: "Kiro",
        variable: vec![form("Bearer ${WB_TOKEN}")],
        literal: form(&literal()),
        link: None,
    }
}

fn continue_dev(name: &str, url: &str) -> Snippet {
    let form = |key: &str| {
        Form::add(
            "~/.continue/config.yaml",
            format!(
                "mcpServers:\n  - name: {name}\n    type: streamable-http\n    url: \"{url}\"\n    \
                 apiKey: \"{key}\""
            ),
        )
    };
    Snippet {
        key: "continue",
        title: "Continue",
        variable: vec![form("${{ secrets.WB_TOKEN }}")],
        literal: form(PLACEHOLDER),
        link: None,
    }
}

fn other(name: &str, url: &str) -> Snippet {
    let lines = [entry("type", "http"), entry("url", url)];
    let form = |authorization: &str| {
        Form::add(
            "the client’s MCP settings",
            json("mcpServers", name, &lines, authorization),
        )
    };
    let curl = format!(
        "curl '{url}' -H \"Authorization: Bearer $WB_TOKEN\" \\\n  \
         -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\\n  \
         -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}}'"
    );
    Snippet {
        key: "other",
        title: "Other",
        variable: vec![form("Bearer ${WB_TOKEN}"), Form::run(curl)],
        literal: form(&literal()),
        link: None,
    }
}
