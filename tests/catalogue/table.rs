//! What a new organisation's resources need, row by row.

use reqwest::Client;
use tokendesk::catalogue::Scope;
use tokendesk::catalogue::resources::path::Path;
use tokendesk::catalogue::resources::{Found, Resources, default_catalogue, queries};

use tokendesk::tokens::Secret;

use crate::support::App;

/// Resource, method, path, operation, scope.
#[rustfmt::skip]
const ROWS: &[(&str, &str, &str, &str, &str)] = &[
    ("Agents", "GET", "/api/agent-base", "list", "connect:read"),
    ("Agents", "GET", "/api/agent-base/", "list", "connect:read"),
    ("Agents", "HEAD", "/api/agent-base", "list", "connect:read"),
    ("Agents", "GET", "/api/agent-base/42", "list", "connect:read"),
    ("Agents", "POST", "/api/agent-base", "install", "connect:write"),
    ("Agents", "PUT", "/api/agent-base/42", "update", "connect:write"),
    ("Agents", "PATCH", "/api/agent-base/42", "update", "connect:write"),
    ("Agents", "DELETE", "/api/agent-base/42", "delete", "connect:write"),

    ("Agent Executions", "GET", "/api/agent-base/42/executions", "list", "connect:read"),
    ("Agent Executions", "GET", "/api/agent-base/42/executions/", "list", "connect:read"),

    ("Triggers", "GET", "/api/agent-base/triggers", "list", "connect:read"),
    ("Triggers", "GET", "/api/agent-base/triggers/", "list", "connect:read"),
    ("Triggers", "GET", "/api/agent-base/triggers/7", "details", "connect:read"),
    ("Triggers", "POST", "/api/agent-base/triggers/7", "execute", "connect:write"),
    ("Triggers", "POST", "/api/agent-base/triggers/7/execute", "execute", "connect:write"),

    ("Webhooks", "POST", "/api/webhook/7", "send events", "connect:write"),
    ("Webhooks", "POST", "/api/webhook/7/x", "send events", "connect:write"),

    ("Integrations", "GET", "/api/integrations-base", "list", "connect:read"),
    ("Integrations", "GET", "/api/integrations-base/7", "list", "connect:read"),
    ("Integrations", "POST", "/api/integrations-base", "create", "connect:write"),
    ("Integrations", "PUT", "/api/integrations-base/7", "update", "connect:write"),
    ("Integrations", "PATCH", "/api/integrations-base/7", "update", "connect:write"),
    ("Integrations", "DELETE", "/api/integrations-base/7", "delete", "connect:write"),

    ("Knowledge Base", "GET", "/api/knowledge-base", "list", "connect:read"),
    ("Knowledge Base", "GET", "/api/knowledge-base/7", "list", "connect:read"),
    ("Knowledge Base", "POST", "/api/knowledge-base/search", "search", "connect:read"),

    ("Storage", "GET", "/api/knowledge-base/storage", "list", "connect:read"),
    ("Storage", "GET", "/api/knowledge-base/storage/a.pdf", "download", "connect:read"),
    ("Storage", "POST", "/api/knowledge-base/storage", "upload", "connect:write"),
    ("Storage", "PUT", "/api/knowledge-base/storage/a.pdf", "upload", "connect:write"),
    ("Storage", "DELETE", "/api/knowledge-base/storage/a.pdf", "delete", "connect:write"),

    ("Assistant Chat", "POST", "/api/assistant/chat", "chat", "connect:read"),
    ("Assistant Chat", "POST", "/api/assistant/chat/7", "chat", "connect:read"),
    ("Assistant Chat", "GET", "/api/assistant/chat/7", "history", "connect:read"),

    ("MCP servers", "GET", "/api/mcp-servers", "read", "admin:read"),
    ("MCP servers", "POST", "/api/mcp-servers", "write", "admin:write"),
    ("MCP servers", "DELETE", "/api/mcp-servers/7", "write", "admin:write"),
    ("Toolkits", "GET", "/api/toolkits/7", "read", "admin:read"),
    ("Toolkits", "PUT", "/api/toolkits/7", "write", "admin:write"),
    ("Skills", "GET", "/api/skills/7", "read", "admin:read"),
    ("Skills", "PATCH", "/api/skills/7", "write", "admin:write"),
    ("Users", "GET", "/api/users", "read", "admin:read"),
    ("Users", "DELETE", "/api/users/7", "write", "admin:write"),
    ("Groups", "GET", "/api/groups", "read", "admin:read"),
    ("Groups", "POST", "/api/groups", "write", "admin:write"),
    ("Policies", "GET", "/api/policies", "read", "admin:read"),
    ("Policies", "POST", "/api/policies", "write", "admin:write"),
    ("Commands", "GET", "/api/commands", "read", "admin:read"),
    ("Commands", "POST", "/api/commands/7/x", "write", "admin:write"),

    ("SCIM", "GET", "/scim/v2/Users", "all", "admin:scim"),
    ("SCIM", "POST", "/scim/v2/Users", "all", "admin:scim"),
    ("SCIM", "PUT", "/scim/v2/Groups/7", "all", "admin:scim"),
    ("SCIM", "PATCH", "/scim/v2/Groups/7", "all", "admin:scim"),
    ("SCIM", "DELETE", "/scim/v2/Users/7", "all", "admin:scim"),

    ("User API: me", "GET", "/api/me", "read", "connect:read"),
    ("User API: me", "PATCH", "/api/me", "write", "connect:write"),
    ("User API: connections", "GET", "/api/connections", "read", "connect:read"),
    ("User API: connections", "GET", "/api/connections/7", "read", "connect:read"),
    ("User API: connections", "POST", "/api/connections", "write", "connect:write"),
    ("User API: connections", "DELETE", "/api/connections/7", "write", "connect:write"),
];

/// Nothing that a new organisation knows.
const NOTHING: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/api"),
    ("GET", "/api/agent-bases"),
    ("POST", "/api/agent-base/42/executions"),
    ("DELETE", "/api/knowledge-base/7"),
    ("POST", "/api/webhook"),
    ("GET", "/api/webhook/7"),
    ("GET", "/scim/v2"),
    ("GET", "/scim/v1/Users"),
    ("OPTIONS", "/api/agent-base"),
    ("GET", "/mcp"),
];

const TOOLS: [(&str, &str); 6] = [
    ("list_widgets", "widgets:read"),
    ("get_widget", "widgets:read"),
    ("create_widget", "widgets:write"),
    ("update_widget", "widgets:write"),
    ("delete_widget", "widgets:write"),
    ("render_widget", "render"),
];

fn check(resources: &Resources) {
    for (name, method, path, operation, scope) in ROWS {
        let found = resources.find(method, &Path::parse(path).unwrap());
        let Ok(Found::Operation(resource, it)) = found else {
            panic!("{method} {path}: {found:?}");
        };
        let told = (&*resource.name, &*it.name, it.scope.as_str());
        assert_eq!(told, (*name, *operation, *scope), "{method} {path}");
    }
    for (method, path) in NOTHING {
        let found = resources.find(method, &Path::parse(path).unwrap());
        assert_eq!(found, Ok(Found::Nothing), "{method} {path}");
    }
    for (tool, scope) in TOOLS {
        let (resource, operation) = resources.find_tool(tool).unwrap();
        assert_eq!((&*resource.name, &*operation.name), ("Widgets", tool));
        assert_eq!(operation.scope.as_str(), scope, "{tool}");
    }
    assert_eq!(resources.find_tool("LIST_WIDGETS"), None);
}

#[test]
fn the_default_says_what_the_table_says() {
    let resources = Resources::new(default_catalogue()).unwrap();
    check(&resources);
    for resource in resources.all() {
        let is_tested = ROWS.iter().any(|row| row.0 == resource.name);
        assert!(is_tested || resource.name == "Widgets", "{}", resource.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_organization_starts_with_it_whoever_comes_first() {
    let app = App::start().await;
    let others = [
        app.organization,
        app.another_organization("Contoso").await,
        app.another_organization("Fabrikam").await,
    ];
    let loads: Vec<_> = (0..12)
        .map(|at| {
            let (database, organization) = (app.database().clone(), others[at % 3]);
            tokio::spawn(async move {
                let connection = &mut *database.get().await.unwrap();
                queries::load(connection, organization).await.unwrap()
            })
        })
        .collect();
    for load in loads {
        check(&load.await.unwrap());
    }
    let expected = i64::try_from(3 * default_catalogue().len()).unwrap();
    let count = app.count("SELECT count(*) FROM resources").await;
    assert_eq!(count, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_deletes_all_resources_has_none() {
    let app = App::start().await;
    let connection = &mut *app.database().get().await.unwrap();
    queries::load(connection, app.organization).await.unwrap();
    let client = app.client().await;
    client.batch_execute("DELETE FROM resources").await.unwrap();
    let resources = queries::load(connection, app.organization).await.unwrap();
    assert!(resources.all().is_empty());
    let page = app.ada().await.visit("/settings/resources").await;
    assert!(page.says("No resources"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_conflicts_in_the_database_lets_nobody_in() {
    let app = App::start().await;
    let connection = &mut *app.database().get().await.unwrap();
    queries::load(connection, app.organization).await.unwrap();
    let client = app.client().await;
    let conflict = "UPDATE resources SET path = '/api/agent-base/{other}/executions'
        WHERE name = 'Agents'";
    client.batch_execute(conflict).await.unwrap();
    let error = queries::load(connection, app.organization).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("“Agents”") && error.contains("“Agent Executions”"),
        "{error}"
    );
}

/// The gate, as a proxy asks it.
async fn ask(app: &App, secret: &Secret, method: &str, path: &str, tool: Option<&str>) -> u16 {
    let request = Client::new().get(format!("{}/auth/forward", app.url));
    let request = request
        .bearer_auth(secret.reveal())
        .header("x-original-method", method)
        .header("x-original-uri", path);
    let request = match tool {
        Some(tool) => request
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", tool),
        None => request,
    };
    request.send().await.unwrap().status().as_u16()
}

/// A token for each scope that says what it may do.
async fn one_of_each(app: &App) -> Vec<(Scope, Secret)> {
    let mut all = Vec::new();
    for scope in Scope::ALL.iter().copied() {
        let name = format!("{scope} only");
        let token = app.token_with(&name, |new| {
            new.scopes = Some([scope].into_iter().collect());
        });
        all.push((scope, token.await.1));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_admits_who_has_its_scope_and_nobody_else() {
    let app = App::start_with(&["--trusted-proxies=127.0.0.1"]).await;
    let tokens = one_of_each(&app).await;
    let (_, everything) = app.token("Everything").await;
    let server = "https://widgets.example.com/mcp";
    let eve = app.ada().await;
    let form = eve.visit("/settings/mcp-servers/new").await;
    let form = form.form("/settings/mcp-servers").fill("name", "widgets");
    assert_eq!(form.fill("url", server).submit().await.status, 200);
    let tools = TOOLS.map(|(tool, scope)| ("POST", "/mcp", Some(tool), scope));
    let rows = ROWS
        .iter()
        .map(|(_, method, path, _, scope)| (*method, *path, None, *scope));
    for (method, path, tool, scope) in rows.chain(tools) {
        let needed: Scope = scope.parse().unwrap();
        let asked = format!("{method} {path} {tool:?}");
        for (held, secret) in &tokens {
            let is_enough = *held == needed || held.includes().contains(&needed);
            let expected = if is_enough { 200 } else { 403 };
            let status = ask(&app, secret, method, path, tool).await;
            assert_eq!(status, expected, "{asked} with {held}");
        }
        let status = ask(&app, &everything, method, path, tool).await;
        assert_eq!(status, 200, "{asked} with all");
    }
    for (method, path) in NOTHING {
        let status = ask(&app, &everything, method, path, None).await;
        assert_eq!(status, 403, "{method} {path}");
    }
    for (method, path, tool) in [
        ("POST", "/mcp", "drop_tables"),
        ("POST", "/elsewhere", "list_widgets"),
        ("GET", "/mcp", "list_widgets"),
        ("DELETE", "/mcp", "list_widgets"),
    ] {
        let status = ask(&app, &everything, method, path, Some(tool)).await;
        assert_eq!(status, 403, "{method} {path} {tool}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_removed_is_known_no_more() {
    let app = App::start_with(&["--trusted-proxies=127.0.0.1"]).await;
    let (_, secret) = app.token("Everything").await;
    let ada = app.ada().await;
    let call = || ask(&app, &secret, "POST", "/tools", Some("get_widget"));
    assert_eq!(call().await, 403);
    let form = ada.visit("/settings/mcp-servers/new").await;
    let form = form.form("/settings/mcp-servers").fill("name", "widgets");
    let url = "https://widgets.example.com/tools";
    let added = form.fill("url", url).submit().await;
    assert!(
        added.says("In effect on 1 of 1 instance "),
        "{}",
        added.text()
    );
    assert_eq!(call().await, 200);
    let id = app.sql("SELECT id::text FROM mcp_servers").await[0].get::<_, String>(0);
    let path = format!("/settings/mcp-servers/{id}/removal");
    let removed = ada.visit(&path).await.form(&path).submit().await;
    assert!(
        removed.says("In effect on 1 of 1 instance "),
        "{}",
        removed.text()
    );
    assert_eq!(call().await, 403);
}
