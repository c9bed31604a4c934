//! How long the pages of lists are.

use serde_json::{Value, json};
use tokendesk::web::paging::{Cursor, Direction};

use crate::api::client::Program;
use crate::support::App;
use crate::support::app::ADA;

/// The names of a list, asked for in pages of `limit`.
async fn names(program: &Program, list: &str, limit: usize) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = program.get(&format!("{list}?limit={limit}{cursor}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= limit, "{list}: {}", items.len());
        names.extend(
            items
                .iter()
                .map(|it| it["name"].as_str().unwrap().to_owned()),
        );
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return names,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_fifty_items_unless_another_number_is_asked_for() {
    let app = App::start_with(&["--rate-limit-per-token=100000"]).await;
    let program = Program::of(&app, &app.token("Terraform").await.1);
    app.sql(
        "INSERT INTO products (id, organization_id, name, key, created_at)
         SELECT gen_random_uuid(), id, 'Product ' || n, 'p' || n, now()
         FROM organizations, generate_series(1, 101) AS n",
    )
    .await;
    for (query, expected) in [("", 50), ("?limit=1", 1), ("?limit=100", 100)] {
        let page = program.get(&format!("/api/v1/products{query}")).await;
        assert_eq!(page.body["items"].as_array().unwrap().len(), expected);
        assert!(page.body["next_cursor"].is_string(), "{query}");
    }
    let more = program.get("/api/v1/products?limit=101").await;
    assert_eq!((more.status, &more.body["field"]), (422, &json!("limit")));
}

/// Also those that are short enough to be read whole.
#[tokio::test(flavor = "multi_thread")]
async fn resources_and_servers_come_in_pages_too() {
    let app = App::start_with(&["--rate-limit-per-token=100000"]).await;
    let program = Program::of(&app, &app.token("Terraform").await.1);
    let portal = Program::of(&app, &app.mcp_token(ADA, "Laptop").await.1);
    for name in ["one", "two", "three", "four", "five"] {
        let server = json!({ "name": name, "url": "https://mcp.example.com/" });
        assert_eq!(
            program.post("/api/v1/mcp-servers", &server).await.status,
            201
        );
        let operations = json!([{ "name": "read", "methods": ["GET"], "scope": "render" }]);
        let resource =
            json!({ "name": name, "path": format!("/{name}"), "operations": operations });
        let made = program.post("/api/v1/resources", &resource).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }
    for (asking, list) in [
        (&program, "/api/v1/resources"),
        (&program, "/api/v1/mcp-servers"),
        (&portal, "/api/v1/me/mcp-servers"),
    ] {
        let whole = names(asking, list, 100).await;
        assert!(whole.len() >= 5, "{whole:?}");
        for limit in [1, 2, whole.len()] {
            assert_eq!(names(asking, list, limit).await, whole, "{list} by {limit}");
        }
        let odd = asking.get(&format!("{list}?nonsense=1")).await;
        assert_eq!(odd.status, 422, "{}", odd.body);
    }
    // Whoever deletes page by page comes to the end.
    for _ in 0..2 {
        let servers = names(&program, "/api/v1/mcp-servers", 100).await;
        let first = program.get("/api/v1/mcp-servers?limit=2").await;
        for server in first.body["items"].as_array().unwrap() {
            let path = format!("/api/v1/mcp-servers/{}", server["id"].as_str().unwrap());
            assert_eq!(program.delete(&path).await.status, 200);
        }
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let next = program
            .get(&format!("/api/v1/mcp-servers?limit=1&cursor={cursor}"))
            .await;
        assert_eq!(next.body["items"][0]["name"], servers[2]);
    }
}

/// Another list's, that of the same list in another order, or what leads backwards in the console.
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_list_is_none() {
    let app = App::start().await;
    let program = Program::of(&app, &app.token("Terraform").await.1);
    app.token("Okta").await;
    let backwards = Cursor {
        key: String::new(),
        id: uuid::Uuid::nil(),
        direction: Direction::Before,
        skipped: 0,
    }
    .encode();
    let by_name = program.get("/api/v1/tokens?limit=1&sort=name").await;
    let by_name = by_name.body["next_cursor"].as_str().unwrap().to_owned();
    for list in [
        "products?",
        "mcp-servers?",
        "resources?",
        "members?",
        "groups?",
        "invitations?",
        "mcp-tokens?",
        "responsible-people?",
        "audit-events?",
        "tokens?",
        "tokens?sort=expiry&",
    ] {
        for cursor in [&backwards, &by_name] {
            let path = format!("/api/v1/{list}cursor={cursor}");
            let page = program.get(&path).await;
            let answer = (page.status, &page.body["field"]);
            assert_eq!(answer, (422, &json!("cursor")), "{path}: {}", page.body);
        }
    }
    let path = format!("/api/v1/tokens?limit=1&sort=name&cursor={by_name}");
    let next = program.get(&path).await;
    assert_eq!(next.body["items"][0]["name"], "Terraform", "{}", next.body);
    assert_eq!(next.body["next_cursor"], Value::Null);
}
