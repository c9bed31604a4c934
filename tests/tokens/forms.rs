//! Creating and editing: what is accepted, and what comes back to be corrected.

use chrono::TimeDelta;
use tokendesk::access::Actor;
use tokendesk::catalogue::create_product;

use crate::support::App;

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_form_comes_back_whole_with_each_error_at_its_field() {
    let app = App::start().await;
    let form = app.ada().await.visit("/settings/api-access/new").await;
    let page = form
        .form("/settings/api-access")
        .fill("name", "<script>alert(1)</script>\u{7}")
        .fill("access_level", "custom")
        .fill("expiry", "at")
        .fill("expires_at", "2026-11-22T13:59")
        .fill("allowed_ip_ranges", "10.1.2.3/8\nnonsense")
        .submit()
        .await;
    assert_eq!(page.status, 422);
    assert_eq!(
        page.attributes("#name", "value"),
        ["<script>alert(1)</script>\u{7}"]
    );
    assert!(!page.html.contains("<script>alert"));
    assert!(page.says("Remove the control or invisible characters"));
    assert!(page.says("Choose at least one scope."));
    assert!(page.says("Choose a time in the future. Times are UTC."));
    assert!(page.says("Did you mean 10.0.0.0/8?") && page.says("“nonsense” is not an IP address"));
    assert_eq!(
        page.texts("textarea[name=allowed_ip_ranges]"),
        ["10.1.2.3/8 nonsense"]
    );
    assert_eq!(
        page.attributes("input[name=expires_at]", "value"),
        ["2026-11-22T13:59"]
    );
    for described in page.attributes("[aria-invalid=true]", "aria-describedby") {
        for id in described.split(' ') {
            assert!(page.has(&format!("#{id}")), "{id}");
        }
    }
    assert_eq!(page.attributes("[autofocus]", "id"), ["name"]);
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_unique_without_case_unless_revoked() {
    let app = App::start().await;
    let (token, _) = app.token("Café").await;
    let ada = app.ada().await;
    let create = async |name: &str| {
        let form = ada.visit("/settings/api-access/new").await;
        let form = form
            .form("/settings/api-access")
            .fill("name", name)
            .fill("access_level", "scim");
        form.submit().await.status
    };
    assert_eq!(create("CAFÉ").await, 422);
    assert_eq!(create(" cafe\u{301} ").await, 422, "composed otherwise");
    let address = format!("{}/revocation", token.path());
    ada.visit(&address).await.form(&address).submit().await;
    assert_eq!(create("CAFÉ").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_prefills_the_form() {
    let app = App::start().await;
    let ada = app.ada().await;
    let page = ada
        .visit("/settings/api-access/new?name=Okta%20SCIM&level=scim")
        .await;
    let form = page.form("/settings/api-access");
    assert_eq!(
        (form.value("name"), form.value("access_level")),
        ("Okta SCIM", "scim")
    );
    let page = ada
        .visit("/settings/api-access/new?scopes=admin:scim%20tokens:verify")
        .await;
    let form = page.form("/settings/api-access");
    assert_eq!(form.value("access_level"), "custom");
    assert_eq!(
        page.attributes("input[name=scope][checked]", "value"),
        ["admin:scim", "tokens:verify"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_gives_its_tokens_their_prefix() {
    let app = App::start().await;
    let ada = app.ada().await;
    assert!(
        !ada.visit("/settings/api-access/new")
            .await
            .has("select[name=product]")
    );
    let product = {
        let connection = &mut *app.database().get().await.unwrap();
        let actor = Actor::command_line(app.organization);
        create_product(connection, &actor, "Storefront", "prod", app.now())
            .await
            .unwrap()
    };
    app.token("Other").await;
    let form = ada.visit("/settings/api-access/new").await;
    let page = form
        .form("/settings/api-access")
        .fill("name", "Feed")
        .fill("access_level", "restricted-read-only")
        .fill("product", &product.id.to_string())
        .submit()
        .await;
    assert!(page.secret().starts_with("prod_"), "{}", page.text());
    let list = ada
        .visit(&format!("/settings/api-access?product={}", product.id))
        .await;
    assert_eq!(list.texts(".token h2"), ["Feed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_can_be_renamed_without_a_new_expiry_and_revived_with_one() {
    let app = App::start().await;
    let (token, _) = app
        .token_with("Old", |new| {
            new.expires_at = Some(app.now() + TimeDelta::seconds(90));
        })
        .await;
    app.state.clock.advance(TimeDelta::days(3));
    let ada = app.ada().await;
    let edit = format!("{}/edit", token.path());
    let page = ada
        .visit(&edit)
        .await
        .form(&token.path())
        .fill("name", "Renamed")
        .submit()
        .await;
    assert!(
        page.says("“Renamed” is saved.") && page.says("Expired"),
        "{}",
        page.text()
    );
    let page = ada
        .visit(&edit)
        .await
        .form(&token.path())
        .fill("expiry", "30d")
        .submit()
        .await;
    assert_eq!(page.texts(".badge"), ["Active"], "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_possible_is_offered_and_done() {
    let app = App::start().await;
    let ada = app.ada().await;
    let offered = async || {
        let list = ada.visit("/settings/api-access").await;
        list.texts(".token .menu__list a").join(" ")
    };
    let (token, _) = app
        .token_with("Okta", |new| {
            new.expires_at = Some(app.now() + TimeDelta::hours(1));
        })
        .await;
    assert_eq!(
        offered().await,
        "View details Edit Rotate Disable Revoke Delete"
    );
    let disabling = format!("{}/disabling", token.path());
    ada.visit(&disabling).await.form(&disabling).submit().await;
    assert_eq!(
        offered().await,
        "View details Edit Rotate Enable Revoke Delete"
    );
    app.state.clock.advance(TimeDelta::hours(1));
    assert_eq!(offered().await, "View details Edit Revoke Delete");
    assert_eq!(
        ada.visit(&format!("{}/rotation", token.path()))
            .await
            .status,
        409
    );
    let revocation = format!("{}/revocation", token.path());
    ada.visit(&revocation)
        .await
        .form(&revocation)
        .submit()
        .await;
    assert_eq!(offered().await, "View details Delete");
    assert_eq!(
        ada.visit(&format!("{}/edit", token.path())).await.status,
        409
    );
}
