//! A token's life, from its creation to its deletion.

use crate::support::App;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lives_from_creation_to_deletion() {
    let app = App::start().await;
    let ada = app.ada().await;

    let empty = ada.visit("/settings/api-access").await;
    assert!(empty.says("No API tokens yet"));

    let form = empty.follow("Create API token").await;
    let revealed = form
        .form("/settings/api-access")
        .fill("name", "Okta SCIM")
        .fill("access_level", "scim")
        .fill("allowed_ip_ranges", "127.0.0.1\n2001:db8:40::/48")
        .submit()
        .await;
    assert_eq!(revealed.status, 200, "{}", revealed.text());
    let secret = revealed.secret();
    assert!(revealed.says("“Okta SCIM” is ready"));
    assert_eq!(revealed.headers["cache-control"], "no-store");

    let list = ada.visit("/settings/api-access").await;
    assert!(!list.html.contains(&secret), "shown only once");
    assert_eq!(list.texts(".token h2"), ["Okta SCIM"]);
    let page = list.follow("Okta SCIM").await;
    let path = page.path.clone();
    assert!(page.says("2001:db8:40::/48"));

    let edit = ada.visit(&format!("{path}/edit")).await;
    let saved = edit
        .form(&path)
        .fill("name", "Okta provisioning")
        .submit()
        .await;
    assert_eq!(saved.path, path, "{}", saved.text());
    assert!(saved.says("“Okta provisioning” is saved."));

    let rotation = ada.visit(&format!("{path}/rotation")).await;
    let rotated = rotation
        .form(&format!("{path}/rotation"))
        .fill("overlap", "24h")
        .submit()
        .await;
    assert_ne!(rotated.secret(), secret);
    let page = ada.visit(&path).await;
    assert!(
        page.says("works until 23 Nov 2026, 14:00 UTC"),
        "{}",
        page.text()
    );

    for (transition, status) in [
        ("disabling", "Inactive"),
        ("enabling", "Active"),
        ("revocation", "Revoked"),
    ] {
        let address = format!("{path}/{transition}");
        let list = ada.visit(&address).await.form(&address).submit().await;
        assert_eq!(list.path, "/settings/api-access", "{}", list.text());
        assert_eq!(list.texts(".badge"), [status]);
    }

    let address = format!("{path}/deletion");
    let list = ada.visit(&address).await.form(&address).submit().await;
    assert!(list.says("“Okta provisioning” is deleted."));
    assert_eq!(ada.visit(&path).await.status, 404);
    let log = ada.visit("/settings/audit-log").await;
    let told = log.texts("tbody tr td:nth-child(3)");
    let verbs = [
        "Deleted", "Revoked", "Enabled", "Disabled", "Rotated", "Edited", "Created",
    ];
    for (sentence, verb) in told.iter().zip(verbs) {
        assert!(
            sentence.starts_with(&format!("{verb} the token Okta")),
            "{told:#?}"
        );
    }
}
