//! Forged, missing and replayed forms.

use crate::support::App;

/// Every form that changes something, with fields that would be accepted.
fn forms(path: &str) -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    let at = |rest: &str| format!("{path}{rest}");
    vec![
        (
            "/sign-in".into(),
            vec![("email", "ada@northwind.example"), ("password", "x")],
        ),
        ("/sign-out".into(), vec![]),
        ("/setup".into(), vec![("code", "x")]),
        (
            "/organization".into(),
            vec![("organization", "00000000-0000-0000-0000-000000000000")],
        ),
        ("/invitations/x".into(), vec![("name", "x")]),
        (
            "/settings/api-access".into(),
            vec![
                ("name", "forged"),
                ("access_level", "full-access"),
                ("expiry", "never"),
            ],
        ),
        (
            path.to_owned(),
            vec![
                ("name", "forged"),
                ("access_level", "full-access"),
                ("expiry", "never"),
                ("version", "1"),
            ],
        ),
        (at("/rotation"), vec![("overlap", "none"), ("version", "1")]),
        (at("/overlap-end"), vec![]),
        (at("/disabling"), vec![]),
        (at("/revocation"), vec![]),
        (at("/deletion"), vec![]),
        (
            "/settings/products".into(),
            vec![("name", "forged"), ("key", "forged")],
        ),
        ("/settings/resources/import".into(), vec![("toml", "")]),
        ("/settings/resources/reset".into(), vec![("revision", "1")]),
        (
            "/settings/resources".into(),
            vec![
                ("name", "forged"),
                ("path", "/forged"),
                ("operation_name", "read"),
                ("operation_methods", "GET"),
                ("operation_scope", "render"),
            ],
        ),
        (
            "/settings/products/00000000-0000-0000-0000-000000000000".into(),
            vec![("name", "forged")],
        ),
        (
            "/settings/resources/00000000-0000-0000-0000-000000000000/deletion".into(),
            vec![("version", "1")],
        ),
        ("/profile/password".into(), vec![("password", "x")]),
        ("/profile/other-sessions".into(), vec![]),
        ("/profile/mcp-tokens".into(), vec![("name", "forged")]),
        ("/settings/mcp-servers".into(), vec![("name", "forged")]),
        (
            "/settings/members/invitations".into(),
            vec![
                ("email", "x@x.example"),
                ("name", "forged"),
                ("role", "admin"),
            ],
        ),
        (member("/role"), vec![("role", "member")]),
        (member("/deactivation"), vec![]),
        (member("/reactivation"), vec![]),
        (member("/removal"), vec![]),
        (member_invitation(), vec![]),
        ("/settings/groups".into(), vec![("name", "forged")]),
        (group(""), vec![("name", "forged")]),
        (group("/members"), vec![("emails", "ada@northwind.example")]),
        (
            group("/members/00000000-0000-0000-0000-000000000000/removal"),
            vec![],
        ),
        (group("/deletion"), vec![]),
    ]
}

fn member(rest: &str) -> String {
    format!("/settings/members/00000000-0000-0000-0000-000000000000{rest}")
}

fn member_invitation() -> String {
    "/settings/members/invitations/00000000-0000-0000-0000-000000000000/revocation".to_owned()
}

fn group(rest: &str) -> String {
    format!("/settings/groups/00000000-0000-0000-0000-000000000000{rest}")
}

async fn unchanged(app: &App) {
    let row = &app.sql("SELECT name, standing, version FROM tokens").await;
    assert_eq!(row.len(), 1);
    let (name, standing, version): (String, String, i32) =
        (row[0].get(0), row[0].get(1), row[0].get(2));
    assert_eq!((&*name, &*standing, version), ("Okta", "active", 1));
    assert_eq!(app.count("SELECT count(*) FROM products").await, 0);
    assert_eq!(app.count("SELECT count(*) FROM resources").await, 0);
    assert_eq!(app.count("SELECT count(*) FROM groups").await, 0);
    assert_eq!(app.count("SELECT count(*) FROM invitations").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_its_token_is_refused() {
    let app = App::start().await;
    let (token, _) = app.token("Okta").await;
    let ada = app.ada().await;
    for (path, fields) in forms(&token.path()) {
        let refused = ada.post(&path, &fields).await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.says("form is out of date"), "{path}");
    }
    unchanged(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_another_browsers_token_is_refused() {
    let app = App::start().await;
    let (token, _) = app.token("Okta").await;
    let (ada, mallory) = (app.ada().await, app.browser());
    let foreign = mallory
        .visit("/sign-in")
        .await
        .form("/sign-in")
        .value("csrf")
        .to_owned();
    for (path, mut fields) in forms(&token.path()) {
        let foreign: &'static str = foreign.clone().leak();
        fields.push(("csrf", foreign));
        assert_eq!(ada.post(&path, &fields).await.status, 403, "{path}");
    }
    unchanged(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_another_site_is_refused_even_with_its_token() {
    let app = App::start().await;
    let (token, _) = app.token("Okta").await;
    let ada = app.ada().await;
    let address = format!("{}/revocation", token.path());
    let page = ada.visit(&address).await;
    let form = page.form(&address);
    let (csrf, organization) = (form.value("csrf"), form.value("organization"));
    let fields = [("csrf", csrf), ("organization", organization)];
    for site in ["cross-site", "same-site"] {
        let refused = ada
            .post_with(&address, &fields, &[("sec-fetch-site", site)])
            .await;
        assert_eq!(refused.status, 403, "{site}");
    }
    unchanged(&app).await;
    let accepted = ada
        .post_with(&address, &fields, &[("sec-fetch-site", "same-origin")])
        .await;
    assert_eq!(accepted.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_before_a_sign_in_or_sign_out_cannot_be_replayed() {
    let app = App::start().await;
    let browser = app.browser();
    let before = browser
        .visit("/sign-in")
        .await
        .form("/sign-in")
        .value("csrf")
        .to_owned();
    let page = browser.visit("/sign-in").await;
    page.form("/sign-in")
        .fill("email", crate::support::app::ADA)
        .fill("password", crate::support::app::PASSWORD)
        .submit()
        .await;
    let replayed = browser.post("/sign-out", &[("csrf", &before)]).await;
    assert_eq!(replayed.status, 403);

    let signed_in = browser.visit("/profile").await;
    assert_eq!(signed_in.status, 200);
    let during = signed_in.form("/sign-out").value("csrf").to_owned();
    signed_in.form("/sign-out").submit().await;
    let replayed = browser
        .post(
            "/sign-in",
            &[("csrf", &during), ("email", "x"), ("password", "x")],
        )
        .await;
    assert_eq!(replayed.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_types_are_not_forms() {
    let app = App::start().await;
    let ada = app.ada().await;
    let page = ada.visit("/settings/api-access/new").await;
    let csrf = page.form("/settings/api-access").value("csrf").to_owned();
    let body = format!("csrf={csrf}&name=x&access_level=scim&expiry=never");
    for kind in ["text/plain", "application/json", "multipart/form-data"] {
        let refused = ada.send("/settings/api-access", kind, &body).await;
        assert_eq!(refused.status, 400, "{kind}");
    }
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 0);
}
