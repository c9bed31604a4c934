//! What Okta sends: `recordings/okta`, and here what of it no answer tells.

use serde_json::json;

use super::provider::{Provider, USER, text};
use super::recordings::replay;
use crate::support::App;

#[tokio::test(flavor = "multi_thread")]
async fn what_okta_sends_is_answered() {
    replay("okta").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_taken_off_the_application_is_deactivated_with_a_receipt() {
    let app = App::start().await;
    let okta = Provider::new(&app).await;
    let mut mara = json!({ "schemas": [USER], "userName": "mara@tern.example",
        "password": "Zx81mz050nq", "active": true });
    let created = okta.post("/Users", &mara).await.expect(201);
    mara["active"] = false.into();
    let path = format!("/Users/{}", text(&created["id"]));
    let said = okta.put(&path, &mara).await;
    let receipt = said.header("x-tokendesk-receipt").unwrap();
    assert!(
        receipt.starts_with("In effect on 1 of 1 instance"),
        "{receipt}"
    );
    let deactivated = "SELECT count(*) FROM memberships WHERE deactivated_at IS NOT NULL";
    assert_eq!(app.count(deactivated).await, 1);
    // Nothing of the password anywhere.
    let kept = "SELECT count(*) FROM scim_documents, users
        WHERE document::text LIKE '%Zx81mz050nq%' OR password_hash LIKE '%Zx81mz050nq%'";
    assert_eq!(app.count(kept).await, 0);
}

/// Whoever is a member already is put instead of posted.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_is_linked_signs_in_as_before() {
    let app = App::start().await;
    let okta = Provider::new(&app).await;
    let ada = okta.find("/Users", "userName eq \"ada@northwind.example\"");
    let path = format!("/Users/{}", text(&ada.await.body["Resources"][0]["id"]));
    let whole = json!({ "schemas": [USER], "userName": "ada@northwind.example",
        "emails": [{ "primary": true, "value": "ada@northwind.example" }],
        "externalId": "00uq1x2y3z", "password": "Zx81mz050nq", "active": true });
    okta.put(&path, &whole).await.expect(200);
    app.ada().await;
}
