//! *Settings > Audit log*.

use chrono::TimeDelta;
use tokendesk::access::Role;

use crate::support::App;

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_tells_who_changed_what_from_and_to() {
    let app = App::start().await;
    let (token, _) = app.token("Okta").await;
    let ada = app.ada().await;
    let edit = ada.visit(&format!("{}/edit", token.path())).await;
    edit.form(&token.path())
        .fill("name", "Okta 2")
        .fill("access_level", "scim")
        .fill("allowed_ip_ranges", "203.0.113.0/24")
        .submit()
        .await;
    let log = ada.visit("/settings/audit-log").await;
    let rows = log.texts("tbody tr");
    assert!(
        rows[0].contains("Ada Lovell Edited the token Okta 2"),
        "{rows:#?}"
    );
    for change in [
        "name Okta → to Okta 2",
        "scopes all → to admin:scim",
        "203.0.113.0/24",
    ] {
        assert!(rows[0].contains(change), "{change} in {}", rows[0]);
    }
    assert!(
        rows[1].contains("Command line Created the token Okta"),
        "{rows:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_changes_nothing_leaves_no_entry() {
    let app = App::start().await;
    let (token, _) = app.token("Okta").await;
    let ada = app.ada().await;
    let edit = ada.visit(&format!("{}/edit", token.path())).await;
    let saved = edit.form(&token.path()).submit().await;
    assert_eq!(saved.path, token.path());
    assert_eq!(
        app.count("SELECT count(*) FROM journal WHERE action = 'token.edited'")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_by_actor_action_token_and_time() {
    let app = App::start().await;
    let (okta, _) = app.token("Okta").await;
    app.token("Grafana_100%").await;
    app.state.clock.advance(TimeDelta::days(2));
    let ada = app.ada().await;
    let address = format!("{}/disabling", okta.path());
    ada.visit(&address).await.form(&address).submit().await;

    let user: uuid::Uuid = app.sql("SELECT id FROM users").await[0].get(0);
    let rows = async |query: String| {
        let page = ada.visit(&format!("/settings/audit-log?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        page.texts("tbody tr").len()
    };
    // Setting up wrote two entries.
    assert_eq!(rows(String::new()).await, 5);
    assert_eq!(rows("action=token.created".into()).await, 2);
    assert_eq!(rows(format!("actor={user}")).await, 3);
    assert_eq!(rows(format!("token={}", okta.id)).await, 2);
    assert_eq!(rows("token=KTA".into()).await, 2);
    assert_eq!(rows("token=_100%25".into()).await, 1);
    assert_eq!(rows("token=_kta".into()).await, 0);
    assert_eq!(rows("from=2026-11-24".into()).await, 1);
    assert_eq!(rows("to=2026-11-22".into()).await, 4);
    assert_eq!(rows("from=2026-11-23&to=2026-11-23".into()).await, 0);
    assert_eq!(
        rows("actor=x&action=y&from=z&page=!".into()).await,
        5,
        "nonsense does not filter"
    );
}

/// However many others there are, and whether they are there still.
#[tokio::test(flavor = "multi_thread")]
async fn actors_to_choose_from_are_those_who_did_something() {
    let app = App::start().await;
    for number in 0..5 {
        let email = format!("{number}@northwind.example");
        app.add_member(app.organization, &email, Role::Member).await;
    }
    let contoso = app.another_organization("Contoso").await;
    let mei = "mei@northwind.example";
    app.add_member(app.organization, mei, Role::Admin).await;
    app.add_member(contoso, "eve@contoso.example", Role::Admin)
        .await;
    let browser = app.signed_in(mei).await;
    let new = browser.visit("/settings/groups/new").await;
    let form = new.form("/settings/groups").fill("name", "Night");
    assert_eq!(form.submit().await.status, 200);
    let ada = app.ada().await;
    let actors = async |query: &str| {
        let page = ada.visit(&format!("/settings/audit-log{query}")).await;
        page.texts("#actor option")
    };
    assert_eq!(actors("").await, ["Anyone", "Ada Lovell", "Some Member"]);
    app.sql("DELETE FROM memberships USING users WHERE users.id = user_id AND email LIKE 'mei@%'")
        .await;
    assert_eq!(actors("").await.len(), 3);
    let idle = app.user("3@northwind.example").await;
    assert_eq!(actors(&format!("?actor={idle}")).await.len(), 4);
    let stranger = app.user("eve@contoso.example").await;
    assert_eq!(actors(&format!("?actor={stranger}")).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_lead_from_the_newest_to_the_oldest_entry_and_back() {
    let app = App::start().await;
    for number in 0..60 {
        app.token(&format!("Token {number:02}")).await;
    }
    let ada = app.ada().await;
    let first = ada.visit("/settings/audit-log?action=token.created").await;
    let second = first.follow("Next").await;
    let (newer, older) = (
        first.texts("tbody td:nth-child(3)"),
        second.texts("tbody td:nth-child(3)"),
    );
    assert_eq!((newer.len(), older.len()), (50, 10));
    assert!(newer[0].ends_with("Token 59") && older[9].ends_with("Token 00"));
    let back = second.follow("Previous").await;
    assert_eq!(back.texts("tbody td:nth-child(3)"), newer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_and_its_entry_are_one() {
    let app = App::start().await;
    let (token, _) = app.token("Okta").await;
    let ada = app.ada().await;
    // Without the journal no change can be told of, so none may happen.
    app.sql(
        "ALTER TABLE journal ADD CONSTRAINT refuse CHECK (action LIKE 'organization.%') NOT VALID",
    )
    .await;
    let revocation = format!("{}/revocation", token.path());
    let rotation = format!("{}/rotation", token.path());
    for (page, action) in [
        (revocation.clone(), revocation),
        (rotation.clone(), rotation),
        (
            format!("{}/deletion", token.path()),
            format!("{}/deletion", token.path()),
        ),
        (
            format!("{}/disabling", token.path()),
            format!("{}/disabling", token.path()),
        ),
    ] {
        let failed = ada.visit(&page).await.form(&action).submit().await;
        assert_eq!(failed.status, 500, "{action}");
    }
    let edit = ada.visit(&format!("{}/edit", token.path())).await;
    assert_eq!(
        edit.form(&token.path())
            .fill("name", "Other")
            .submit()
            .await
            .status,
        500
    );
    let new = ada.visit("/settings/api-access/new").await;
    let form = new
        .form("/settings/api-access")
        .fill("name", "New")
        .fill("access_level", "scim");
    assert_eq!(form.submit().await.status, 500);

    let rows = app
        .sql("SELECT name, standing, version, (SELECT count(*) FROM secrets) FROM tokens")
        .await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<_, String>(0), "Okta");
    assert_eq!(rows[0].get::<_, String>(1), "active");
    assert_eq!((rows[0].get::<_, i32>(2), rows[0].get::<_, i64>(3)), (1, 1));
}
