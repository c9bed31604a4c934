//! Replayed forms, and what is none. Forged ones: `routes::console`.

use crate::support::App;

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
        let refused = ada.send("/settings/api-access", kind, body.clone()).await;
        assert_eq!(refused.status, 400, "{kind}");
    }
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 0);
}
