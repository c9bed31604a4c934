//! How each client is connected to an MCP server: what to write where. All of it is data, made
//! from the server's name and address; where a token goes stands [`PLACEHOLDER`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::servers::Server;
use crate::config::PublicUrl;

/// What a literal form has in place of the token.
pub const PLACEHOLDER: &str = "YOUR_TOKEN";

/// The name of Tokendesk's own server.
pub const OWN: &str = "tokendesk";

/// All that a token can be connected to, Tokendesk's own server first.
pub struct Connect {
    pub targets: Vec<Target>,
}

/// A server, and how each client is connected to it.
pub struct Target {
    pub name: String,
    pub description: String,
    pub snippets: Vec<Snippet>,
}

/// What to do for one client, under a tab.
pub struct Snippet {
    /// For its elements' IDs.
    pub key: &'static str,
    pub title: &'static str,
    /// With the token in the variable `WB_TOKEN`, outside of the file; none for a client that
    /// reads no variables there.
    pub variable: Vec<Form>,
    /// With the token itself.
    pub literal: Form,
    /// A link that installs it, without the token.
    pub link: Option<String>,
}

/// A text, and where it goes.
pub struct Form {
    /// `Save as`, `Run`: what to do with it.
    pub verb: &'static str,
    /// The file, if it goes into one.
    pub file: &'static str,
    pub text: String,
}

impl Connect {
    #[must_use]
    pub fn new(url: &PublicUrl, servers: Vec<Server>) -> Self {
        let own = Target {
            name: OWN.to_owned(),
            description: "Tokendesk’s own: your tokens and what they do.".to_owned(),
            snippets: snippets(OWN, &url.join("/mcp")),
        };
        let others = servers.into_iter().map(|server| Target {
            snippets: snippets(&server.name, &server.url),
            name: server.name,
            description: server.description,
        });
        Self {
            targets: std::iter::once(own).chain(others).collect(),
        }
    }
}

impl Form {
    /// What comes before the token, between it and the next, and so on.
    #[must_use]
    pub fn around_token(&self) -> Vec<&str> {
        self.text.split(PLACEHOLDER).collect()
    }

    fn save(file: &'static str, text: String) -> Self {
        let verb = "Save as";
        Self { verb, file, text }
    }

    fn add(file: &'static str, text: String) -> Self {
        let verb = "Add to";
        Self { verb, file, text }
    }

    fn run(text: String) -> Self {
        let verb = "Run in a terminal";
        Self {
            verb,
            file: "",
            text,
        }
    }
}

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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NAME: &str = "widgets-2";
    const URL: &str = "https://mcp.example.com:8443/a/b?team=7&x=%20";

    fn snippet(key: &str) -> Snippet {
        let mut all = snippets(NAME, URL).into_iter();
        all.find(|snippet| snippet.key == key).unwrap()
    }

    /// Both forms of a client whose settings are JSON.
    fn both(key: &str) -> [Value; 2] {
        let snippet = snippet(key);
        [&snippet.variable[0], &snippet.literal]
            .map(|form| serde_json::from_str(&form.text).unwrap())
    }

    fn words(form: &Form) -> Vec<String> {
        shlex::split(&form.text.replace("\\\n", "")).unwrap()
    }

    fn bearer(value: &str) -> Value {
        json!({ "Authorization": value })
    }

    #[test]
    fn claude_code_is_told_in_words_of_a_shell() {
        let snippet = snippet("claude-code");
        let typed = words(&snippet.variable[0]);
        let head = ["claude", "mcp", "add-json", "--scope", "user", NAME];
        assert_eq!(typed[..6], head);
        let server: Value = serde_json::from_str(&typed[6]).unwrap();
        let headers = bearer("Bearer ${WB_TOKEN}");
        assert_eq!(
            server,
            json!({ "type": "http", "url": URL, "headers": headers })
        );
        assert_eq!(typed.len(), 7);
        let typed = words(&snippet.literal);
        let end = ["--header", "Authorization: Bearer YOUR_TOKEN"];
        assert_eq!(
            typed[..6],
            ["claude", "mcp", "add", "--transport", "http", NAME]
        );
        assert_eq!((&*typed[6], &typed[7..]), (URL, &end.map(String::from)[..]));
    }

    #[test]
    fn claude_desktop_starts_a_program_that_adds_the_header() {
        let snippet = snippet("claude-desktop");
        let settings: Value = serde_json::from_str(&snippet.literal.text).unwrap();
        let server = &settings["mcpServers"][NAME];
        assert_eq!(server["command"], "npx");
        let arguments = [
            "-y",
            "mcp-remote",
            URL,
            "--header",
            "Authorization:${AUTH_HEADER}",
        ];
        assert_eq!(server["args"], json!(arguments));
        assert_eq!(server["env"], json!({ "AUTH_HEADER": "Bearer YOUR_TOKEN" }));
        assert!(snippet.variable.is_empty());
    }

    #[test]
    fn clients_with_json_settings_get_what_they_read() {
        let cases = [
            (
                "cursor",
                "mcpServers",
                "Bearer ${env:WB_TOKEN}",
                json!({ "url": URL }),
            ),
            (
                "gemini",
                "mcpServers",
                "Bearer $WB_TOKEN",
                json!({ "httpUrl": URL }),
            ),
            (
                "opencode",
                "mcp",
                "Bearer {env:WB_TOKEN}",
                json!({ "type": "remote", "url": URL, "oauth": false }),
            ),
            (
                "windsurf",
                "mcpServers",
                "Bearer ${env:WB_TOKEN}",
                json!({ "serverUrl": URL }),
            ),
            (
                "kiro",
                "mcpServers",
                "Bearer ${WB_TOKEN}",
                json!({ "url": URL }),
            ),
            (
                "other",
                "mcpServers",
                "Bearer ${WB_TOKEN}",
                json!({ "type": "http", "url": URL }),
            ),
        ];
        for (key, root, variable, mut server) in cases {
            for (form, value) in both(key).iter().zip([variable, "Bearer YOUR_TOKEN"]) {
                server["headers"] = bearer(value);
                assert_eq!(*form, json!({ root: { NAME: server } }), "{key}");
            }
        }
    }

    #[test]
    fn clients_that_read_no_variables_get_the_literal_form_alone() {
        let cases = [
            ("zed", "context_servers", json!({ "url": URL })),
            (
                "cline",
                "mcpServers",
                json!({ "type": "streamableHttp", "url": URL }),
            ),
        ];
        for (key, root, mut server) in cases {
            let snippet = snippet(key);
            server["headers"] = bearer("Bearer YOUR_TOKEN");
            let settings: Value = serde_json::from_str(&snippet.literal.text).unwrap();
            assert_eq!(settings, json!({ root: { NAME: server } }), "{key}");
            assert!(snippet.variable.is_empty());
        }
    }

    #[test]
    fn vs_code_asks_for_the_token() {
        let [asking, literal] = both("vs-code");
        let input = &asking["inputs"][0];
        assert_eq!(
            (&input["type"], &input["id"], &input["password"]),
            (&json!("promptString"), &json!("wb"), &json!(true))
        );
        let server = &asking["servers"][NAME];
        assert_eq!(
            (&server["type"], &server["url"]),
            (&json!("http"), &json!(URL))
        );
        assert_eq!(server["headers"], bearer("Bearer ${input:wb}"));
        assert_eq!(
            literal["servers"][NAME]["headers"],
            bearer("Bearer YOUR_TOKEN")
        );
    }

    #[test]
    fn cursors_link_installs_the_server_without_the_token() {
        let link = snippet("cursor").link.unwrap();
        let link = url::Url::parse(&link).unwrap();
        assert_eq!(
            (link.scheme(), link.host_str()),
            ("cursor", Some("anysphere.cursor-deeplink"))
        );
        assert_eq!(link.path(), "/mcp/install");
        let query: Vec<(String, String)> = link.query_pairs().into_owned().collect();
        assert_eq!(query[0], ("name".to_owned(), NAME.to_owned()));
        let config = STANDARD.decode(&query[1].1).unwrap();
        let config: Value = serde_json::from_slice(&config).unwrap();
        let headers = bearer("Bearer ${env:WB_TOKEN}");
        assert_eq!(config, json!({ "url": URL, "headers": headers }));
    }

    #[test]
    fn codex_gets_a_command_and_a_table() {
        let snippet = snippet("codex");
        let typed = words(&snippet.variable[0]);
        let expected = [
            "codex",
            "mcp",
            "add",
            NAME,
            "--url",
            URL,
            "--bearer-token-env-var",
            "WB_TOKEN",
        ];
        assert_eq!(typed, expected);
        let table = |form: &Form| form.text.parse::<toml::Table>().unwrap();
        let variable = &table(&snippet.variable[1])["mcp_servers"][NAME];
        assert_eq!(variable["url"].as_str(), Some(URL));
        assert_eq!(variable["bearer_token_env_var"].as_str(), Some("WB_TOKEN"));
        let literal = &table(&snippet.literal)["mcp_servers"][NAME];
        let authorization = &literal["http_headers"]["Authorization"];
        assert_eq!(authorization.as_str(), Some("Bearer YOUR_TOKEN"));
    }

    #[test]
    fn continue_gets_yaml() {
        let snippet = snippet("continue");
        let keys = ["${{ secrets.WB_TOKEN }}", "YOUR_TOKEN"];
        for (form, key) in [&snippet.variable[0], &snippet.literal]
            .into_iter()
            .zip(keys)
        {
            let settings: Value = serde_saphyr::from_str(&form.text).unwrap();
            let server =
                json!({ "name": NAME, "type": "streamable-http", "url": URL, "apiKey": key });
            assert_eq!(settings, json!({ "mcpServers": [server] }));
        }
    }

    #[test]
    fn a_curl_line_lists_the_tools() {
        let typed = words(&snippet("other").variable[1]);
        assert_eq!((&*typed[0], &*typed[1]), ("curl", URL));
        assert!(typed.contains(&"Authorization: Bearer $WB_TOKEN".to_owned()));
        let body: Value = serde_json::from_str(typed.last().unwrap()).unwrap();
        assert_eq!(body["method"], "tools/list");
    }

    #[test]
    fn the_token_stands_in_the_literal_forms_only() {
        for snippet in snippets(NAME, URL) {
            assert_eq!(snippet.literal.around_token().len(), 2, "{}", snippet.key);
            for form in &snippet.variable {
                assert_eq!(form.around_token().len(), 1, "{}", snippet.key);
            }
        }
    }
}
