//! Products, resources, MCP servers and the audit log.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use tokendesk::catalogue::Scope;

use crate::api::client::Program;
use crate::support::App;
use crate::support::app::ADA;

async fn admin(app: &App) -> Program {
    Program::with(app, "Terraform", &[Scope::AdminWrite, Scope::ConnectWrite]).await
}

/// Made, read, edited, edited too late, and deleted.
async fn lives(program: &Program, list: &str, new: &Value, edit: &Value, gone: u16) {
    let before = program.get(list).await.body["items"]
        .as_array()
        .unwrap()
        .len();
    let made = program.post(list, new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = made.header("location").to_owned();
    assert_eq!(
        path,
        format!("{list}/{}", made.body["id"].as_str().unwrap())
    );
    for (field, value) in new.as_object().unwrap() {
        assert_eq!(&made.body[field], value, "{field}");
    }
    let listed = program.get(list).await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), before + 1);
    let read = program.get(&path).await;
    let mut told = made.body.clone();
    told.as_object_mut().unwrap().remove("receipt");
    assert_eq!(read.body, told);
    let tag = read.header("etag").to_owned();
    let send = async |method: Method, tag: &str, body: Option<&Value>| {
        program
            .send(method, &path, &[("if-match", tag)], body)
            .await
    };
    let edited = send(Method::PATCH, &tag, Some(edit)).await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    for (field, value) in edit.as_object().unwrap() {
        assert_eq!(&edited.body[field], value, "{field}");
    }
    let late = send(Method::PATCH, &tag, Some(edit)).await;
    assert_eq!((late.status, late.code()), (412, "precondition_failed"));
    let again = program.post(list, edit_of(new, edit)).await;
    assert_eq!(
        again.status,
        if list.ends_with("resources") {
            422
        } else {
            409
        },
        "{}",
        again.body
    );
    let unknown = program.patch(&path, &json!({ "nonsense": 1 })).await;
    assert_eq!(
        (unknown.status, &unknown.body["field"]),
        (422, &json!("nonsense"))
    );
    assert_eq!(program.delete(&path).await.status, gone);
    assert_eq!(program.get(&path).await.status, 404);
}

/// What would clash with the edited one.
fn edit_of(new: &Value, edit: &Value) -> &'static Value {
    let mut clash = new.clone();
    for (field, value) in edit.as_object().unwrap() {
        clash[field] = value.clone();
    }
    Box::leak(Box::new(clash))
}

/// A client that heard no answer sends it again.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_makes_one_thing() {
    let app = App::start().await;
    let program = admin(&app).await;
    let operations = json!([{ "methods": ["GET"], "name": "list", "scope": "connect:read" }]);
    for (list, new) in [
        ("products", json!({ "name": "Shop", "key": "shop" })),
        (
            "resources",
            json!({ "name": "Reports", "path": "/api/reports", "operations": operations }),
        ),
        (
            "mcp-servers",
            json!({ "name": "widgets", "url": "https://widgets.example/mcp" }),
        ),
    ] {
        let path = format!("/api/v1/{list}");
        let send = async || {
            let headers = [("idempotency-key", list)];
            program
                .send(Method::POST, &path, &headers, Some(&new))
                .await
        };
        let (made, again) = (send().await, send().await);
        assert_eq!(
            (made.status, again.status),
            (201, 201),
            "{list}: {}",
            made.body
        );
        assert_eq!(made.body["id"], again.body["id"], "{list}");
        let (table, name) = (list.replace('-', "_"), new["name"].as_str().unwrap());
        let made = format!("SELECT count(*) FROM {table} WHERE name = '{name}'");
        assert_eq!(app.count(&made).await, 1, "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn products_live() {
    let app = App::start().await;
    let new = json!({ "name": "Storefront", "key": "prod" });
    lives(
        &admin(&app).await,
        "/api/v1/products",
        &new,
        &json!({ "name": "Shop" }),
        204,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_with_tokens_keeps_its_key_and_stays() {
    let app = App::start().await;
    let program = admin(&app).await;
    let made = program
        .post(
            "/api/v1/products",
            &json!({ "name": "Storefront", "key": "prod" }),
        )
        .await;
    let path = made.header("location");
    let token = json!({ "name": "x", "scopes": ["connect:read"], "product_id": made.body["id"] });
    let token = program.post("/api/v1/tokens", &token).await;
    assert!(
        token.body["secret"].as_str().unwrap().starts_with("prod_"),
        "{}",
        token.body
    );
    assert_eq!(token.body["token"]["product"]["key"], "prod");
    let key = program.patch(path, &json!({ "key": "other" })).await;
    assert_eq!((key.status, key.code()), (409, "conflict"));
    // However it is written.
    for key in ["prod_", " prod", "prod"] {
        let same = program.patch(path, &json!({ "key": key })).await;
        assert_eq!(
            (same.status, &same.body["key"]),
            (200, &json!("prod")),
            "{key}"
        );
    }
    assert_eq!(
        program.patch(path, &json!({ "name": "Shop" })).await.body["tokens"],
        1
    );
    let deleted = program.delete(path).await;
    assert_eq!((deleted.status, deleted.code()), (409, "conflict"));
    let reserved = program
        .post("/api/v1/products", &json!({ "name": "x", "key": "wxt" }))
        .await;
    assert_eq!(
        (reserved.status, &reserved.body["field"]),
        (422, &json!("key"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mcp_servers_live() {
    let app = App::start().await;
    let new = json!({
        "name": "widgets", "url": "https://mcp.example.com/mcp", "description": "Widgets",
    });
    lives(
        &admin(&app).await,
        "/api/v1/mcp-servers",
        &new,
        &json!({ "url": "https://mcp.example.com/2" }),
        200,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_live() {
    let app = App::start().await;
    let program = admin(&app).await;
    let operation = json!({
        "name": "read", "methods": ["GET"], "place": "anywhere", "scope": "connect:read",
    });
    let new = json!({
        "name": "Invoices", "path": "/api/invoices/**", "preflight": true,
        "operations": [operation],
    });
    lives(
        &program,
        "/api/v1/resources",
        &new,
        &json!({ "name": "Bills" }),
        200,
    )
    .await;
    let wrong = json!({
        "name": "x", "path": "no slash",
        "operations": [operation, { "name": "read", "methods": ["GET"], "scope": "connect:read" }],
    });
    let refused = program.post("/api/v1/resources", &wrong).await;
    let errors = refused.body["errors"].as_array().unwrap();
    let fields: Vec<&str> = errors
        .iter()
        .filter_map(|it| it["field"].as_str())
        .collect();
    assert_eq!(
        fields,
        ["path", "operations[1].name", "operations[1].methods"],
        "{}",
        refused.body
    );
    let blank = json!({ "name": " ", "scope": "connect:read" });
    let one_too_many = json!({ "name": "x", "path": "/x", "operations": [operation, blank] });
    let refused = program.post("/api/v1/resources", &one_too_many).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert_eq!(refused.body["field"], "operations[1].name");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_in_the_catalogue_is_told_with_a_receipt() {
    let app = App::start().await;
    let program = admin(&app).await;
    let verifier = Program::with(&app, "Verifier", &[Scope::TokensVerify]).await;
    let reader = [Scope::ConnectRead].into_iter().collect();
    let reader = app.token_with("Reader", |new| new.scopes = Some(reader));
    let (_, secret) = reader.await;
    let says_where = |body: &Value| {
        let summary = body["receipt"]["summary"].as_str().unwrap_or_default();
        assert!(
            summary.starts_with("In effect on 1 of 1 instance"),
            "{body}"
        );
    };
    let operation = json!({ "name": "read", "methods": ["GET"], "scope": "connect:read" });
    let resource = json!({ "name": "Invoices", "path": "/i/**", "operations": [operation] });
    let product = json!({ "name": "Storefront", "key": "prod" });
    let resource = program.post("/api/v1/resources", &resource).await;
    let path = resource.header("location");
    let needs = async || {
        let asked = json!({ "token": secret.reveal(), "method": "GET", "path": "/i/7" });
        verifier.post("/api/v1/verify", &asked).await.body["code"].clone()
    };
    says_where(&resource.body);
    assert_eq!(needs().await, "valid");
    let narrowed = json!({ "operations": [
        { "name": "read", "methods": ["GET"], "scope": "admin:read" },
    ] });
    says_where(&program.patch(path, &narrowed).await.body);
    assert_eq!(needs().await, "insufficient_scope");
    says_where(&program.delete(path).await.body);
    assert_eq!(needs().await, "unknown_resource");
    let product = program.post("/api/v1/products", &product).await;
    let path = product.header("location");
    let renamed = program.patch(path, &json!({ "name": "Shop" })).await;
    says_where(&renamed.body);
    assert!(program.get(path).await.body.get("receipt").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_read_in_pages() {
    let app = App::start().await;
    let program = admin(&app).await;
    let (token, _) = app.token("Feed").await;
    program
        .post(
            &format!("/api/v1/tokens/{}/disabling", token.id),
            &json!({}),
        )
        .await;
    let of_token = format!("/api/v1/audit-events?subject_id={}&limit=1", token.id);
    let first = program.get(&of_token).await;
    let event = &first.body["items"][0];
    assert_eq!(event["action"], "token.disabled");
    assert_eq!(event["author"]["name"], "API token “Terraform”");
    assert!(event["author"]["token_id"].is_string());
    assert_eq!(
        event["subject"],
        json!({ "id": token.id.to_string(), "name": "Feed" })
    );
    assert_eq!(
        event["changes"],
        json!([{ "field": "status", "from": "Active", "to": "Inactive" }])
    );
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = program.get(&format!("{of_token}&cursor={cursor}")).await;
    assert_eq!(second.body["items"][0]["action"], "token.created");
    assert!(second.body["next_cursor"].is_null());
    let none = program
        .get("/api/v1/audit-events?before=2020-01-01T00:00:00Z")
        .await;
    assert_eq!(none.body["items"], json!([]));
    for (name, found) in [("job", 0), ("FEED", 1), ("ee", 1), ("%25", 0)] {
        let path = format!("/api/v1/audit-events?action=token.disabled&subject_name={name}");
        let items = program.get(&path).await.body["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), found, "{name}");
    }
    let ada = app.ada().await;
    let enabling = format!("{}/enabling", token.path());
    let form = ada.visit(&enabling).await.form(&enabling);
    assert_eq!(form.submit().await.status, 200);
    let user = app.user(ADA).await;
    let nobody = uuid::Uuid::nil();
    for (which, actions) in [
        (format!("author_id={user}"), &["token.enabled"][..]),
        (format!("author_id={nobody}"), &[]),
        (
            "from=2026-11-22T14:00:00Z".to_owned(),
            &["token.enabled", "token.disabled", "token.created"],
        ),
        ("from=2026-11-22T14:00:01Z".to_owned(), &[]),
    ] {
        let path = format!("/api/v1/audit-events?subject_id={}&{which}", token.id);
        let items = program.get(&path).await.body["items"].clone();
        let items = items.as_array().unwrap().iter();
        let found: Vec<_> = items.map(|it| it["action"].as_str().unwrap()).collect();
        assert_eq!(found, actions, "{which}");
    }
    let refused = program.get("/api/v1/audit-events?action=nothing").await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (422, &json!("action"))
    );
}

/// To the microsecond, as events tell their time.
#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_bounded_as_exactly_as_it_is_told() {
    let app = App::start().await;
    let program = admin(&app).await;
    app.state.clock.advance(TimeDelta::microseconds(719_078));
    app.token("Feed").await;
    for (bounds, found) in [
        ("from=2026-11-22T14:00:00.719078Z", 1),
        ("from=2026-11-22T14:00:00.719079Z", 0),
        ("before=2026-11-22T14:00:00.719078Z", 0),
        ("before=2026-11-22T14:00:00.719079Z", 1),
        (
            "from=2026-11-22T14:00:00.719078Z&before=2026-11-22T14:00:00.719079Z",
            1,
        ),
        (
            "from=-9999-01-01T00:00:00Z&before=%2B262142-12-31T23:59:59Z",
            1,
        ),
        ("from=%2B262142-12-31T23:59:59Z", 0),
        ("before=-262143-01-01T00:00:00Z", 0),
    ] {
        let path = format!("/api/v1/audit-events?subject_name=Feed&{bounds}");
        let events = program.get(&path).await.body["items"].clone();
        assert_eq!(events.as_array().unwrap().len(), found, "{bounds}");
    }
}

/// In one order, whatever their case, as no two differ by that alone.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_a_name_is_listed_by_it_whatever_its_case() {
    let app = App::start().await;
    let program = admin(&app).await;
    let names = ["_x", "alpha", "Beta", "gamma", "Zeta", "Ärger"];
    for path in ["/api/v1/groups", "/api/v1/products"] {
        for (number, name) in names.iter().enumerate() {
            let mut new = json!({ "name": name });
            if path == "/api/v1/products" {
                new["key"] = json!(format!("key{number}"));
            }
            let made = program.post(path, &new).await;
            assert_eq!(made.status, 201, "{}", made.body);
        }
        let mut listed = Vec::new();
        let mut next = format!("{path}?limit=2");
        loop {
            let page = program.get(&next).await.body;
            let items = page["items"].as_array().unwrap().iter();
            listed.extend(items.map(|item| item["name"].as_str().unwrap().to_lowercase()));
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            next = format!("{path}?limit=2&cursor={cursor}");
        }
        let place = |name: &str| listed.iter().position(|listed| listed == name);
        assert_eq!(listed.len(), names.len(), "{listed:?}");
        assert!(place("alpha") < place("beta") && place("beta") < place("gamma"));
        assert!(place("gamma") < place("zeta"), "{listed:?}");
    }
}
