//! MCP tokens are their owners': elsewhere they do not exist, but for administrators, who can
//! revoke them.

use tokendesk::access::Role;

use crate::support::App;
use crate::support::app::ADA;

const MEI: &str = "mei@northwind.example";
const CHANGES: [&str; 7] = [
    "rotation",
    "overlap-end",
    "disabling",
    "enabling",
    "revocation",
    "deletion",
    "edit",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_mcp_token_is_no_api_token() {
    let app = App::start().await;
    let (token, _) = app.mcp_token(ADA, "Cursor").await;
    let ada = app.ada().await;
    let list = ada.visit("/settings/api-access").await;
    assert!(list.says("No API tokens yet"), "{}", list.text());
    let path = format!("/settings/api-access/{}", token.id);
    assert_eq!(ada.visit(&path).await.status, 404);
    let form = ada.visit("/settings/api-access/new").await;
    let form = form.form("/settings/api-access");
    let fields = [
        ("csrf", form.value("csrf")),
        ("organization", form.value("organization")),
        ("name", "Taken over"),
        ("access_level", "full-access"),
        ("expiry", "never"),
        ("version", "1"),
    ];
    assert_eq!(ada.post(&path, &fields).await.status, 404);
    for change in CHANGES {
        let address = format!("{path}/{change}");
        assert_eq!(ada.visit(&address).await.status, 404, "GET {change}");
        // There is no form that is sent to …/edit.
        let status = if change == "edit" { 405 } else { 404 };
        assert_eq!(
            ada.post(&address, &fields).await.status,
            status,
            "POST {change}"
        );
    }
    let row = &app.sql("SELECT name, version FROM tokens").await[0];
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i32>(1)), ("Cursor", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_anothers_token_or_an_api_token_in_their_profile() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let (of_ada, _) = app.mcp_token(ADA, "Cursor").await;
    let (of_mei, _) = app.mcp_token(MEI, "Zed").await;
    let (api, _) = app.token("Okta").await;
    for (email, foreign) in [(MEI, [of_ada.id, api.id]), (ADA, [of_mei.id, api.id])] {
        let browser = app.signed_in(email).await;
        let profile = browser.visit("/profile").await;
        let form = profile.form("/profile/mcp-tokens");
        let fields = [
            ("csrf", form.value("csrf")),
            ("organization", form.value("organization")),
            ("name", "Taken over"),
            ("version", "1"),
        ];
        for id in foreign {
            let path = format!("/profile/mcp-tokens/{id}");
            assert_eq!(browser.visit(&path).await.status, 404);
            for change in CHANGES.iter().chain(&["name", "connection"]) {
                let address = format!("{path}/{change}");
                assert_eq!(browser.visit(&address).await.status, 404, "GET {change}");
                let status = if *change == "connection" { 405 } else { 404 };
                let answer = browser.post(&address, &fields).await;
                assert_eq!(answer.status, status, "POST {change}");
            }
        }
    }
    let changed = "SELECT count(*) FROM tokens WHERE version > 1 OR standing <> 'active'";
    assert_eq!(app.count(changed).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_who_has_tokens_and_revokes_them() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    app.mcp_token(ADA, "Cursor").await;
    let (token, secret) = app.mcp_token(MEI, "Zed").await;
    app.token("Okta").await;
    let ada = app.ada().await;
    let list = ada.visit("/settings/mcp-tokens").await;
    assert!(list.says("Zed") && list.says("Cursor") && !list.says("Okta"));
    assert!(!list.html.contains(&secret.reveal()[8..]));
    let list = ada.visit("/settings/mcp-tokens?owner=MEI%40").await;
    assert!(list.says("Zed") && !list.says("Cursor"));
    assert!(
        ada.visit("/settings/mcp-tokens?owner=%25")
            .await
            .says("No owner matches")
    );

    app.sql("UPDATE memberships SET deactivated_at = now() WHERE role = 'member'")
        .await;
    let list = ada.visit("/settings/mcp-tokens").await;
    let badges: Vec<String> = list.texts("tbody .badge");
    assert_eq!(badges, ["Owner deactivated", "Active"]);
    app.sql("UPDATE memberships SET deactivated_at = NULL")
        .await;

    let address = format!("/settings/mcp-tokens/{}/revocation", token.id);
    let page = ada.visit(&address).await;
    let list = page.form(&address).submit().await;
    assert!(list.says("“Zed” is revoked."), "{}", list.text());
    let again = page.form(&address).submit().await;
    assert_eq!(again.status, 409);
    assert!(
        again.says("This token is revoked already"),
        "{}",
        again.text()
    );
    let entry = &app
        .sql("SELECT author_name, subject_name FROM journal WHERE action = 'mcp_token.revoked'")
        .await[0];
    let entry = (entry.get::<_, &str>(0), entry.get::<_, &str>(1));
    assert_eq!(entry, ("Ada Lovell", "Zed"));
    let mei = app.signed_in(MEI).await;
    assert!(mei.visit("/profile").await.says("Revoked tokens (1)"));
    assert_eq!(mei.visit(&address).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn api_tokens_are_not_revoked_as_mcp_tokens() {
    let app = App::start().await;
    let (token, _) = app.token("Okta").await;
    let address = format!("/settings/mcp-tokens/{}/revocation", token.id);
    assert_eq!(app.ada().await.visit(&address).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_everybodys_tokens_has_pages() {
    let app = App::start().await;
    for number in 1..=60 {
        app.mcp_token(ADA, &format!("Client {number}")).await;
        app.sql("UPDATE tokens SET standing = 'disabled'").await;
    }
    let ada = app.ada().await;
    let first = ada.visit("/settings/mcp-tokens?owner=ada").await;
    assert_eq!(first.texts("tbody tr").len(), 50);
    let second = first.follow("Next").await;
    assert_eq!(second.texts("tbody tr").len(), 10);
    assert!(second.says("51–60") && second.has("a[rel=prev]"));
}
