//! `AUTH_SECRET`.

use serde_json::json;
use tokendesk::access::Role;
use tokendesk::catalogue::Scope;

use crate::api::client::Program;
use crate::support::App;
use crate::support::app::ADA;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

async fn app(more: &[&str]) -> App {
    let flag = format!("--auth-secret={SECRET}");
    App::start_with(&[&[flag.as_str()], more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_everything_in_the_only_organization() {
    let app = app(&[]).await;
    let program = Program::new(&app, SECRET);
    let new = json!({ "name": "Feed", "scopes": ["all"] });
    let made = program.post("/api/v1/tokens", &new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["token"]["created_by"], "AUTH_SECRET");
    let events = program.get("/api/v1/audit-events?limit=1").await;
    let author = &events.body["items"][0]["author"];
    assert_eq!(
        author,
        &json!({ "id": null, "name": "AUTH_SECRET", "token_id": null })
    );
    let near = Program::new(&app, "0123456789abcdef0123456789abcdeF");
    assert_eq!(near.get("/api/v1/tokens").await.code(), "unknown");
    let people = program.get("/scim/v2/Users").await;
    assert_eq!(
        (people.status, &people.body["totalResults"]),
        (200, &json!(1))
    );
    // No other door takes it.
    for path in ["/api/v1/token", "/api/v1/me", "/auth/forward"] {
        assert_eq!(program.get(path).await.status, 401, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_organizations_one_is_named() {
    let named = app(&["--auth-secret-organization=contoso"]).await;
    let contoso = named.another_organization("Contoso").await;
    named.settle().await;
    named.token("In Northwind").await;
    let there = named.token_of(contoso, "In Contoso", |_| {}).await;
    let list = Program::new(&named, SECRET).get("/api/v1/tokens").await;
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{}", list.body);
    assert_eq!(items[0]["id"], there.0.id.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_organizations_it_neither_sees_nor_changes() {
    let app = app(&["--auth-secret-organization=contoso"]).await;
    app.another_organization("Contoso").await;
    app.settle().await;
    let (token, _) = app.token("In Northwind").await;
    let ada = app.user(ADA).await;
    let program = Program::new(&app, SECRET);
    let before = app.contents().await;
    for path in [
        format!("/api/v1/tokens/{}", token.id),
        format!("/api/v1/members/{ada}"),
        format!("/scim/v2/Users/{ada}"),
    ] {
        assert_eq!(program.get(&path).await.status, 404, "{path}");
        assert_eq!(program.delete(&path).await.status, 404, "{path}");
    }
    let people = program.get("/scim/v2/Users").await;
    assert_eq!(
        (people.status, &people.body["totalResults"]),
        (200, &json!(0))
    );
    let leak = json!({ "ids": [token.id] });
    let done = program.post("/api/v1/tokens/revocations", &leak).await;
    assert_eq!(done.body["ids"][0]["outcome"], "unknown", "{}", done.body);
    assert_eq!(app.contents().await, before);
}

/// From a second organisation on it has to be said which is meant.
#[tokio::test(flavor = "multi_thread")]
async fn where_no_organization_or_none_that_exists_is_named_it_is_refused_everywhere() {
    let unnamed = app(&[]).await;
    let program = Program::new(&unnamed, SECRET);
    assert_eq!(program.get("/api/v1/tokens").await.status, 200);
    unnamed.another_organization("Contoso").await;
    unnamed.settle().await;
    let nowhere = app(&["--auth-secret-organization=fabrikam"]).await;
    for app in [&unnamed, &nowhere] {
        let program = Program::new(app, SECRET);
        for path in ["/api/v1/tokens", "/scim/v2/Users", "/scim/v2/Groups"] {
            assert_eq!(program.get(path).await.status, 403, "{path}");
        }
        let new = json!({ "name": "Feed", "scopes": ["all"] });
        let refused = program.post("/api/v1/tokens", &new).await;
        assert_eq!((refused.status, refused.code()), (403, "misconfigured"));
        assert_eq!(app.count("SELECT count(*) FROM tokens").await, 0);
        let page = app.ada().await.visit("/settings/api-access").await;
        assert!(!page.says("AUTH_SECRET"), "{}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_organizations_only_the_console_of_its_own_says_that_it_is_on() {
    let app = app(&["--auth-secret-organization=contoso"]).await;
    let contoso = app.another_organization("Contoso").await;
    app.add_member(contoso, "eve@contoso.example", Role::Admin)
        .await;
    let theirs = app.signed_in("eve@contoso.example").await;
    let page = theirs.visit("/settings/api-access").await;
    assert!(page.says("AUTH_SECRET is set"), "{}", page.text());
    let ours = app.ada().await.visit("/settings/api-access").await;
    assert!(!ours.says("AUTH_SECRET"), "{}", ours.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_says_that_it_is_on() {
    let app = app(&[]).await;
    let ada = app.ada().await;
    let page = ada.visit("/settings/api-access").await;
    assert!(page.says("AUTH_SECRET is set"), "{}", page.text());
    assert!(!page.html.contains(SECRET));
    let form = ada.visit("/settings/api-access/new").await;
    let form = form.form("/settings/api-access");
    let form = form.fill("name", "Okta").fill("access_level", "scim");
    let revealed = form.submit().await;
    assert!(revealed.says("“Okta” is ready"), "{}", revealed.text());
    assert!(revealed.says("AUTH_SECRET is set"), "behind the secret too");
    let without = App::start().await;
    let page = without.ada().await.visit("/settings/api-access").await;
    assert!(!page.says("AUTH_SECRET"));
    let other = Program::with(&without, "Reader", &[Scope::AdminRead]).await;
    assert_eq!(other.get("/api/v1/tokens").await.status, 200);
}
