//! The list of API tokens: by who answers for them, and how many there are.

use serde_json::{Value, json};
use tokendesk::access::Role;
use tokendesk::catalogue::Scope;

use crate::api::client::Program;
use crate::support::App;
use crate::support::app::ADA;

const MEI: &str = "mei@northwind.example";
const JUN: &str = "jun@northwind.example";
const TOKENS: i32 = 30_000;

fn names(body: &Value) -> Vec<&str> {
    let items = body["items"].as_array().unwrap().iter();
    items.map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_who_answers_for_it() {
    let app = App::start().await;
    let program = Program::with(&app, "Terraform", &[Scope::AdminWrite]).await;
    let (id, ada) = (app.user(ADA).await, "Ada Lovell");
    let responsible = json!({ "id": id.to_string(), "name": ada, "email": ADA });
    let new = json!({ "name": "Feed", "scopes": ["admin:read"] });
    let made = program.post("/api/v1/tokens", &new).await;
    assert_eq!(made.body["token"]["responsible"], json!(null));
    let path = made.header("location");
    let hand_over = format!("UPDATE tokens SET responsible_id = '{id}' WHERE name = 'Feed'");
    app.sql(&hand_over).await;
    assert_eq!(program.get(path).await.body["responsible"], responsible);
    let own = format!("/api/v1/tokens?responsible_id={id}&q=fee");
    assert_eq!(names(&program.get(&own).await.body), ["Feed"]);
    let nobody = format!("/api/v1/tokens?responsible_id={}", uuid::Uuid::nil());
    assert_eq!(names(&program.get(&nobody).await.body), [""; 0]);
    let wrong = program.get("/api/v1/tokens?responsible_id=x").await;
    assert_eq!(
        (wrong.status, &wrong.body["field"]),
        (422, &json!("responsible_id"))
    );
}

/// Mei answers for most of them, Jun for few, and for the last third nobody.
async fn fill(app: &App) {
    let (mei, jun) = (app.user(MEI).await, app.user(JUN).await);
    let organization = app.organization;
    let now = app.now().to_rfc3339();
    let fill = format!(
        "INSERT INTO tokens (id, organization_id, name, name_folded, display, standing, expires_at,
             created_at, created_by_name, responsible_id)
         SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{organization}',
             name, name, 'wxt_' || lpad(to_hex(n % 4096), 4, '0'),
             CASE WHEN n % 40 = 0 THEN 'revoked' WHEN n % 11 = 0 THEN 'disabled' ELSE 'active' END,
             CASE WHEN n % 3 = 0 THEN '{now}'::timestamptz + make_interval(mins => n % 7000 - 2000) END,
             now(), 'Ada',
             CASE WHEN n % 400 = 7 THEN '{jun}'::uuid WHEN n < {TOKENS} * 2 / 3 THEN '{mei}'::uuid END
         FROM (SELECT n, (ARRAY['orders', 'billing', 'search'])[n * 7 % 3 + 1] || ' ' || n AS name
             FROM generate_series(1, {TOKENS}) AS n) AS named;
         INSERT INTO token_usage (token_id, organization_id, last_used_at)
         SELECT id, '{organization}', CASE WHEN n % 2 = 0
             THEN '{now}'::timestamptz - make_interval(mins => (n * 31 % 5000)::int) END
         FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM tokens
             WHERE created_by_name = 'Ada') AS numbered;"
    );
    let client = app.client().await;
    client.batch_execute(&fill).await.unwrap();
    client.batch_execute("VACUUM ANALYZE").await.unwrap();
}

/// As the database says it without any help.
async fn expected(app: &App, condition: &str, order: &str) -> (i64, Vec<String>) {
    let found = format!("FROM tokens JOIN token_usage ON token_id = id WHERE {condition}");
    let rows = app
        .sql(&format!("SELECT name {found} ORDER BY {order} LIMIT 150"))
        .await;
    let count = app.count(&format!("SELECT count(*) {found}")).await;
    (count, rows.iter().map(|row| row.get(0)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_filtered_by_who_answers_for_its_tokens() {
    let app = App::start_with(&["--rate-limit-per-token=100000"]).await;
    for email in [MEI, JUN] {
        app.add_member(app.organization, email, Role::Admin).await;
    }
    fill(&app).await;
    let program = Program::of(&app, &app.token("Watcher").await.1);
    let now = app.now().to_rfc3339();
    for (email, is_many) in [(MEI, true), (JUN, false)] {
        let user = app.user(email).await;
        for (status, in_tab) in [
            ("", "true".to_owned()),
            ("&status=revoked", "tokens.standing = 'revoked'".to_owned()),
            (
                "&status=active",
                format!("tokens.standing = 'active' AND tokens.expires_sort > '{now}'"),
            ),
        ] {
            for (sort, order) in [
                ("newest", "id DESC"),
                ("name", "NOT starts_with(name_folded, 'Q'), name_folded, id"),
                ("expiry", "tokens.expires_sort, id"),
                ("last-used", "last_used_at DESC NULLS LAST, id DESC"),
            ] {
                for term in ["", "billing", "299"] {
                    let condition = format!(
                        "responsible_id = '{user}' AND {in_tab} AND strpos(tokens.search, '{term}') > 0"
                    );
                    let order = order.replace('Q', term);
                    let (count, wanted) = expected(&app, &condition, &order).await;
                    let query = format!("responsible_id={user}&sort={sort}{status}&q={term}");
                    let first = format!("/api/v1/tokens?limit=75&{query}");
                    let page = program.get(&first).await.body;
                    let mut found: Vec<String> =
                        names(&page).into_iter().map(str::to_owned).collect();
                    if let Some(cursor) = page["next_cursor"].as_str() {
                        let next = program.get(&format!("{first}&cursor={cursor}")).await.body;
                        found.extend(names(&next).into_iter().map(str::to_owned));
                    }
                    assert_eq!(found, wanted, "{query}");
                    let tab = if status.is_empty() {
                        "all"
                    } else {
                        &status[8..]
                    };
                    let told = &page["counts"][tab];
                    if told["is_exact"] == true {
                        assert_eq!(told["known"], count, "{query}");
                    } else {
                        assert!(is_many || !term.is_empty(), "{query}: {told}");
                        assert!(told["known"].as_i64().unwrap() <= count, "{query}: {told}");
                    }
                }
            }
        }
    }
}

/// A page has 50, unless another number is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_asked_for_by_product_and_status_and_comes_in_pages() {
    let app = App::start().await;
    let program = Program::with(&app, "Watcher", &[Scope::AdminWrite]).await;
    let product = json!({ "name": "Shop", "key": "shop" });
    let product = program.post("/api/v1/products", &product).await.body["id"].clone();
    let product = product.as_str().unwrap();
    let many = format!(
        "INSERT INTO tokens (id, organization_id, name, name_folded, display, standing, expires_at,
            created_at, created_by_name, product_id)
        SELECT gen_random_uuid(), id, n::text, n::text, 'wxt_0000',
            CASE WHEN n <= 2 THEN 'disabled' ELSE 'active' END,
            CASE WHEN n = 3 THEN timestamptz '2020-01-01Z' END, now(), '',
            CASE WHEN n <= 120 THEN '{product}'::uuid END
        FROM organizations, generate_series(1, 130) AS n"
    );
    app.sql(&many).await;
    let used = "INSERT INTO token_usage (token_id, organization_id)
        SELECT id, organization_id FROM tokens WHERE id NOT IN (SELECT token_id FROM token_usage)";
    app.sql(used).await;
    for (query, found, has_more) in [
        (String::new(), 50, true),
        ("limit=100".to_owned(), 100, true),
        (format!("product_id={product}&limit=100"), 100, true),
        (format!("product_id={}", uuid::Uuid::nil()), 0, false),
        ("status=inactive".to_owned(), 2, false),
        ("status=expired".to_owned(), 1, false),
    ] {
        let page = program.get(&format!("/api/v1/tokens?{query}")).await.body;
        assert_eq!(page["items"].as_array().unwrap().len(), found, "{query}");
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert!(!has_more, "{query}");
            continue;
        };
        assert!(has_more, "{query}");
        let next = format!("/api/v1/tokens?{query}&cursor={cursor}");
        let next = program.get(&next).await.body;
        let rest = next["items"].as_array().unwrap().len();
        if query.starts_with("product_id") {
            assert_eq!(rest, 20, "{query}");
        } else {
            assert!(rest > 0, "{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_how_many_tokens_there_are_of_each_status() {
    let app = App::start().await;
    for (name, change) in [
        ("A", "standing = 'disabled'"),
        ("B", "standing = 'revoked'"),
        ("C", "expires_at = '2020-01-01Z'"),
        ("D", "expires_at = '2020-01-01Z'"),
    ] {
        app.token(name).await;
        app.sql(&format!("UPDATE tokens SET {change} WHERE name = '{name}'"))
            .await;
    }
    let program = Program::with(&app, "Watcher", &[Scope::AdminRead]).await;
    let counts = async |query: &str| {
        let list = program.get(&format!("/api/v1/tokens?limit=1{query}")).await;
        let counts = list.body["counts"].as_object().unwrap().clone();
        assert!(counts.values().all(|count| count["is_exact"] == true));
        ["all", "active", "inactive", "expired", "revoked"]
            .map(|tab| counts[tab]["known"].as_i64().unwrap())
    };
    assert_eq!(counts("").await, [5, 1, 1, 2, 1]);
    assert_eq!(counts("&status=revoked").await, [5, 1, 1, 2, 1]);
    assert_eq!(counts("&q=watch").await, [1, 1, 0, 0, 0]);
    // Of very many not all are counted.
    let few = app.count("SELECT count(*) FROM tokens").await;
    let many = "INSERT INTO tokens (id, organization_id, name, name_folded, display, standing,
            created_at, created_by_name)
        SELECT gen_random_uuid(), organization_id, n::text, n::text, 'wxt_0000', 'active', now(), ''
        FROM tokens, generate_series(1, 10000) AS n WHERE name = 'A'";
    app.sql(many).await;
    let list = program.get("/api/v1/tokens?limit=1").await;
    assert_eq!(
        list.body["counts"]["active"],
        json!({ "known": 10_000, "is_exact": false })
    );
    assert_eq!(
        list.body["counts"]["expired"],
        json!({ "known": 2, "is_exact": true })
    );
    assert_eq!(few, 5);
}
