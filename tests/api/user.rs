//! The User API.

use std::sync::Arc;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use tokendesk::access::Role;
use tokendesk::catalogue::Scope;
use tokendesk::tokens::Ranges;

use super::client::{Program, Reply};
use crate::support::App;
use crate::support::app::ADA;

async fn portal(app: &App) -> Program {
    Program::with(app, "Portal", &[Scope::ConnectWrite]).await
}

async fn as_user(
    program: &Program,
    email: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Reply {
    let headers = [("x-user-email", email)];
    let path = format!("/api/v1/me{path}");
    program.send(method, &path, &headers, body.as_ref()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_acts_for_its_users() {
    let app = App::start().await;
    let mei = "mei@northwind.example";
    app.add_member(app.organization, mei, Role::Member).await;
    let portal = portal(&app).await;
    let me = as_user(&portal, "MEI@northwind.example", Method::GET, "", None).await;
    assert_eq!(me.body["email"], mei, "{}", me.body);
    assert_eq!(me.body["role"], "member");
    assert_eq!(me.body["organization"]["name"], "Northwind");

    let new = json!({ "name": "Laptop", "scopes": ["widgets:read"], "expiry": "30d" });
    let made = as_user(&portal, mei, Method::POST, "/mcp-tokens", Some(new.clone())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["token"]["scopes"], json!(["widgets:read"]));
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("wb_"));
    let again = as_user(&portal, mei, Method::POST, "/mcp-tokens", Some(new)).await;
    assert_eq!((again.status, again.code()), (409, "taken"));
    app.sql(
        "INSERT INTO mcp_servers (id, organization_id, name, url, created_at)
         SELECT gen_random_uuid(), id, 'widgets', 'https://widgets.example/mcp', now() FROM organizations",
    )
    .await;
    let servers = as_user(&portal, mei, Method::GET, "/mcp-servers", None).await;
    let servers = servers.body["items"].as_array().unwrap().clone();
    let urls: Vec<_> = servers
        .iter()
        .map(|it| it["url"].as_str().unwrap())
        .collect();
    let own = format!("{}/mcp", app.url);
    assert_eq!(urls, [own.as_str(), "https://widgets.example/mcp"]);
    assert!(servers[0]["id"].is_null() && servers[1]["id"].is_string());
    let author = app
        .sql("SELECT author_name, author_id IS NOT NULL, author_token_id IS NOT NULL FROM journal ORDER BY id DESC LIMIT 1")
        .await;
    assert_eq!(
        author[0].get::<_, &str>(0),
        "Some Member (API token “Portal”)"
    );
    assert!(author[0].get::<_, bool>(1) && author[0].get::<_, bool>(2));

    let own = Program::new(&app, &secret);
    let list = own.get("/api/v1/me/mcp-tokens").await;
    assert_eq!(
        list.body["items"].as_array().unwrap().len(),
        1,
        "{}",
        list.body
    );
    let of_ada = as_user(&portal, ADA, Method::GET, "/mcp-tokens", None).await;
    assert_eq!(of_ada.body["items"], json!([]));

    let path = format!("/mcp-tokens/{}", made.body["token"]["id"].as_str().unwrap());
    let not_hers = as_user(
        &portal,
        ADA,
        Method::POST,
        &format!("{path}/revocation"),
        None,
    )
    .await;
    assert_eq!(not_hers.status, 404);
    let revoked = as_user(
        &portal,
        mei,
        Method::POST,
        &format!("{path}/revocation"),
        None,
    )
    .await;
    assert_eq!(
        revoked.body["token"]["status"], "revoked",
        "{}",
        revoked.body
    );
    assert!(revoked.body["receipt"]["summary"].is_string());
    assert_eq!(own.get("/api/v1/me").await.code(), "revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mcp_token_gives_nothing_beyond_its_own() {
    let app = App::start().await;
    let (_, secret) = app.mcp_token(ADA, "Laptop").await;
    app.sql("UPDATE tokens SET scopes = '{widgets:write}', expires_at = '2026-12-24 00:00:00+00', ip_ranges = '{127.0.0.0/8}'")
        .await;
    app.settle().await;
    let program = Program::of(&app, &secret);
    let path = "/api/v1/me/mcp-tokens";
    for (field, new) in [
        (
            "scopes",
            json!({ "name": "x", "scopes": ["render"], "expiry": "30d" }),
        ),
        (
            "expires_at",
            json!({ "name": "x", "scopes": ["widgets:read"], "expiry": "90d" }),
        ),
        (
            "expires_at",
            json!({ "name": "x", "scopes": ["widgets:read"] }),
        ),
    ] {
        let refused = program.post(path, &new).await;
        assert_eq!(
            (refused.status, refused.code()),
            (403, "beyond_own"),
            "{new}"
        );
        assert_eq!(refused.body["field"], field);
    }
    let new = json!({ "name": "x", "scopes": ["widgets:read"], "expiry": "30d" });
    assert_eq!(program.post(path, &new).await.status, 201);
    let bound = "SELECT count(*) FROM tokens WHERE ip_ranges = '{127.0.0.0/8}'";
    assert_eq!(
        app.count(bound).await,
        2,
        "it has the ranges of the one that made it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portals_bounds_hold_for_what_it_makes() {
    let app = App::start().await;
    let (_, secret) = app
        .token_with("Portal", |new| {
            new.scopes = Some([Scope::ConnectWrite].into_iter().collect());
            new.expires_at = Some(app.now() + TimeDelta::days(40));
            new.ranges = Ranges::parse("127.0.0.0/8").unwrap();
        })
        .await;
    let portal = Program::of(&app, &secret);
    let never = json!({ "name": "x", "scopes": ["widgets:write"] });
    let refused = as_user(&portal, ADA, Method::POST, "/mcp-tokens", Some(never)).await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "beyond_own"),
        "{}",
        refused.body
    );
    let month = json!({ "name": "x", "scopes": ["widgets:write"], "expiry": "30d" });
    let made = as_user(&portal, ADA, Method::POST, "/mcp-tokens", Some(month)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    for (days, expiry, status) in [
        (41, None, 403),
        (0, None, 422),
        (4, Some("30d"), 422),
        (4, None, 201),
    ] {
        let at = app.now() + TimeDelta::days(days);
        let scopes = ["widgets:read"];
        let new = json!({ "name": "y", "scopes": scopes, "expires_at": at, "expiry": expiry });
        let said = as_user(&portal, ADA, Method::POST, "/mcp-tokens", Some(new)).await;
        assert_eq!(said.status, status, "{}", said.body);
        if status != 201 {
            assert_eq!(said.body["field"], "expires_at");
        }
    }
    let wrong = json!({ "name": " ", "expiry": "at" });
    let refused = as_user(&portal, ADA, Method::POST, "/mcp-tokens", Some(wrong)).await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (422, &json!("expiry"))
    );
}

/// An administrator's MCP token with all scopes reads the audit log and all tokens.
#[tokio::test(flavor = "multi_thread")]
async fn a_portal_without_admin_read_makes_none_that_reads_what_the_organization_has() {
    let app = App::start().await;
    let (mei, jun) = ("mei@northwind.example", "jun@northwind.example");
    for email in [mei, jun] {
        app.add_member(app.organization, email, Role::Member).await;
    }
    // Jun is one by a group.
    app.sql(
        "INSERT INTO groups (id, organization_id, name, role, created_at, modified_at)
            SELECT gen_random_uuid(), id, 'Platform', 'admin', now(), now() FROM organizations",
    )
    .await;
    app.sql(
        "INSERT INTO group_members (organization_id, group_id, user_id)
            SELECT groups.organization_id, groups.id, users.id FROM groups, users
            WHERE email = 'jun@northwind.example'",
    )
    .await;
    let portal = portal(&app).await;
    let make = async |program: &Program, email: &str, new: Value| {
        as_user(program, email, Method::POST, "/mcp-tokens", Some(new)).await
    };
    for email in [ADA, jun] {
        let refused = make(&portal, email, json!({ "name": "x" })).await;
        assert_eq!(
            (refused.status, refused.code()),
            (403, "beyond_own"),
            "{email}: {}",
            refused.body
        );
        assert_eq!(refused.body["field"], "scopes");
        let some = json!({ "name": "y", "scopes": ["widgets:write"] });
        assert_eq!(make(&portal, email, some).await.status, 201);
    }
    assert_eq!(make(&portal, mei, json!({ "name": "x" })).await.status, 201);
    let reader = Program::with(&app, "Reader", &[Scope::ConnectWrite, Scope::AdminRead]).await;
    assert_eq!(make(&reader, ADA, json!({ "name": "x" })).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_users_tokens_are_listed_in_pages() {
    let app = App::start().await;
    for number in 0..7 {
        app.mcp_token(ADA, &format!("Laptop {number}")).await;
    }
    app.sql("UPDATE tokens SET standing = 'revoked' WHERE name IN ('Laptop 6', 'Laptop 2')")
        .await;
    app.sql("UPDATE tokens SET standing = 'disabled' WHERE name IN ('Laptop 4', 'Laptop 1')")
        .await;
    let portal = portal(&app).await;
    let mut found = Vec::new();
    let mut path = "/mcp-tokens?limit=2".to_owned();
    for _ in 0..4 {
        let page = as_user(&portal, ADA, Method::GET, &path, None).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let items = page.body["items"].as_array().unwrap().iter();
        found.extend(items.map(|item| item["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            break;
        };
        path = format!("/mcp-tokens?limit=2&cursor={cursor}");
    }
    let numbers: Vec<&str> = found.iter().map(|name| &name["Laptop ".len()..]).collect();
    assert_eq!(numbers, ["5", "3", "0", "4", "1", "6", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_that_of_one_user_and_of_one_token() {
    let app = App::start().await;
    let (mei, jun) = ("mei@northwind.example", "jun@northwind.example");
    for email in [mei, jun] {
        app.add_member(app.organization, email, Role::Member).await;
    }
    let portal = portal(&app).await;
    let other = Program::with(&app, "Other", &[Scope::ConnectWrite]).await;
    let make = async |program: &Program, email: &str, name: &str| {
        let headers = [("x-user-email", email), ("idempotency-key", "the same")];
        let new = json!({ "name": name });
        let path = "/api/v1/me/mcp-tokens";
        program.send(Method::POST, path, &headers, Some(&new)).await
    };
    let mut first_ones = Vec::new();
    for (program, email, name) in [
        (&portal, mei, "Laptop"),
        (&portal, jun, "Laptop"),
        (&other, mei, "Desktop"),
    ] {
        let reply = make(program, email, name).await;
        assert_eq!(reply.status, 201, "{email}: {}", reply.body);
        assert_eq!(reply.header("idempotent-replayed"), "");
        let own = Program::new(&app, reply.body["secret"].as_str().unwrap());
        assert_eq!(own.get("/api/v1/me").await.body["email"], email);
        first_ones.push((program, email, name, reply));
    }
    for (program, email, name, first) in first_ones {
        let again = make(program, email, name).await;
        assert_eq!(again.status, 201, "{email}: {}", again.body);
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.body["token"], first.body["token"], "{email}");
        assert!(again.body["secret"].is_null());
        let reused = make(program, email, "Another").await;
        assert_eq!(
            (reused.status, reused.code()),
            (422, "idempotency_key_reused")
        );
    }
    assert_eq!(
        app.count("SELECT count(*) FROM tokens WHERE owner_id IS NOT NULL")
            .await,
        3
    );
}

/// The claim of the key is what the second waits for.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_for_two_users_at_once_makes_one_token_for_each() {
    let app = App::start().await;
    let mei = "mei@northwind.example";
    app.add_member(app.organization, mei, Role::Member).await;
    let portal = Arc::new(portal(&app).await);
    let requests = (0..20).map(|number| {
        let portal = portal.clone();
        tokio::spawn(async move {
            let email = if number % 2 == 0 { mei } else { ADA };
            let headers = [("x-user-email", email), ("idempotency-key", "the same")];
            let new = json!({ "name": "Laptop", "scopes": ["widgets:write"] });
            let path = "/api/v1/me/mcp-tokens";
            portal.send(Method::POST, path, &headers, Some(&new)).await
        })
    });
    let requests: Vec<_> = requests.collect();
    let mut told = 0;
    for request in requests {
        let reply = request.await.unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
        told += usize::from(reply.body["secret"].is_string());
    }
    assert_eq!(told, 2);
    let owners = "SELECT count(DISTINCT owner_id) FROM tokens WHERE name = 'Laptop'";
    assert_eq!(app.count(owners).await, 2);
    assert_eq!(
        app.count("SELECT count(*) FROM tokens WHERE name = 'Laptop'")
            .await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_letters_beyond_ascii_is_named_too() {
    let app = App::start().await;
    let mail = "jürg@northwind.example";
    app.add_member(app.organization, mail, Role::Member).await;
    let portal = portal(&app).await;
    let me = as_user(&portal, mail, Method::GET, "", None).await;
    assert_eq!(
        (me.status, &me.body["email"]),
        (200, &json!(mail)),
        "{}",
        me.body
    );
}
