//! `/api/v1/tokens`.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use tokendesk::access::Role;
use tokendesk::catalogue::Scope;
use tokendesk::tokens::Ranges;

use crate::api::client::Program;
use crate::support::App;
use crate::support::app::ADA;

async fn admin(app: &App) -> Program {
    Program::with(app, "Terraform", &[Scope::AdminWrite, Scope::ConnectWrite]).await
}

fn new(name: &str) -> Value {
    json!({ "name": name, "scopes": ["connect:read"] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_and_works() {
    let app = App::start().await;
    let program = admin(&app).await;
    let made = program
        .post(
            "/api/v1/tokens",
            &json!({
                "name": " Feed ",
                "scopes": ["admin:read", "connect:read"],
                "allowed_ip_ranges": ["127.0.0.0/8"],
                "expires_at": "2027-02-20T14:30:00Z",
            }),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let token = &made.body["token"];
    assert_eq!(token["name"], "Feed");
    assert_eq!(token["access_level"], "read-only");
    assert_eq!(token["status"], "active");
    assert_eq!(token["allowed_ip_ranges"], json!(["127.0.0.0/8"]));
    assert_eq!(token["expires_at"], "2027-02-20T14:30:00Z");
    assert_eq!(token["created_by"], "API token “Terraform”");
    let path = format!("/api/v1/tokens/{}", token["id"].as_str().unwrap());
    assert_eq!(made.header("location"), path);
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(made.header("cache-control"), "no-store");
    let secret = made.body["secret"].as_str().unwrap();
    assert!(secret.starts_with(token["prefix"].as_str().unwrap()));

    let own = Program::new(&app, secret).get(&path).await;
    assert_eq!(own.status, 200, "{}", own.body);
    assert_eq!(own.body["id"], token["id"]);
    assert!(!own.body.to_string().contains(secret));
    let journal = app
        .sql("SELECT author_name, author_token_id IS NOT NULL, author_id IS NULL FROM journal ORDER BY id DESC LIMIT 1")
        .await;
    assert_eq!(journal[0].get::<_, &str>(0), "API token “Terraform”");
    assert!(journal[0].get::<_, bool>(1) && journal[0].get::<_, bool>(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_by_field_all_at_once() {
    let app = App::start().await;
    let program = admin(&app).await;
    let wrong = json!({
        "name": "  ",
        "scopes": ["connect:read"],
        "allowed_ip_ranges": ["10.1.2.3/8"],
        "expires_at": "2020-01-01T00:00:00Z",
    });
    let refused = program.post("/api/v1/tokens", &wrong).await;
    assert_eq!((refused.status, refused.code()), (422, "invalid"));
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let errors = refused.body["errors"].as_array().unwrap();
    let fields: Vec<&str> = errors
        .iter()
        .filter_map(|it| it["field"].as_str())
        .collect();
    assert_eq!(fields, ["name", "expires_at", "allowed_ip_ranges"]);
    assert_eq!(refused.body["field"], "name");
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("Did you mean 10.0.0.0/8?")
    );

    for (body, field) in [
        (json!({ "name": "x" }), "scopes"),
        (json!({ "name": "x", "scopes": [] }), "scopes"),
        (
            json!({ "name": "x", "scopes": ["connect:read", "render"] }),
            "scopes[1]",
        ),
        (json!({ "name": 7, "scopes": ["connect:read"] }), "name"),
        (
            json!({ "name": "x", "scopes": ["connect:read"], "scope": 1 }),
            "scope",
        ),
        (
            json!({ "name": "x", "scopes": ["connect:read"], "allowed_ip_ranges": ["192.0.2.1, 192.0.2.2"] }),
            "allowed_ip_ranges[0]",
        ),
        (
            json!({ "name": "x", "scopes": ["connect:read"], "allowed_ip_ranges": ["010.0.0.0/8"] }),
            "allowed_ip_ranges",
        ),
        (
            json!({ "name": "x", "scopes": ["connect:read"], "allowed_ip_ranges": vec!["::"; 101] }),
            "allowed_ip_ranges",
        ),
        (
            json!({ "name": "x", "scopes": ["connect:read"], "product_id": uuid::Uuid::nil() }),
            "product_id",
        ),
    ] {
        let refused = program.post("/api/v1/tokens", &body).await;
        assert_eq!((refused.status, refused.code()), (422, "invalid"), "{body}");
        assert_eq!(refused.body["field"], field, "{}", refused.body);
    }
    assert_eq!(
        program.post("/api/v1/tokens", &new("Feed")).await.status,
        201
    );
    let taken = program.post("/api/v1/tokens", &new("FEED")).await;
    assert_eq!((taken.status, taken.code()), (409, "taken"));
    assert_eq!(taken.body["field"], "name");
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_creates_once_and_the_secret_is_told_once() {
    let app = App::start().await;
    let program = admin(&app).await;
    let send = async |key: &str, body: &Value| {
        let headers = [("idempotency-key", key)];
        program
            .send(Method::POST, "/api/v1/tokens", &headers, Some(body))
            .await
    };
    let first = send("a", &new("Feed")).await;
    assert_eq!(first.status, 201);
    let again = send("a", &new("Feed")).await;
    assert_eq!(again.status, 201);
    assert_eq!(again.body["token"], first.body["token"]);
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert!(first.body["secret"].is_string() && again.body["secret"].is_null());
    let other = send("a", &new("Other")).await;
    assert_eq!(
        (other.status, other.code()),
        (422, "idempotency_key_reused")
    );
    // What failed leaves the key free.
    assert_eq!(send("b", &new("Feed")).await.status, 409);
    assert_eq!(send("b", &new("Feed 2")).await.status, 201);
    let wrong = send("", &new("Feed 3")).await;
    assert_eq!(
        (wrong.status, &wrong.body["field"]),
        (422, &json!("Idempotency-Key"))
    );

    let someone = Program::with(&app, "Other", &[Scope::All]).await;
    let headers = [("idempotency-key", "a")];
    let body = new("Feed 4");
    let theirs = someone
        .send(Method::POST, "/api/v1/tokens", &headers, Some(&body))
        .await;
    assert_eq!(theirs.status, 201, "a key is one's own");

    let minute = TimeDelta::minutes(1);
    app.state.clock.advance(TimeDelta::hours(24) - minute);
    let late = send("a", &new("Feed")).await;
    assert_eq!(late.header("idempotent-replayed"), "true", "{}", late.body);
    app.state.clock.advance(minute);
    let next_day = send("a", &new("Feed 5")).await;
    assert_eq!(next_day.status, 201);
    assert_eq!(next_day.header("idempotent-replayed"), "");
    let stored = app
        .sql("SELECT coalesce(answer::text, 'none') FROM idempotency_keys")
        .await;
    let secret = first.body["secret"].as_str().unwrap();
    for row in stored {
        let answer: &str = row.get(0);
        assert!(answer != "none" && !answer.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_forgotten_after_a_day_and_not_before() {
    let app = App::start().await;
    let program = Program::of(&app, &app.token("Terraform").await.1);
    let headers = [("idempotency-key", "a")];
    let body = json!({ "name": "Shop", "key": "shop" });
    let path = "/api/v1/products";
    let made = program
        .send(Method::POST, path, &headers, Some(&body))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let sweep = async || {
        let swept = tokendesk::api::sweep(app.database(), &app.state.clock).await;
        swept.map_err(|error| format!("{error:?}")).unwrap()
    };
    app.state
        .clock
        .advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_eq!(sweep().await, 0);
    app.state.clock.advance(TimeDelta::seconds(2));
    assert_eq!(sweep().await, 1);
    assert_eq!(app.count("SELECT count(*) FROM idempotency_keys").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_requests_with_one_key_one_creates() {
    let app = App::start().await;
    let (_, secret) = app.token("Terraform").await;
    let requests = (0..8).map(|_| {
        let program = Program::of(&app, &secret);
        tokio::spawn(async move {
            let headers = [("idempotency-key", "the same")];
            let body = new("Feed");
            program
                .send(Method::POST, "/api/v1/tokens", &headers, Some(&body))
                .await
        })
    });
    let mut secrets = 0;
    for request in requests.collect::<Vec<_>>() {
        let reply = request.await.unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
        secrets += i32::from(reply.body["secret"].is_string());
    }
    assert_eq!(secrets, 1);
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages_with_the_consoles_filters() {
    let app = App::start().await;
    let program = admin(&app).await;
    for number in 0..7 {
        app.token(&format!("Feed {number}")).await;
    }
    let names = |body: &Value| -> Vec<String> {
        let items = body["items"].as_array().unwrap().iter();
        items
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = program.get("/api/v1/tokens?limit=3&sort=name&q=feed").await;
    assert_eq!(names(&first.body), ["Feed 0", "Feed 1", "Feed 2"]);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let next = format!("/api/v1/tokens?limit=3&sort=name&q=feed&cursor={cursor}");
    let second = program.get(&next).await;
    assert_eq!(names(&second.body), ["Feed 3", "Feed 4", "Feed 5"]);
    let all = program.get("/api/v1/tokens").await;
    assert_eq!(names(&all.body).len(), 8);
    assert!(all.body["next_cursor"].is_null());
    assert_eq!(
        names(&program.get("/api/v1/tokens?status=revoked").await.body).len(),
        0
    );
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("status=gone", "status"),
        ("sort=up", "sort"),
        ("cursor=x", "cursor"),
        ("product_id=x", "product_id"),
        ("page=2", "page"),
    ] {
        let refused = program.get(&format!("/api/v1/tokens?{query}")).await;
        assert_eq!(
            (refused.status, refused.code()),
            (422, "invalid"),
            "{query}"
        );
        assert_eq!(refused.body["field"], field, "{query}: {}", refused.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_of_the_version_that_was_read() {
    let app = App::start().await;
    let program = admin(&app).await;
    let (token, _) = app
        .token_with("Feed", |new| {
            new.scopes = Some([Scope::ConnectRead].into_iter().collect());
            new.expires_at = Some(app.now() + TimeDelta::days(30));
        })
        .await;
    let path = format!("/api/v1/tokens/{}", token.id);
    let read = program.get(&path).await;
    let tag = read.header("etag");
    assert_eq!(tag, "\"1\"");
    let send = async |tag: &str, body: Value| {
        let headers = [("if-match", tag)];
        program
            .send(Method::PATCH, &path, &headers, Some(&body))
            .await
    };
    let edited = send(tag, json!({ "name": "News" })).await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    assert_eq!(edited.header("etag"), "\"2\"");
    let now = &edited.body["token"];
    assert_eq!(now["name"], "News");
    assert_eq!(
        now["expires_at"], "2026-12-22T14:00:00Z",
        "what is left out stays"
    );
    assert!(
        edited.body["receipt"]["summary"]
            .as_str()
            .unwrap()
            .starts_with("In effect")
    );
    let late = send(tag, json!({ "name": "Late" })).await;
    assert_eq!((late.status, late.code()), (412, "precondition_failed"));
    assert_eq!(send("*", json!({ "expires_at": null })).await.status, 200);
    let last = program
        .patch(&path, &json!({ "allowed_ip_ranges": ["192.0.2.0/24"] }))
        .await;
    assert_eq!(last.body["token"]["version"], 4);
    assert!(last.body["token"]["expires_at"].is_null());
    let refused = program.patch(&path, &json!({ "name": null })).await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (422, &json!("name"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_through_its_life() {
    let app = App::start().await;
    let program = admin(&app).await;
    let made = program.post("/api/v1/tokens", &new("Feed")).await;
    let path = made.header("location");
    let works =
        async |secret: &str| Program::new(&app, secret).get("/api/v1/token").await.status == 200;
    let old = made.body["secret"].as_str().unwrap();
    let (born, of_secret) = ("/token/created_at", "/token/secret_created_at");
    assert_eq!(made.body.pointer(of_secret), made.body.pointer(born));
    app.state.clock.advance(TimeDelta::hours(1));
    let overlap = json!({ "overlap": "24h" });
    let rotated = program.post(&format!("{path}/rotation"), &overlap).await;
    assert_eq!(rotated.status, 201, "{}", rotated.body);
    let secret = rotated.body["secret"].as_str().unwrap();
    assert_eq!(
        rotated.body["token"]["old_secret_until"],
        "2026-11-23T15:00:00Z"
    );
    assert_eq!(
        rotated.body["token"]["secret_created_at"],
        "2026-11-22T15:00:00Z"
    );
    assert!(works(old).await && works(secret).await);
    let ended = program
        .post(&format!("{path}/overlap-end"), &json!({}))
        .await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    assert!(ended.body["token"]["old_secret_until"].is_null());
    assert!(!works(old).await && works(secret).await);
    let nothing = program
        .post(&format!("{path}/overlap-end"), &json!({}))
        .await;
    assert_eq!((nothing.status, nothing.code()), (409, "conflict"));

    for (change, status, works_after) in [
        ("disabling", "inactive", false),
        ("enabling", "active", true),
        ("revocation", "revoked", false),
    ] {
        let changed = program.post(&format!("{path}/{change}"), &json!({})).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(changed.body["token"]["status"], status);
        assert!(changed.body["receipt"]["instances"].is_array());
        assert_eq!(works(secret).await, works_after, "{change}");
        let again = program.post(&format!("{path}/{change}"), &json!({})).await;
        assert_eq!((again.status, again.code()), (409, "conflict"), "{change}");
    }
    let edit = program.patch(path, &json!({ "name": "x" })).await;
    assert_eq!((edit.status, edit.code()), (409, "conflict"));
    assert_eq!(
        program
            .post(&format!("{path}/rotation"), &json!({}))
            .await
            .status,
        409
    );
    app.flush().await;
    let usage = program.get(&format!("{path}/usage")).await;
    assert_eq!(usage.status, 200);
    assert_eq!(
        usage.body["days"],
        json!([{ "day": "2026-11-22", "allowed": 4, "denied": 3 }])
    );
    let mut denied: Vec<_> = usage.body["denied"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["code"].as_str().unwrap(), it["calls"].as_i64().unwrap()))
        .collect();
    denied.sort_unstable();
    assert_eq!(denied, [("disabled", 1), ("retired", 1), ("revoked", 1)]);
    let deleted = program.delete(path).await;
    assert_eq!(deleted.status, 200);
    assert!(deleted.body["receipt"]["summary"].is_string());
    assert_eq!(program.get(path).await.status, 404);
    assert_eq!(program.delete(path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_linked_to_a_product_gives_that_alone() {
    let app = App::start().await;
    let (_, secret) = app.token("Administration").await;
    let administration = Program::of(&app, &secret);
    let product = async |key: &str| {
        let new = json!({ "name": key, "key": key });
        let made = administration.post("/api/v1/products", &new).await;
        made.body["id"].clone()
    };
    let (shop, pay) = (product("shop").await, product("pay").await);
    let new = json!({ "name": "Shop", "scopes": ["all"], "product_id": shop });
    let made = administration.post("/api/v1/tokens", &new).await;
    let program = Program::new(&app, made.body["secret"].as_str().unwrap());
    let new = |product: &Value| json!({ "name": format!("{product}"), "scopes": ["connect:read"], "product_id": product });
    let own = program.post("/api/v1/tokens", &new(&shop)).await;
    assert_eq!(own.status, 201, "{}", own.body);
    for other in [pay, Value::Null] {
        let refused = program.post("/api/v1/tokens", &new(&other)).await;
        assert_eq!((refused.status, refused.code()), (403, "beyond_own"));
        assert_eq!(refused.body["field"], "product_id");
    }
    // It edits its own, and takes from others, but has none of their secrets.
    let path = own.header("location");
    let edited = program.patch(path, &json!({ "name": "Renamed" })).await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    let rotated = program.post(&format!("{path}/rotation"), &json!({})).await;
    assert_eq!(rotated.status, 201, "{}", rotated.body);
    let (any, _) = app.token("Any").await;
    let any = format!("/api/v1/tokens/{}", any.id);
    let narrower = program
        .patch(&any, &json!({ "scopes": ["admin:read"] }))
        .await;
    assert_eq!(narrower.status, 200, "{}", narrower.body);
    let rotation = program.post(&format!("{any}/rotation"), &json!({})).await;
    assert_eq!((rotation.status, rotation.code()), (403, "beyond_own"));
    let email = "mei@northwind.example";
    app.add_member(app.organization, email, Role::Member).await;
    let path = format!("/api/v1/members/{}", app.user(email).await);
    let appointed = program.patch(&path, &json!({ "role": "admin" })).await;
    assert_eq!((appointed.status, appointed.code()), (403, "beyond_own"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_gives_nothing_beyond_its_own() {
    let app = App::start().await;
    let (_, secret) = app
        .token_with("Bounded", |new| {
            new.scopes = Some([Scope::AdminWrite].into_iter().collect());
            new.ranges = Ranges::parse("127.0.0.0/8").unwrap();
            new.expires_at = Some(app.now() + TimeDelta::days(30));
        })
        .await;
    let program = Program::of(&app, &secret);
    let within = json!({
        "name": "Within", "scopes": ["admin:read", "admin:scim"],
        "allowed_ip_ranges": ["127.0.0.1"], "expires_at": "2026-12-01T00:00:00Z",
    });
    let made = program.post("/api/v1/tokens", &within).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = made.header("location").to_owned();
    for (field, value) in [
        ("scopes", json!(["all"])),
        ("scopes", json!(["admin:read", "connect:read"])),
        ("allowed_ip_ranges", json!([])),
        ("allowed_ip_ranges", json!(["127.0.0.1", "192.0.2.1"])),
        ("expires_at", json!(null)),
        ("expires_at", json!("2027-01-01T00:00:00Z")),
    ] {
        let mut beyond = within.clone();
        beyond["name"] = "Beyond".into();
        beyond[field] = value.clone();
        let refused = program.post("/api/v1/tokens", &beyond).await;
        assert_eq!(
            (refused.status, refused.code()),
            (403, "beyond_own"),
            "{beyond}"
        );
        assert_eq!(refused.body["field"], field);
        let edited = program.patch(&path, &json!({ field: value })).await;
        assert_eq!(
            (edited.status, edited.code()),
            (403, "beyond_own"),
            "{beyond}"
        );
    }
    // Of a broader token it may take away, but not have the secret.
    let (broad, _) = app.token("Broad").await;
    let path = format!("/api/v1/tokens/{}", broad.id);
    let rotation = program.post(&format!("{path}/rotation"), &json!({})).await;
    assert_eq!((rotation.status, rotation.code()), (403, "beyond_own"));
    assert_eq!(
        program
            .patch(&path, &json!({ "name": "Broader" }))
            .await
            .status,
        200
    );
    let narrower = program
        .patch(&path, &json!({ "scopes": ["admin:read"] }))
        .await;
    assert_eq!(narrower.status, 200, "{}", narrower.body);
    let back = program.patch(&path, &json!({ "scopes": ["all"] })).await;
    assert_eq!((back.status, back.code()), (403, "beyond_own"));
    // Nor may it let go what holds a broader one back.
    let (held, _) = app
        .token_with("Held", |new| {
            new.ranges = Ranges::parse("127.0.0.1").unwrap();
            new.expires_at = Some(app.now() + TimeDelta::days(20));
        })
        .await;
    let held = format!("/api/v1/tokens/{}", held.id);
    let unbound = json!({ "allowed_ip_ranges": ["127.0.0.0/8"] });
    let refused = program.patch(&held, &unbound).await;
    assert_eq!((refused.status, refused.code()), (403, "beyond_own"));
    let disabling = program.post(&format!("{held}/disabling"), &json!({})).await;
    assert_eq!(disabling.status, 200, "{}", disabling.body);
    let enabling = program.post(&format!("{held}/enabling"), &json!({})).await;
    assert_eq!((enabling.status, enabling.code()), (403, "beyond_own"));
    assert_eq!(
        program
            .post(&format!("{path}/revocation"), &json!({}))
            .await
            .status,
        200
    );
    assert_eq!(
        app.count("SELECT count(*) FROM tokens WHERE name = 'Beyond'")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_token_and_refused_when_there_are_too_many() {
    let app = App::start_with(&["--rate-limit-per-token=3"]).await;
    let program = admin(&app).await;
    for left in ["2", "1", "0"] {
        let reply = program.get("/api/v1/tokens/nonsense").await;
        assert_eq!(reply.header("ratelimit-policy"), r#""minute";q=3;w=60"#);
        let limit = reply.header("ratelimit");
        assert!(
            limit.starts_with(&format!(r#""minute";r={left};t="#)),
            "{limit}"
        );
    }
    let refused = program.get("/api/v1/tokens").await;
    assert_eq!((refused.status, refused.code()), (429, "too_many_requests"));
    assert!(
        refused
            .header("ratelimit")
            .starts_with(r#""minute";r=0;t="#)
    );
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    let other = Program::with(&app, "Other", &[Scope::AdminRead]).await;
    assert_eq!(other.get("/api/v1/tokens").await.status, 200);
    // Also where they are denied.
    let denied = Program::with(&app, "Denied", &[Scope::ConnectRead]).await;
    for status in [403, 403, 403, 429] {
        let reply = denied.get("/api/v1/tokens").await;
        assert_eq!(reply.status, status);
        let limit = reply.header("ratelimit");
        assert!(limit.starts_with("\"minute\";r="), "{limit}");
    }
    // Provisioning comes in long rows.
    let provider = Program::with(&app, "Provider", &[Scope::AdminScim]).await;
    let reply = provider.get("/scim/v2/Users").await;
    assert_eq!(reply.header("ratelimit-policy"), r#""minute";q=9;w=60"#);
}

/// RFC 3339 has no year after 9999, and RFC 9110 no case in media types.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_at_a_time_that_clients_can_read() {
    let app = App::start().await;
    let program = admin(&app).await;
    let own = Program::of(&app, &app.mcp_token(ADA, "Own").await.1);
    for late in ["9999-12-31T23:59:59Z", "+12027-01-01T00:00:00Z"] {
        for (program, path) in [
            (&program, "/api/v1/tokens"),
            (&own, "/api/v1/me/mcp-tokens"),
        ] {
            let mut new = json!({ "name": "Late", "expires_at": late });
            if path == "/api/v1/tokens" {
                new["scopes"] = json!(["connect:read"]);
            }
            let told = program.post(path, &new).await;
            assert_eq!(told.status, 422, "{path} {late}: {}", told.body);
            assert!(told.body.to_string().contains("year 9999"), "{}", told.body);
        }
    }
    // Whatever has such an end keeps it, and all else can be changed.
    let (token, _) = app.token("Old").await;
    app.sql("UPDATE tokens SET expires_at = '9999-12-31T23:59:59Z' WHERE name = 'Old'")
        .await;
    let path = format!("/api/v1/tokens/{}", token.id);
    let renamed = json!({ "name": "Older" });
    let headers = [("content-type", "Application/JSON")];
    let edited = program
        .send(Method::PATCH, &path, &headers, Some(&renamed))
        .await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    assert_eq!(edited.body["token"]["expires_at"], "9999-12-31T23:59:59Z");
}

/// Whoever has the old secret would else keep the new one from being of use.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_has_stopped_uses_up_nothing_of_its_token() {
    let app = App::start_with(&["--rate-limit-per-token=4"]).await;
    let (token, old) = app.token("Okta").await;
    let stolen = Program::of(&app, &old);
    let rotation = format!("/api/v1/tokens/{}/rotation", token.id);
    let rotated = stolen.post(&rotation, &json!({})).await;
    assert_eq!(rotated.status, 201);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(stolen.get("/api/v1/tokens").await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 429, 429], "by themselves");
    let program = Program::new(&app, rotated.body["secret"].as_str().unwrap());
    for _ in 0..3 {
        assert_eq!(program.get("/api/v1/tokens").await.status, 200);
    }
    assert_eq!(program.get("/api/v1/tokens").await.status, 429);
}
