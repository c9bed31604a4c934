//! *Settings > MCP servers*.

use tokendesk::access::Role;

use super::life::generate;
use crate::support::{App, Browser, View};

async fn add(browser: &Browser, name: &str, url: &str) -> View {
    let form = browser.visit("/settings/mcp-servers/new").await;
    let form = form.form("/settings/mcp-servers").fill("name", name);
    form.fill("url", url).submit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_added_edited_chosen_and_removed() {
    let app = App::start().await;
    let ada = app.ada().await;
    let added = add(&ada, "Widget-Builder", "https://widgets.example/mcp").await;
    assert!(added.says("“widget-builder” is added."), "{}", added.text());
    let revealed = generate(&ada, "Cursor").await;
    assert!(
        revealed
            .says("claude mcp add --transport http widget-builder 'https://widgets.example/mcp'")
    );
    assert!(revealed.says(&format!(
        "claude mcp add --transport http tokendesk '{}/mcp'",
        app.url
    )));
    assert_eq!(
        revealed.texts("label[for^=server-]"),
        ["tokendesk", "widget-builder"]
    );

    let edit = ada
        .visit("/settings/mcp-servers")
        .await
        .follow("widget-builder")
        .await;
    let path = edit.path.clone();
    let saved = edit
        .form(&path)
        .fill("url", "https://new.example/mcp")
        .submit()
        .await;
    assert!(saved.says("is saved.") && saved.says("https://new.example/mcp"));
    let removal = format!("{path}/removal");
    let removed = ada.visit(&removal).await.form(&removal).submit().await;
    assert!(
        removed.says("“widget-builder” is removed."),
        "{}",
        removed.text()
    );
    assert_eq!(ada.visit(&path).await.status, 404);
    let told = "SELECT count(*) FROM journal WHERE action LIKE 'mcp_server.%'";
    assert_eq!(app.count(told).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_and_what_was_typed_stays() {
    let app = App::start().await;
    let ada = app.ada().await;
    let wrong = add(&ada, "tokendesk", "https://ada:pw@example.com/").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.says("Tokendesk’s own server") && wrong.says("Leave out passwords"));
    assert_eq!(wrong.attributes("#name", "value"), ["tokendesk"]);
    add(&ada, "widgets", "https://widgets.example/mcp").await;
    let taken = add(&ada, "Widgets", "https://other.example/mcp").await;
    assert!(taken.status == 422 && taken.says("Another server has this name."));
    for number in 2..=20 {
        let added = add(
            &ada,
            &format!("widgets-{number}"),
            "https://widgets.example/mcp",
        )
        .await;
        assert_eq!(added.status, 200);
    }
    let full = add(&ada, "one-more", "https://widgets.example/mcp").await;
    assert!(full.status == 422 && full.says("There are 20 servers, which is the most."));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_changed_meanwhile_is_not_overwritten() {
    let app = App::start().await;
    let ada = app.ada().await;
    add(&ada, "widgets", "https://widgets.example/mcp").await;
    let edit = ada.visit("/settings/mcp-servers").await;
    let edit = edit.follow("widgets").await;
    let path = edit.path.clone();
    let removal = ada.visit(&format!("{path}/removal")).await;
    let other = ada.visit(&path).await.form(&path);
    let other = other.fill("url", "https://theirs.example/mcp");
    assert!(other.submit().await.says("is saved."));

    let mine = edit.form(&path).fill("description", "Mine").submit().await;
    assert!(mine.status == 422 && mine.says("Someone else changed this server"));
    assert_eq!(mine.attributes("#description", "value"), ["Mine"]);
    let kept = removal.form(&removal.path).submit().await;
    assert!(kept.status == 409 && kept.says("Nothing was removed."));
    assert!(kept.says("https://theirs.example/mcp"));

    let mine = mine.form(&path).submit().await;
    assert!(mine.says("is saved.") && mine.says("https://widgets.example/mcp"));
    let removed = ada.visit(&removal.path).await.form(&removal.path);
    assert!(removed.submit().await.says("is removed."));
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_are_their_organizations() {
    let app = App::start().await;
    add(&app.ada().await, "widgets", "https://widgets.example/mcp").await;
    let other = app.another_organization("Contoso").await;
    app.add_member(other, "eve@contoso.example", Role::Admin)
        .await;
    let eve = app.signed_in("eve@contoso.example").await;
    let id: uuid::Uuid = app.sql("SELECT id FROM mcp_servers").await[0].get(0);
    let path = format!("/settings/mcp-servers/{id}");
    let form = eve.visit("/settings/mcp-servers/new").await;
    let form = form.form("/settings/mcp-servers");
    let fields = [
        ("csrf", form.value("csrf")),
        ("organization", form.value("organization")),
        ("name", "mine"),
        ("url", "https://evil.example/"),
    ];
    for address in [path.clone(), format!("{path}/removal")] {
        assert_eq!(eve.visit(&address).await.status, 404);
        assert_eq!(eve.post(&address, &fields).await.status, 404);
    }
    assert!(
        !eve.visit("/settings/mcp-servers")
            .await
            .says("widgets.example")
    );
    assert!(!generate(&eve, "Cursor").await.says("widgets.example"));
    let name: String = app.sql("SELECT name FROM mcp_servers").await[0].get(0);
    assert_eq!(name, "widgets");
}
