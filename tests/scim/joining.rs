//! Who comes in: whoever holds an account is not always whom its email names.

use chrono::TimeDelta;
use serde_json::json;

use super::provider::Provider;
use crate::members::invitations::{invite, path};
use crate::support::App;
use crate::support::app::PASSWORD;

const KAI: &str = "kai@northwind.example";

async fn provision(provider: &Provider, email: &str) -> String {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": email,
        "displayName": "Kai",
        "emails": [{ "value": email, "primary": true }],
    });
    let made = provider.post("/Users", &user).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    made.body["id"].as_str().unwrap().to_owned()
}

/// An administrator of another organisation makes the account first, and opens its link.
#[tokio::test(flavor = "multi_thread")]
async fn who_got_hold_of_an_email_elsewhere_does_not_come_in() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    let mallory = "mallory@contoso.example";
    app.add_member(contoso, mallory, tokendesk::access::Role::Admin)
        .await;
    let mallory = app.signed_in(mallory).await;
    let link = path(&app, &invite(&mallory, KAI, "member").await);
    let page = app.browser().visit(&link).await;
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert!(joined.says("Organisation Contoso"), "{}", joined.text());

    let northwind = Provider::new(&app).await;
    let id = provision(&northwind, KAI).await;
    let admin = json!({ "displayName": "Administrators", "members": [{ "value": id }] });
    assert_eq!(northwind.post("/Groups", &admin).await.status, 201);
    app.sql("UPDATE groups SET role = 'admin'").await;
    // Whoever has the password sees what they saw before.
    let profile = app.signed_in(KAI).await.visit("/profile").await;
    assert!(profile.says("Organisation Contoso") && !profile.says("Northwind"));
    assert_eq!(
        app.signed_in(KAI)
            .await
            .visit("/settings/members")
            .await
            .status,
        403
    );

    let ada = app.ada().await;
    let list = ada.visit("/settings/members").await;
    assert!(list.says("Not joined yet"), "{}", list.text());
    let page = ada.visit(&format!("/settings/members/{id}")).await;
    assert!(
        page.says("Last sign-in Never"),
        "not elsewhere either: {}",
        page.text()
    );
    let form = page
        .follow("Invite them")
        .await
        .form("/settings/members/invitations");
    assert_eq!(form.value("email"), KAI);
    let link = path(&app, &form.submit().await);
    let page = app.browser().visit(&link).await;
    let wrong = page
        .form(&link)
        .fill("password", "a guess of many words")
        .submit()
        .await;
    assert_eq!(wrong.status, 422);
    let page = app.browser().visit(&link).await;
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.status, 200);
    assert!(!ada.visit("/settings/members").await.says("Not joined yet"));
    assert_eq!(app.signed_in(KAI).await.visit("/profile").await.status, 200);
}

/// Neither provider's word is worth more than the other's.
#[tokio::test(flavor = "multi_thread")]
async fn whom_two_organizations_provision_joins_each_by_its_own_link() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    let grace = "grace@contoso.example";
    app.add_member(contoso, grace, tokendesk::access::Role::Admin)
        .await;
    provision(&Provider::new(&app).await, KAI).await;
    provision(&Provider::of(&app, contoso).await, KAI).await;
    app.state.clock.advance(TimeDelta::seconds(1));
    let ours = path(&app, &invite(&app.ada().await, KAI, "member").await);
    let grace = app.signed_in(grace).await;
    let theirs = path(&app, &invite(&grace, KAI, "member").await);
    for (link, says, not_yet) in [
        (&theirs, "Organisation Contoso", Some("Northwind")),
        (&ours, "Organisation Northwind", None),
    ] {
        let page = app.browser().visit(link).await;
        assert_eq!(
            page.says("Of the account that this email has already."),
            not_yet.is_none()
        );
        let joined = page.form(link).fill("password", PASSWORD).submit().await;
        assert!(joined.says(says), "{}", joined.text());
        assert!(not_yet.is_none_or(|name| !joined.says(name)));
        assert_eq!(app.browser().visit(link).await.status, 404, "once");
    }
    let joined = "SELECT count(*) FROM memberships JOIN users ON id = user_id
        WHERE email LIKE 'kai%' AND has_joined";
    assert_eq!(app.count(joined).await, 2);
}

/// They have a password, and could sign in, but not here.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_who_has_not_joined_is_none_to_leave_alone() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    app.add_member(contoso, KAI, tokendesk::access::Role::Member)
        .await;
    let provider = Provider::new(&app).await;
    provision(&provider, KAI).await;
    app.sql(
        "UPDATE memberships SET role = 'admin' FROM users WHERE id = user_id AND email LIKE 'kai%'",
    )
    .await;
    let ada = app.user("ada@northwind.example").await;
    let leaving = json!([{ "op": "replace", "path": "active", "value": false }]);
    let refused = provider
        .patch(&format!("/Users/{ada}"), leaving.clone())
        .await;
    assert_eq!(refused.status, 409);
    let link = path(&app, &invite(&app.ada().await, KAI, "member").await);
    let page = app.browser().visit(&link).await;
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.status, 200);
    assert_eq!(
        provider
            .patch(&format!("/Users/{ada}"), leaving)
            .await
            .status,
        200
    );
}
