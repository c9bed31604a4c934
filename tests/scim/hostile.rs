//! Requests that are meant to do harm, and those who may not make any.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokendesk::catalogue::Scope;

use super::provider::{Provider, USER};
use crate::support::App;
use crate::support::app::ADA;

#[tokio::test(flavor = "multi_thread")]
async fn filters_that_are_deep_long_or_crafted_are_refused_or_find_nothing() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = Provider::new(&app).await;
    provider.user("jo@x.example").await;
    let search = async |filter: String| {
        let body = json!({ "filter": filter });
        provider.post("/Users/.search", &body).await
    };
    for refused in [
        format!("{}userName pr{}", "(".repeat(50_000), ")".repeat(50_000)),
        "not (".repeat(2_000),
        vec!["userName eq \"x\""; 5_000].join(" or "),
        format!("userName eq \"{}\"", "x".repeat(100_000)),
        "userName eq \"\\u0000\"".to_owned(),
        "emails[emails[emails[type pr]]]".to_owned(),
        "userName eq \"x\"; DROP TABLE users".to_owned(),
        "userName eq \"x' OR '1'='1\" or".to_owned(),
        "\u{0}".to_owned(),
        String::new(),
    ] {
        search(refused).await.refuse(400, "invalidFilter");
    }
    // As deep and many as there may be.
    let deep = format!("{}userName pr{}", "not (".repeat(20), ")".repeat(20));
    assert_eq!(search(deep).await.expect(200)["totalResults"], 2);
    let many: Vec<String> = (0..250)
        .map(|n| format!("emails[type co \"{n}\" or value ew \"{n}\"]"))
        .take(125)
        .collect();
    let many = search(many.join(" or ")).await;
    assert_eq!(many.expect(200)["totalResults"], 0);
    // Each asks another table. A plan that tries all orders of them would take minutes.
    let asked = Instant::now();
    let each = |filter: &dyn Fn(usize) -> String, most: usize, word: &str| {
        let all: Vec<String> = (0..most).map(filter).collect();
        all.join(word)
    };
    for filter in [
        each(&|n| format!("roles.value eq \"{n}\""), 250, " and "),
        each(&|n| format!("not (roles.value eq \"{n}\")"), 250, " and "),
        each(
            &|n| format!("(roles eq \"{n}\" or phoneNumbers eq \"{n}\")"),
            125,
            " and ",
        ),
        each(&|n| format!("groups.display eq \"{n}\""), 250, " or "),
        each(&|n| format!("groups.display eq \"{n}\""), 250, " and "),
        each(&|n| format!("userName ne \"{n}\""), 250, " and "),
        each(&|n| format!("userName eq \"{n}\""), 250, " or "),
    ] {
        let counted = json!({ "filter": filter, "count": 0 });
        provider.post("/Users/.search", &counted).await.expect(200);
        let is_denied = filter.starts_with("not") || filter.contains(" ne ");
        let found = if is_denied { 2 } else { 0 };
        assert_eq!(search(filter).await.expect(200)["totalResults"], found);
    }
    let members = each(&|n| format!("members.display ne \"{n}\""), 250, " and ");
    let body = json!({ "filter": members });
    let groups = provider.post("/Groups/.search", &body).await;
    assert_eq!(groups.expect(200)["totalResults"], 0);
    assert!(
        asked.elapsed() < Duration::from_secs(30),
        "{:?}",
        asked.elapsed()
    );

    // Text stays text, in SQL as in paths, patterns and regular expressions.
    for text in [
        r"%",
        r"_",
        r"%%%",
        r"\",
        r"\\%",
        r"'; DROP TABLE users; --",
        r"$1",
        r".*",
        r"(a+)+$",
        r#"" || 1 == 1 || ""#,
        r#"") ? (@ == ""#,
        "[",
        "]",
        "\u{1F980}",
        "\\u0041",
        "\u{7f}",
        "{}",
        "{\"a\":1}",
    ] {
        let quoted = Value::from(text).to_string();
        for attribute in [
            "userName",
            "title",
            "emails.value",
            "emails.type",
            "externalId",
            "id",
        ] {
            for operator in ["eq", "co", "sw", "ew"] {
                let filter = format!("{attribute} {operator} {quoted}");
                let found = search(filter.clone()).await.expect(200);
                assert_eq!(found["totalResults"], 0, "{filter}");
            }
        }
        let filter = format!("emails[value co {quoted} or type ew {quoted}]");
        assert_eq!(search(filter).await.expect(200)["totalResults"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_requests_are_refused() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = Provider::new(&app).await;
    let send = async |body: String| {
        let request = provider.request(reqwest::Method::POST, "/Users");
        provider.send(request.body(body)).await
    };
    for (body, kind) in [
        (String::new(), "invalidSyntax"),
        ("{".to_owned(), "invalidSyntax"),
        ("[]".to_owned(), "invalidSyntax"),
        ("\"x\"".to_owned(), "invalidSyntax"),
        (
            r#"{ "userName": "jo@x.example", "active": true, "active": false }"#.to_owned(),
            "invalidSyntax",
        ),
        (
            r#"{ "userName": "jo@x.example", "USERNAME": "mei@x.example" }"#.to_owned(),
            "invalidSyntax",
        ),
        (
            format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
            "invalidSyntax",
        ),
        (
            json!({ "userName": "a\0b@x.example" }).to_string(),
            "invalidValue",
        ),
        (
            json!({ "userName": { "a": 1 } }).to_string(),
            "invalidValue",
        ),
    ] {
        send(body).await.refuse(400, kind);
    }
    let twice = "/Users?count=1&Count=2";
    provider.get(twice).await.refuse(400, "invalidValue");
    let many: Vec<Value> = (0..30_000)
        .map(|n| json!({ "value": n.to_string() }))
        .collect();
    let many = json!({ "userName": "jo@x.example", "phoneNumbers": many });
    send(many.to_string()).await.refuse(400, "invalidValue");
    let huge = json!({ "userName": "jo@x.example", "title": "x".repeat(3_000_000) });
    send(huge.to_string()).await.refuse(413, "");
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
    let path = format!("/Users/{}", provider.user("jo@x.example").await);
    for operations in [json!({}), json!([1]), json!([{ "op": "add" }])] {
        let said = provider.patch(&path, operations).await;
        assert_eq!(said.status, 400, "{}", said.body);
    }
    // Unknown attributes and schemas are passed over; a small change stays small.
    let odd = json!({ "schemas": [USER, "urn:x"], "userName": "odd@x.example", "x": [1],
        "urn:x": { "a": 1 }, "__proto__": {}, "": 1 });
    send(odd.to_string()).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_tokens_with_the_scope_may_provision() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let anonymous = reqwest::get(format!("{}/scim/v2/Users", app.url))
        .await
        .unwrap();
    assert_eq!(anonymous.status(), 401);
    assert_eq!(
        anonymous.headers()["www-authenticate"],
        r#"Bearer realm="tokendesk""#
    );
    assert_eq!(anonymous.headers()["content-type"], "application/scim+json");
    let with = async |name: &'static str, scope: Scope| {
        let scopes = Some([scope].into_iter().collect());
        let (_, secret) = app.token_with(name, |new| new.scopes = scopes).await;
        Provider::with(&app, secret.reveal())
    };
    for (name, scope) in [("Read", Scope::AdminRead), ("Connect", Scope::ConnectWrite)] {
        let provider = with(name, scope).await;
        for path in [
            "/Users",
            "/Groups",
            "/ServiceProviderConfig",
            "/Schemas",
            "/Me",
            "/nowhere",
        ] {
            provider.get(path).await.refuse(403, "");
        }
        let user = json!({ "userName": "jo@x.example" });
        provider.post("/Users", &user).await.refuse(403, "");
    }
    for (name, scope) in [("Write", Scope::AdminWrite), ("All", Scope::All)] {
        with(name, scope).await.get("/Users").await.expect(200);
    }
    let (_, personal) = app.mcp_token(ADA, "Claude").await;
    let personal = Provider::with(&app, personal.reveal());
    personal.get("/Users").await.refuse(403, "");
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_takes_too_long_is_given_up() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let client = app.client().await;
    let hold = "BEGIN; LOCK TABLE scim_users, groups IN ACCESS EXCLUSIVE MODE";
    client.batch_execute(hold).await.unwrap();
    let (users, groups) = tokio::join!(
        provider.find("/Users", "title pr"),
        provider.find("/Groups", "displayName pr"),
    );
    users.refuse(400, "tooMany");
    groups.refuse(400, "tooMany");
    client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(provider.named("title pr").await, Vec::<String>::new());
}

/// However many come, one organisation's leave connections to others.
#[tokio::test(flavor = "multi_thread")]
async fn searches_that_take_long_keep_nobody_else_waiting() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let group = format!("/Groups/{}", provider.group("Weavers", &[]).await);
    let client = app.client().await;
    let hold = "BEGIN; LOCK TABLE scim_users IN ACCESS EXCLUSIVE MODE";
    client.batch_execute(hold).await.unwrap();
    let searches = async {
        let found = join_all((0..40).map(|_| provider.find("/Users", "title pr"))).await;
        found
            .into_iter()
            .map(|found| found.status)
            .collect::<Vec<_>>()
    };
    let others = async {
        let waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE NOT granted AND datname = current_database()";
        while app.count(waiting).await == 0 {}
        let shown = join_all((0..40).map(|_| provider.get(&group))).await;
        for shown in shown {
            shown.expect(200);
        }
        let searching = app.count(waiting).await;
        assert!((1..=4).contains(&searching), "{searching}");
        client.batch_execute("ROLLBACK").await.unwrap();
    };
    let (found, ()) = tokio::join!(searches, others);
    assert!(
        found.iter().all(|status| [200, 429].contains(status)),
        "{found:?}"
    );
    assert!(found.contains(&200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_makes_so_many_comparisons_and_no_more() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let path = format!("/Users/{}", provider.user("jo@x.example").await);
    let filter = vec!["type eq \"x\""; 125].join(" or ");
    let remove = json!({ "op": "remove", "path": format!("emails[{filter}]") });
    let many: Vec<Value> = vec![remove; 41];
    let refused = provider.patch(&path, many.clone().into()).await;
    refused.refuse(400, "invalidSyntax");
    provider.patch(&path, many[..40].into()).await.expect(200);
    let values: Vec<Value> = (0..500)
        .map(|n| json!({ "value": n.to_string() }))
        .collect();
    for op in ["add", "replace", "remove"] {
        let operation = json!({ "op": op, "path": "phoneNumbers", "value": values });
        let mut many = vec![operation; 10];
        provider.patch(&path, many.clone().into()).await.expect(200);
        many.push(json!({ "op": op, "path": "phoneNumbers", "value": [{ "value": "1" }] }));
        let refused = provider.patch(&path, many.into()).await;
        refused.refuse(400, "invalidSyntax");
    }
    let by_name = json!({ "op": "add", "value": { "phoneNumbers": values, "title": "x" } });
    let refused = provider.patch(&path, vec![by_name; 10].into()).await;
    refused.refuse(400, "invalidSyntax");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_each_resource_has_is_not_removed() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let user = format!("/Users/{}", provider.user("jo@x.example").await);
    let group = format!("/Groups/{}", provider.group("Weavers", &[]).await);
    for (path, attribute) in [(user, "userName"), (group, "displayName")] {
        let remove = json!([{ "op": "remove", "path": attribute }]);
        provider
            .patch(&path, remove)
            .await
            .refuse(400, "mutability");
    }
}

/// The names of schemas are paths: nothing is passed over in silence.
#[tokio::test(flavor = "multi_thread")]
async fn a_schema_is_changed_by_its_name() {
    const ENTERPRISE: &str = super::provider::ENTERPRISE;
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let path = format!("/Users/{}", provider.user("jo@x.example").await);
    let set = json!([
        { "op": "replace", "path": USER, "value": { "title": "Weaver" } },
        { "op": "replace", "path": ENTERPRISE, "value": { "department": "Looms" } },
    ]);
    let user = provider.patch(&path, set).await.expect(200);
    assert_eq!(user["title"], "Weaver");
    assert_eq!(user[ENTERPRISE]["department"], "Looms");
    let none = json!([{ "op": "replace", "path": ENTERPRISE, "value": null }]);
    let user = provider.patch(&path, none).await.expect(200);
    assert!(user.get(ENTERPRISE).is_none(), "{user}");
}
