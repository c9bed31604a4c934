//! Each text is read as its client would read it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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
    [&snippet.variable[0], &snippet.literal].map(|form| serde_json::from_str(&form.text).unwrap())
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
        let server = json!({ "name": NAME, "type": "streamable-http", "url": URL, "apiKey": key });
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
