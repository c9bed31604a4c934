//! What belongs to another organisation does not exist.

use tokendesk::access::Role;

use crate::support::App;

/// Every address with an ID in it, by method. `src` is read to find one that is missing here.
const GET: [&str; 35] = [
    "/settings/api-access/{id}",
    "/settings/api-access/{id}/edit",
    "/settings/api-access/{id}/rotation",
    "/settings/api-access/{id}/overlap-end",
    "/settings/api-access/{id}/disabling",
    "/settings/api-access/{id}/enabling",
    "/settings/api-access/{id}/revocation",
    "/settings/api-access/{id}/deletion",
    "/settings/api-access/{id}/explanation",
    "/settings/api-access/{id}/nonsense",
    "/invitations/{id}",
    "/settings/products/{id}",
    "/settings/products/{id}/deletion",
    "/settings/resources/{id}",
    "/settings/resources/{id}/deletion",
    "/profile/mcp-tokens/{id}",
    "/profile/mcp-tokens/{id}/connection",
    "/profile/mcp-tokens/{id}/name",
    "/profile/mcp-tokens/{id}/rotation",
    "/profile/mcp-tokens/{id}/overlap-end",
    "/profile/mcp-tokens/{id}/disabling",
    "/profile/mcp-tokens/{id}/revocation",
    "/profile/mcp-tokens/{id}/deletion",
    "/settings/mcp-tokens/{id}/revocation",
    "/settings/mcp-tokens/{id}/explanation",
    "/settings/mcp-servers/{id}",
    "/settings/mcp-servers/{id}/removal",
    "/settings/members/{id}",
    "/settings/members/{id}/deactivation",
    "/settings/members/{id}/reactivation",
    "/settings/members/{id}/removal",
    "/settings/members/invitations/{id}/revocation",
    "/settings/groups/{id}",
    "/settings/groups/{id}/edit",
    "/settings/groups/{id}/deletion",
];
const POST: [&str; 30] = [
    "/settings/api-access/{id}",
    "/settings/api-access/{id}/rotation",
    "/settings/api-access/{id}/overlap-end",
    "/settings/api-access/{id}/disabling",
    "/settings/api-access/{id}/enabling",
    "/settings/api-access/{id}/revocation",
    "/settings/api-access/{id}/deletion",
    "/organization",
    "/settings/products/{id}",
    "/settings/products/{id}/deletion",
    "/settings/resources/{id}",
    "/settings/resources/{id}/deletion",
    "/profile/mcp-tokens/{id}/name",
    "/profile/mcp-tokens/{id}/rotation",
    "/profile/mcp-tokens/{id}/overlap-end",
    "/profile/mcp-tokens/{id}/enabling",
    "/profile/mcp-tokens/{id}/revocation",
    "/profile/mcp-tokens/{id}/deletion",
    "/settings/mcp-tokens/{id}/revocation",
    "/settings/mcp-servers/{id}",
    "/settings/mcp-servers/{id}/removal",
    "/settings/members/{id}/role",
    "/settings/members/{id}/deactivation",
    "/settings/members/{id}/reactivation",
    "/settings/members/{id}/removal",
    "/settings/members/invitations/{id}/revocation",
    "/settings/groups/{id}",
    "/settings/groups/{id}/members",
    "/settings/groups/{id}/members/{user}/removal",
    "/settings/groups/{id}/deletion",
];

#[tokio::test(flavor = "multi_thread")]
async fn another_organizations_things_are_not_found() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    app.add_member(other, "eve@contoso.example", Role::Admin)
        .await;
    let (token, _) = app.token("Okta").await;
    let (mcp, _) = app.mcp_token(crate::support::app::ADA, "Okta").await;
    let eve = app.signed_in("eve@contoso.example").await;
    let (product, resource) = northwinds(&app).await;
    let (member, group, invitation) = (
        app.user(crate::support::app::ADA).await.to_string(),
        group(&app).await,
        invitation(&app).await,
    );
    let ids = [token.id.to_string(), mcp.id.to_string()];
    let of = |path: &str, id: &str| match path.split('/').nth(2) {
        Some("products") => path.replace("{id}", &product),
        Some("resources") => path.replace("{id}", &resource),
        Some("members") if path.contains("invitations") => path.replace("{id}", &invitation),
        Some("members") => path.replace("{id}", &member),
        Some("groups") => path.replace("{id}", &group).replace("{user}", &member),
        _ => path.replace("{id}", id),
    };

    for (path, id) in GET
        .iter()
        .flat_map(|path| ids.iter().map(move |id| (path, id)))
    {
        let page = eve.visit(&of(path, id)).await;
        assert_eq!(page.status, 404, "GET {path}");
        assert!(!page.html.contains("Okta"), "GET {path}");
    }
    let form = eve.visit("/settings/api-access/new").await;
    let csrf = form.form("/settings/api-access").value("csrf").to_owned();
    for (path, id) in POST
        .iter()
        .flat_map(|path| ids.iter().map(move |id| (path, id)))
    {
        // A form of their own organisation for the other's thing, and a switch to the other.
        let organization = if *path == "/organization" {
            app.organization
        } else {
            other
        };
        let fields = [
            ("csrf", &*csrf),
            ("name", "Taken over"),
            ("access_level", "full-access"),
            ("expiry", "never"),
            ("version", "1"),
            ("key", "taken"),
            ("path", "/taken/over"),
            ("operation_name", "read"),
            ("operation_methods", "GET"),
            ("operation_place", "anywhere"),
            ("operation_scope", "render"),
            ("role", "member"),
            ("fate", "revoke"),
            ("emails", "eve@contoso.example"),
            ("organization", &organization.to_string()),
        ];
        let page = eve.post(&of(path, id), &fields).await;
        assert_eq!(page.status, 404, "POST {path}: {}", page.text());
    }
    for table in ["products", "resources"] {
        let changed =
            format!("SELECT count(*) FROM {table} WHERE version > 1 OR name = 'Taken over'");
        assert_eq!(app.count(&changed).await, 0, "{table}");
    }
    let ada = "SELECT count(*) FROM memberships, users, group_members
        WHERE users.id = memberships.user_id AND users.id = group_members.user_id
            AND email LIKE 'ada%' AND role = 'admin' AND deactivated_at IS NULL";
    assert_eq!(app.count(ada).await, 1);
    let groups = "SELECT count(*) FROM groups WHERE name = 'Okta group' AND version = 2";
    assert_eq!(app.count(groups).await, 1);
    assert_eq!(app.count("SELECT count(*) FROM invitations").await, 1);
    let rows = app.sql("SELECT name, standing, version FROM tokens").await;
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row.get::<_, String>(0), "Okta");
        assert_eq!(row.get::<_, String>(1), "active");
        assert_eq!(row.get::<_, i32>(2), 1);
    }
}

/// The IDs of a product and of a resource.
async fn northwinds(app: &App) -> (String, String) {
    let connection = &mut *app.database().get().await.unwrap();
    let actor = tokendesk::access::Actor::command_line(app.organization);
    let product =
        tokendesk::catalogue::create_product(connection, &actor, "Okta product", "prod", app.now())
            .await
            .unwrap();
    tokendesk::catalogue::resources::queries::load(connection, app.organization)
        .await
        .unwrap();
    let resource = app.sql("SELECT id::text FROM resources LIMIT 1").await;
    (product.id.to_string(), resource[0].get(0))
}

/// A group of Northwind's, with Ada in it.
async fn group(app: &App) -> String {
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
    group.id.to_string()
}

/// An invitation of Northwind's.
async fn invitation(app: &App) -> String {
    use tokendesk::identity::queries::{NewUser, invite};
    use tokendesk::identity::{Email, PersonName};
    let person = NewUser {
        email: &Email::parse("okta@northwind.example").unwrap(),
        name: &PersonName::parse("Okta").unwrap(),
        password_hash: None,
    };
    let connection = &mut *app.database().get().await.unwrap();
    let code = tokendesk::secret::Digest::of("code");
    invite(
        connection,
        &app.actor(),
        &person,
        Role::Member,
        &code,
        app.now(),
    )
    .await
    .unwrap();
    let id = app.sql("SELECT id::text FROM invitations").await;
    id[0].get(0)
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
    let (token, _) = app.token("Okta").await;
    let mei = app.signed_in("mei@northwind.example").await;
    let home = mei.visit("/").await;
    assert_eq!(home.path, "/profile");
    assert!(!home.has("nav[aria-label=Settings]"));
    for path in [
        "/settings/api-access".to_owned(),
        "/settings/api-access/new".to_owned(),
        "/settings/audit-log".to_owned(),
        "/settings/products".to_owned(),
        "/settings/resources".to_owned(),
        "/settings/resources/export".to_owned(),
        "/settings/mcp-servers".to_owned(),
        "/settings/mcp-servers/new".to_owned(),
        "/settings/mcp-tokens".to_owned(),
        "/settings/members".to_owned(),
        "/settings/members/invitations".to_owned(),
        "/settings/groups".to_owned(),
        "/settings/groups/new".to_owned(),
        format!(
            "/settings/members/{}",
            app.user(crate::support::app::ADA).await
        ),
        token.path(),
        format!("{}/revocation", token.path()),
        format!("{}/explanation", token.path()),
    ] {
        let page = mei.visit(&path).await;
        assert_eq!(page.status, 403, "{path}");
        assert!(!page.html.contains("Okta"), "{path}");
    }
    let csrf = home.form("/sign-out").value("csrf").to_owned();
    let revocation = format!("{}/revocation", token.path());
    assert_eq!(mei.post(&revocation, &[("csrf", &csrf)]).await.status, 403);
    assert_eq!(
        app.count("SELECT count(*) FROM tokens WHERE standing = 'active'")
            .await,
        1
    );
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

#[test]
fn no_address_with_an_id_is_missing_from_the_sweep() {
    let sources = [
        "src/tokens.rs",
        "src/identity.rs",
        "src/journal.rs",
        "src/api.rs",
        "src/catalogue/products.rs",
        "src/catalogue/resources.rs",
        "src/profile.rs",
        "src/profile/servers.rs",
        "src/gate/explanation.rs",
        "src/members.rs",
        "src/members/groups.rs",
    ];
    for source in sources {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
        let text = std::fs::read_to_string(path).unwrap();
        let scope = text
            .split("web::scope(\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_default();
        for resource in text.split("web::resource(\"").skip(1) {
            let path = format!("{scope}{}", resource.split('"').next().unwrap());
            let path = path
                .replace("{code}", "{id}")
                .replace("{transition}", "revocation")
                .replace("{exit}", "removal");
            if path.contains("{id}") {
                assert!(
                    GET.contains(&&*path) || POST.contains(&&*path),
                    "{path} in {source}"
                );
            }
        }
    }
}
