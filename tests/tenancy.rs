//! What belongs to another organisation does not exist: each page and form by itself is in
//! `routes::console`.

use tokendesk::access::Role;

use crate::support::App;

/// A group of Northwind's, with Ada in it.
async fn group(app: &App) {
    use tokendesk::members::groups::{GroupName, Keeper, queries};
    let connection = &mut *app.database().get().await.unwrap();
    let (actor, now, keeper) = (app.actor(), app.now(), Keeper::Administrators);
    let new = queries::NewGroup {
        name: GroupName::parse("Okta group").unwrap(),
        role: None,
        external_id: None,
    };
    let group = queries::create(connection, &actor, keeper, &new, now)
        .await
        .unwrap();
    let ada = [app.user(crate::support::app::ADA).await];
    queries::add_members(connection, &actor, keeper, group.id, &ada, now)
        .await
        .unwrap();
}

/// An invitation of Northwind's.
async fn invitation(app: &App) {
    use tokendesk::identity::queries::{Invitee, invite};
    let person = Invitee {
        email: "okta@northwind.example",
        name: "Okta",
        role: Role::Member,
    };
    let connection = &mut *app.database().get().await.unwrap();
    let code = tokendesk::secret::Digest::of("code");
    invite(connection, &app.actor(), &person, &code, app.now())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_filters_and_the_audit_log_show_ones_own_organization_only() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    app.add_member(other, "eve@contoso.example", Role::Admin)
        .await;
    let (token, _) = app.token("Okta").await;
    group(&app).await;
    invitation(&app).await;
    let eve = app.signed_in("eve@contoso.example").await;
    for path in [
        "/settings/api-access".to_owned(),
        "/settings/api-access?q=okta".to_owned(),
        "/settings/api-access?sort=last-used&status=active".to_owned(),
        "/settings/audit-log".to_owned(),
        format!("/settings/audit-log?token={}", token.id),
        "/settings/audit-log?token=okta".to_owned(),
        "/settings/members".to_owned(),
        "/settings/members?q=ada".to_owned(),
        "/settings/members?view=administrators".to_owned(),
        "/settings/groups".to_owned(),
        "/settings/groups?q=okta".to_owned(),
    ] {
        let page = eve.visit(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            !page.html.contains("Okta") && !page.says("Ada Lovell"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_of_another_organization_cannot_be_linked() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    let foreign = {
        let connection = &mut *app.database().get().await.unwrap();
        let actor = tokendesk::access::Actor::command_line(other);
        tokendesk::catalogue::create_product(connection, &actor, "Storefront", "prod", app.now())
            .await
            .unwrap()
    };
    let form = app.ada().await.visit("/settings/api-access/new").await;
    let page = form
        .form("/settings/api-access")
        .fill("name", "x")
        .fill("access_level", "scim")
        .fill("product", &foreign.id.to_string())
        .submit()
        .await;
    assert_eq!(page.status, 422);
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_see_no_settings() {
    let app = App::start().await;
    app.add_member(app.organization, "mei@northwind.example", Role::Member)
        .await;
    let mei = app.signed_in("mei@northwind.example").await;
    let home = mei.visit("/").await;
    assert_eq!(home.path, "/profile");
    assert!(!home.has("nav[aria-label=Settings]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn someone_in_two_organizations_switches_between_them() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    app.add_member(other, crate::support::app::ADA, Role::Admin)
        .await;
    app.token("In Northwind").await;
    app.token_of(other, "In Contoso", |_| {}).await;
    let ada = app.ada().await;
    let first = ada.visit("/settings/api-access").await;
    assert!(first.says("In Contoso") && !first.says("In Northwind"));
    let second = first
        .form("/organization")
        .fill("organization", &app.organization.to_string())
        .submit()
        .await;
    assert!(
        second.says("In Northwind") && !second.says("In Contoso"),
        "{}",
        second.text()
    );
    assert_eq!(
        ada.visit("/settings/api-access").await.texts(".token h2"),
        ["In Northwind"]
    );
}

/// It would tell when they use their account elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn an_organization_knows_only_when_somebody_came_in_there() {
    const MEI: &str = "mei@northwind.example";
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    app.add_member(app.organization, MEI, Role::Member).await;
    app.add_member(other, MEI, Role::Member).await;
    let seen_by_ada = async || {
        let members = app.ada().await.visit("/settings/members").await;
        let rows = members.texts("tbody tr");
        rows.into_iter().find(|row| row.contains(MEI)).unwrap()
    };
    let mei = app.signed_in(MEI).await;
    let contoso = mei.visit("/profile").await;
    assert!(contoso.says("Organisation Contoso"), "{}", contoso.text());
    assert!(
        seen_by_ada().await.contains("Never"),
        "not in Northwind yet"
    );
    let switch = contoso.form("/organization");
    let switch = switch.fill("organization", &app.organization.to_string());
    assert_eq!(switch.submit().await.status, 200);
    app.state.clock.advance(chrono::TimeDelta::hours(3));
    app.signed_in(MEI).await;
    assert!(seen_by_ada().await.contains("3 hours ago"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_one_organization_is_not_carried_out_in_another() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    app.add_member(other, crate::support::app::ADA, Role::Admin)
        .await;
    let ada = app.ada().await;
    let form = ada.visit("/settings/api-access/new").await;
    let switched = form
        .form("/organization")
        .fill("organization", &app.organization.to_string());
    assert_eq!(switched.submit().await.status, 200);
    let form = form
        .form("/settings/api-access")
        .fill("name", "x")
        .fill("access_level", "full-access");
    let refused = form.submit().await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.says("You look at another organisation now"),
        "{}",
        refused.text()
    );
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_seen_meanwhile_do_not_undo_a_switch() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    app.add_member(other, crate::support::app::ADA, Role::Admin)
        .await;
    let ada = app.ada().await;
    for round in 0..10 {
        let chosen = if round % 2 == 0 {
            app.organization
        } else {
            other
        };
        let form = ada.visit("/profile").await.form("/organization");
        let views: Vec<_> = (0..5)
            .map(|_| {
                let ada = ada.clone();
                tokio::spawn(async move { ada.visit("/profile").await })
            })
            .collect();
        form.fill("organization", &chosen.to_string())
            .submit()
            .await;
        for view in views {
            view.await.unwrap();
        }
        let name = if round % 2 == 0 {
            "Northwind"
        } else {
            "Contoso"
        };
        assert!(
            ada.visit("/profile")
                .await
                .says(&format!("Organisation {name}")),
            "round {round}"
        );
    }
}
