//! Okta's sequence, after its protocol reference
//! (<https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20>).

use serde_json::{Value, json};

use super::provider::{GROUP, Provider, USER, text};
use crate::support::App;

fn isaac() -> Value {
    json!({
        "schemas": [USER],
        "userName": "isaac.brock@northwind.example",
        "name": { "givenName": "Isaac", "familyName": "Brock" },
        "emails": [{ "primary": true, "value": "isaac.brock@northwind.example", "type": "work" }],
        "displayName": "Isaac Brock",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq",
        "active": true,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_created_updated_deprovisioned_and_back() {
    let app = App::start().await;
    let okta = Provider::new(&app).await;
    // When the connector is configured.
    okta.get("/Users?startIndex=1&count=2").await.expect(200);
    okta.get("/Groups?startIndex=1&count=100").await.expect(200);

    let query = "userName eq \"isaac.brock@northwind.example\"";
    let none = okta.find("/Users", query).await.expect(200);
    assert_eq!(none["totalResults"], 0);
    assert_eq!(none["Resources"], json!([]));
    let created = okta.post("/Users", &isaac()).await.expect(201);
    let id = text(&created["id"]);
    for attribute in [
        "userName",
        "name",
        "emails",
        "displayName",
        "locale",
        "externalId",
        "active",
    ] {
        assert_eq!(created[attribute], isaac()[attribute], "{attribute}");
    }
    assert_eq!(created.get("password"), None);
    assert_eq!(created["meta"]["resourceType"], "User");
    assert_eq!(created["meta"]["created"], "2026-11-22T14:00:00.000Z");
    assert_eq!(
        text(&created["meta"]["location"]),
        format!("{}/scim/v2/Users/{id}", app.url)
    );

    // An update is the whole user, changed.
    let path = format!("/Users/{id}");
    let mut whole = okta.get(&path).await.expect(200);
    assert_eq!(whole, created);
    whole["name"]["middleName"] = "Havelock".into();
    let updated = okta.put(&path, &whole).await.expect(200);
    assert_eq!(updated["name"]["middleName"], "Havelock");
    assert_eq!(updated["meta"]["version"], "W/\"2\"");
    // The same once more is no change.
    assert_eq!(okta.put(&path, &whole).await.expect(200), updated);

    // Deprovisioning, in both of its ways.
    let off = json!([{ "op": "replace", "value": { "active": false } }]);
    let gone = okta.patch(&path, off).await.expect(200);
    assert_eq!(gone["active"], false);
    whole["active"] = true.into();
    assert_eq!(okta.put(&path, &whole).await.expect(200)["active"], true);
    whole["active"] = false.into();
    let said = okta.put(&path, &whole).await;
    let receipt = said.headers["x-tokendesk-receipt"].to_str().unwrap();
    assert!(
        receipt.starts_with("In effect on 1 of 1 instance"),
        "{receipt}"
    );
    assert_eq!(said.expect(200)["active"], false);
    let deactivated = "SELECT count(*) FROM memberships WHERE deactivated_at IS NOT NULL";
    assert_eq!(app.count(deactivated).await, 1);
    // Nothing of the password anywhere.
    let kept = "SELECT count(*) FROM scim_users, users
        WHERE document::text LIKE '%1mz050nq%' OR password_hash LIKE '%1mz050nq%'";
    assert_eq!(app.count(kept).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_pushed_renamed_filled_and_deleted() {
    let app = App::start().await;
    let okta = Provider::new(&app).await;
    let (one, two) = (
        okta.user("one@x.example").await,
        okta.user("two@x.example").await,
    );
    let pushed = json!({ "schemas": [GROUP], "displayName": "Test SCIMv2", "members": [] });
    let group = okta.post("/Groups", &pushed).await.expect(201);
    let id = text(&group["id"]);
    let path = format!("/Groups/{id}");
    let renamed = json!([{
        "op": "replace", "value": { "id": id, "displayName": "Test SCIMv2 renamed" },
    }]);
    okta.patch(&path, renamed).await.expect(204);
    let filled = json!([{
        "op": "add", "path": "members",
        "value": [{ "value": one, "display": "one@x.example" },
            { "value": two, "display": "two@x.example" }],
    }]);
    okta.patch(&path, filled).await.expect(204);
    let taken_out = json!([{ "op": "remove", "path": format!("members[value eq \"{one}\"]") }]);
    okta.patch(&path, taken_out).await.expect(204);
    let group = okta.get(&path).await.expect(200);
    assert_eq!(group["displayName"], "Test SCIMv2 renamed");
    let members = group["members"].as_array().unwrap();
    assert_eq!(members.len(), 1);
    assert_eq!(members[0]["value"], two);
    let of_two = okta.get(&format!("/Users/{two}")).await.expect(200);
    assert_eq!(of_two["groups"][0]["display"], "Test SCIMv2 renamed");
    // All at once.
    let whole = json!({ "schemas": [GROUP], "id": id, "displayName": "Third",
        "members": [{ "value": one, "display": "one@x.example" }] });
    let group = okta.put(&path, &whole).await.expect(200);
    assert_eq!(group["members"][0]["value"], one);
    assert_eq!(group["members"].as_array().unwrap().len(), 1);
    okta.delete(&path).await.expect(204);
    okta.get(&path).await.refuse(404, "");
    okta.delete(&path).await.refuse(404, "");
}
