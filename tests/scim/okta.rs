//! What Okta sends, in its order and with its headers: as tenants recorded it and others published
//! it, with other names. An application of one's own sends whole resources; one from the catalogue
//! sends changes (<https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20>).

use serde_json::{Value, json};

use super::provider::{ENTERPRISE, GROUP, Provider, USER, members_of, text};
use crate::support::App;

/// What Okta says of somebody when it makes them: addresses without a type, no name to display.
fn mara() -> Value {
    json!({
        "schemas": [USER],
        "userName": "mara@tern.example",
        "name": { "givenName": "Mara", "familyName": "Tern" },
        "emails": [{ "primary": true, "value": "mara@tern.example" }],
        "externalId": "00uq1x2y3z",
        "groups": [],
        "password": "Zx81mz050nq",
        "active": true,
    })
}

async fn look_for(okta: &Provider, user_name: &str) -> Value {
    let filter = format!(
        "filter=userName%20eq%20%22{}%22",
        user_name.replace('@', "%40")
    );
    let address = format!("/Users?{filter}&startIndex=1&count=100");
    okta.get(&address).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lives_by_whole_resources() {
    let app = App::start().await;
    let okta = Provider::okta(&app).await;
    // When the connection is tested. Whoever is there has the attributes that an import needs.
    let probe = okta.get("/Users?startIndex=1&count=2").await.expect(200);
    let first = &probe["Resources"][0];
    for part in [
        &first["name"]["givenName"],
        &first["name"]["familyName"],
        &first["emails"][0]["value"],
    ] {
        assert!(part.is_string(), "{first}");
    }
    let none = look_for(&okta, "mara@tern.example").await;
    assert_eq!(none["totalResults"], 0);
    assert_eq!(none["Resources"], json!([]));

    let created = okta.post("/Users", &mara()).await.expect(201);
    for attribute in ["userName", "name", "emails", "externalId", "active"] {
        assert_eq!(created[attribute], mara()[attribute], "{attribute}");
    }
    assert_eq!(created.get("password"), None);
    assert_eq!(created["meta"]["resourceType"], "User");
    assert_eq!(created["meta"]["created"], "2026-11-22T14:00:00.000Z");
    let path = format!("/Users/{}", text(&created["id"]));
    assert_eq!(
        text(&created["meta"]["location"]),
        format!("{}/scim/v2{path}", app.url)
    );

    // A change is all that a GET gave, meta and groups too, with what is different.
    let mut whole = okta.get(&path).await.expect(200);
    assert_eq!(whole, created);
    whole["groups"] = json!([]);
    whole["name"]["familyName"] = "Tern-Gull".into();
    whole[ENTERPRISE] = json!({ "department": "Harbour" });
    whole["schemas"] = json!([USER, ENTERPRISE]);
    let updated = okta.put(&path, &whole).await.expect(200);
    assert_eq!(updated["name"]["familyName"], "Tern-Gull");
    assert_eq!(updated[ENTERPRISE], json!({ "department": "Harbour" }));
    assert_eq!(updated["meta"]["version"], "W/\"2\"");
    // The same once more is no change.
    assert_eq!(okta.put(&path, &whole).await.expect(200), updated);

    // Taken off the application.
    let mut whole = okta.get(&path).await.expect(200);
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
    // And back: whoever is found, though deactivated, is not made again.
    let found = look_for(&okta, "mara@tern.example").await;
    assert_eq!(found["Resources"][0]["id"], created["id"]);
    let mut whole = okta.get(&path).await.expect(200);
    whole["active"] = true.into();
    assert_eq!(okta.put(&path, &whole).await.expect(200)["active"], true);
    // Nothing of the password anywhere.
    let kept = "SELECT count(*) FROM scim_documents, users
        WHERE document::text LIKE '%Zx81mz050nq%' OR password_hash LIKE '%Zx81mz050nq%'";
    assert_eq!(app.count(kept).await, 0);
}

/// Whoever is a member already is found, and put instead of posted.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_linked_by_their_user_name() {
    let app = App::start().await;
    let okta = Provider::okta(&app).await;
    let found = look_for(&okta, "ada@northwind.example").await;
    assert_eq!(found["totalResults"], 1);
    let path = format!("/Users/{}", text(&found["Resources"][0]["id"]));
    let mut whole = mara();
    whole["userName"] = "ada@northwind.example".into();
    whole["emails"] = json!([{ "primary": true, "value": "ada@northwind.example" }]);
    let linked = okta.put(&path, &whole).await.expect(200);
    assert_eq!(linked["externalId"], "00uq1x2y3z");
    app.ada().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_imported_page_by_page() {
    let app = App::start().await;
    let okta = Provider::okta(&app).await;
    for number in 0..4 {
        okta.user(&format!("{number}@tern.example")).await;
    }
    let mut seen = Vec::new();
    for start in [1, 3, 5] {
        let address = format!("/Users?startIndex={start}&count=2");
        let page = okta.get(&address).await.expect(200);
        assert_eq!(
            (&page["totalResults"], &page["startIndex"]),
            (&json!(5), &json!(start))
        );
        let users = page["Resources"].as_array().unwrap();
        seen.extend(users.iter().map(|user| text(&user["id"])));
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_live_by_whole_resources() {
    let app = App::start().await;
    let okta = Provider::okta(&app).await;
    let (one, two) = (
        okta.user("one@tern.example").await,
        okta.user("two@tern.example").await,
    );
    let query = "filter=displayName%20eq%20%22Terns%22&startIndex=1&count=100";
    let none = okta.get(&format!("/Groups?{query}")).await.expect(200);
    assert_eq!(none["totalResults"], 0);
    let pushed = json!({ "schemas": [GROUP], "displayName": "Terns",
        "members": [{ "value": one, "display": "one@tern.example" }] });
    let path = format!(
        "/Groups/{}",
        text(&okta.post("/Groups", &pushed).await.expect(201)["id"])
    );
    let mut whole = okta.get(&path).await.expect(200);
    assert_eq!(whole["members"][0]["value"], one);
    whole["members"] = json!([{ "value": two, "display": "two@tern.example" }]);
    whole["displayName"] = "Gulls".into();
    let group = okta.put(&path, &whole).await.expect(200);
    assert_eq!(group["displayName"], "Gulls");
    assert_eq!(members_of(&group), [two]);
    okta.delete(&path).await.expect(204);
    okta.get(&path).await.refuse(404, "");
    okta.delete(&path).await.refuse(404, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_of_the_catalogue_sends_changes() {
    let app = App::start().await;
    let okta = Provider::okta(&app).await;
    let (one, two) = (
        okta.user("one@tern.example").await,
        okta.user("two@tern.example").await,
    );
    let user = format!("/Users/{one}");
    for active in [false, true] {
        let change = json!([{ "op": "replace", "value": { "active": active } }]);
        assert_eq!(
            okta.patch(&user, change).await.expect(200)["active"],
            active
        );
    }
    let pushed = json!({ "schemas": [GROUP], "displayName": "Terns", "members": [] });
    let id = text(&okta.post("/Groups", &pushed).await.expect(201)["id"]);
    let path = format!("/Groups/{id}");
    let named = |name: &str| json!({ "op": "replace", "value": { "id": id, "displayName": name } });
    for (change, name, members) in [
        (json!([named("Gulls")]), "Gulls", vec![]),
        (
            json!([
                named("Gulls"),
                { "op": "add", "path": "members", "value": [
                    { "value": one, "display": "one@tern.example" },
                    { "value": two, "display": "two@tern.example" } ] },
            ]),
            "Gulls",
            vec![one.clone(), two.clone()],
        ),
        (
            json!([named("Terns"), { "op": "remove", "path": format!("members[value eq \"{one}\"]") }]),
            "Terns",
            vec![two.clone()],
        ),
        // "Push now".
        (
            json!([{ "op": "replace", "path": "members", "value": [{ "value": one }] }]),
            "Terns",
            vec![one.clone()],
        ),
        (
            json!([{ "op": "replace", "path": "members", "value": [] }]),
            "Terns",
            vec![],
        ),
    ] {
        okta.patch(&path, change).await.expect(204);
        let group = okta.get(&path).await.expect(200);
        assert_eq!(group["displayName"], name);
        assert_eq!(members_of(&group), members);
    }
}
