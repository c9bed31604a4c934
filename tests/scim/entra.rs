//! What Entra ID sends, in its order and with its headers: after its developers' guide
//! (<https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups>)
//! and what tenants recorded and others published, with other names. Without the flag
//! `aadOptscim062020` what it does wrong is among it.

use serde_json::{Value, json};

use super::provider::{ENTERPRISE, GROUP, Provider, USER, members_of, text};
use crate::support::App;

/// Of an administrator's own making, in no schema here.
const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:custom:2.0:User";

fn kim() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "Kim.Akers@northwind.example",
        "active": true,
        "displayName": "Kim Akers",
        "title": "Buyer",
        "preferredLanguage": "en-GB",
        "addresses": [{ "type": "work", "locality": "Ghent", "country": "BE", "postalCode": "9000",
            "streetAddress": "Dok 1" }],
        "phoneNumbers": [{ "type": "work", "value": "+32 1" }],
        "emails": [{ "primary": true, "type": "work", "value": "kim@northwind.example" }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "Kim Akers", "familyName": "Akers", "givenName": "Kim" },
        "roles": [],
        ENTERPRISE: { "department": "Engines", "employeeNumber": "" },
        CUSTOM: { "site": "9" },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lives_through_entras_dialect() {
    let app = App::start().await;
    let entra = Provider::entra(&app).await;
    // The connection is tested by a search for nobody.
    let nobody = "userName eq \"0b8a9d80-8a6f-4a4e-9f9e-000000000000\"";
    let none = entra.find("/Users", nobody).await.expect(200);
    assert_eq!(none["totalResults"], 0);

    let created = entra.post("/Users", &kim()).await.expect(201);
    let path = format!("/Users/{}", text(&created["id"]));
    assert_eq!(created["schemas"], json!([USER, ENTERPRISE]));
    assert_eq!(created[ENTERPRISE], json!({ "department": "Engines" }));
    for filter in [
        "externalId eq \"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef\"",
        "userName eq \"kim.akers@NORTHWIND.example\"",
        "emails[type eq \"work\"].value eq \"Kim@northwind.example\"",
        "emails[type eq \"work\" and value eq \"kim@northwind.example\"]",
    ] {
        let found = entra.find("/Users", filter).await.expect(200);
        assert_eq!(found["totalResults"], 1, "{filter}");
        assert_eq!(found["Resources"][0]["id"], created["id"]);
    }

    let boss = entra.user("boss@northwind.example").await;
    let several = json!([
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "ka@northwind.example" },
        { "op": "Replace", "path": "name.familyName", "value": "Akers-Vogel" },
        { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1 555 0100" },
        { "op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": boss },
        { "op": "Replace", "path": format!("{ENTERPRISE}:department"), "value": "Looms" },
    ]);
    let user = entra.patch(&path, several).await.expect(200);
    assert_eq!(user["emails"][0]["value"], "ka@northwind.example");
    assert_eq!(user["name"]["familyName"], "Akers-Vogel");
    let phones = json!([
        { "type": "work", "value": "+32 1" }, { "type": "mobile", "value": "+1 555 0100" },
    ]);
    assert_eq!(user["phoneNumbers"], phones);
    let company = json!({ "department": "Looms", "manager": { "value": boss } });
    assert_eq!(user[ENTERPRISE], company);
    // Whether a reference is there is asked without saying whose attribute it is.
    let id = text(&created["id"]);
    let filter = format!("id eq \"{id}\" and manager eq \"{boss}\"");
    assert_eq!(entra.named(&filter).await, ["Kim.Akers@northwind.example"]);

    let value = json!({ "displayName": "K. Akers", "name.givenName": "Kimberly",
        (format!("{ENTERPRISE}:costCenter")): "4130", "active": "True" });
    let user = entra
        .patch(&path, json!([{ "op": "Replace", "value": value }]))
        .await;
    let user = user.expect(200);
    assert_eq!(user["displayName"], "K. Akers");
    assert_eq!(user["name"]["givenName"], "Kimberly");
    assert_eq!(user[ENTERPRISE]["costCenter"], "4130");
    // The manager goes, and comes back, and is emptied.
    let manager = format!("{ENTERPRISE}:manager");
    for gone in [
        json!({ "op": "Remove", "path": format!("{manager}[value eq \"{boss}\"]") }),
        json!({ "op": "Replace", "path": manager, "value": "" }),
        json!({ "op": "Remove", "path": manager }),
    ] {
        let back = json!([{ "op": "Add", "path": manager, "value": boss }]);
        let user = entra.patch(&path, back).await.expect(200);
        assert_eq!(user[ENTERPRISE]["manager"], json!({ "value": boss }));
        let user = entra.patch(&path, json!([gone])).await.expect(200);
        assert_eq!(user[ENTERPRISE].get("manager"), None);
    }

    // Off and on, beside what else is different; also by Add.
    for (op, value, active) in [
        ("Replace", "False", false),
        ("Add", "True", true),
        ("Add", "False", false),
    ] {
        let several = json!([
            { "op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "Dok 2" },
            { "op": "Add", "path": format!("{CUSTOM}:site"), "value": "10" },
            { "op": "Add", "path": "roles", "value": [{ "value": "{\"id\":\"1\"}" }] },
            { "op": op, "path": "active", "value": value },
        ]);
        let user = entra.patch(&path, several).await.expect(200);
        assert_eq!(user["active"], active);
        assert_eq!(user["addresses"][0]["formatted"], "Dok 2");
        assert_eq!(entra.get(&path).await.expect(200)["active"], active);
    }
    let found = entra
        .find("/Users", "active eq \"False\"")
        .await
        .expect(200);
    assert_eq!(found["totalResults"], 1);
    entra.delete(&path).await.expect(204);
    entra.get(&path).await.refuse(404, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_live_through_entras_dialect() {
    let app = App::start().await;
    let entra = Provider::entra(&app).await;
    let (one, two) = (
        entra.user("one@x.example").await,
        entra.user("two@x.example").await,
    );
    let other = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
    let group = json!({ "schemas": [GROUP, other], "displayName": "Engineering",
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "meta": { "resourceType": "Group" } });
    let created = entra.post("/Groups", &group).await.expect(201);
    let id = text(&created["id"]);
    let path = format!("/Groups/{id}");
    let query = "excludedAttributes=members&filter=displayName%20eq%20%22ENGINEERING%22";
    let found = entra.get(&format!("/Groups?{query}")).await.expect(200);
    assert_eq!(found["Resources"][0]["id"], created["id"]);
    assert_eq!(found["Resources"][0].get("members"), None);

    let value = json!([{ "$ref": null, "value": one }, { "$ref": null, "value": two }]);
    let added = json!([{ "op": "Add", "path": "members", "value": value }]);
    entra.patch(&path, added.clone()).await.expect(204);
    // Once more, as after an answer that was lost.
    entra.patch(&path, added).await.expect(204);
    for filter in [
        format!("id eq \"{id}\" and members eq \"{one}\""),
        format!("members[value eq \"{two}\"]"),
        "externalId eq \"8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159\"".to_owned(),
    ] {
        let found = entra.find("/Groups", &filter).await.expect(200);
        assert_eq!(found["totalResults"], 1, "{filter}");
    }
    let identified = json!([{ "op": "Add", "path": "externalId", "value": "9bb1" }]);
    entra.patch(&path, identified).await.expect(204);
    let value = json!([{ "value": one }]);
    let removed = json!([{ "op": "Remove", "path": "members", "value": value }]);
    entra.patch(&path, removed).await.expect(204);
    let renamed = json!([{ "op": "Replace", "path": "displayName", "value": "Engines" }]);
    entra.patch(&path, renamed).await.expect(204);
    let group = entra.get(&path).await.expect(200);
    assert_eq!(group["displayName"], "Engines");
    assert_eq!(group["externalId"], "9bb1");
    assert_eq!(members_of(&group), [two]);
    entra.delete(&path).await.expect(204);
}

/// With the flag `aadOptscim062020` it keeps to the standard, but for the names in a value.
#[tokio::test(flavor = "multi_thread")]
async fn the_standards_dialect_works_too() {
    let app = App::start().await;
    let entra = Provider::entra(&app).await;
    let boss = entra.user("boss@northwind.example").await;
    let created = entra
        .post("/Users?aadOptscim062020", &kim())
        .await
        .expect(201);
    let id = text(&created["id"]);
    let path = format!("/Users/{id}?aadOptscim062020");
    let operations = json!([
        { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "ka@northwind.example" },
        { "op": "add", "path": format!("{ENTERPRISE}:manager"), "value": boss },
        { "op": "replace", "value": { "displayName": "K. Akers", "name.givenName": "Kimberly",
            (format!("{ENTERPRISE}:department")): "Looms" } },
    ]);
    let user = entra.patch(&path, operations).await.expect(200);
    assert_eq!(user["emails"][0]["value"], "ka@northwind.example");
    assert_eq!(user["name"]["givenName"], "Kimberly");
    let company = json!({ "department": "Looms", "manager": { "value": boss } });
    assert_eq!(user[ENTERPRISE], company);
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    assert_eq!(entra.patch(&path, off).await.expect(200)["active"], false);

    let group = json!({ "schemas": [GROUP], "externalId": "8aa1", "displayName": "Engineering",
        "meta": { "resourceType": "Group" } });
    let group = entra.post("/Groups", &group).await.expect(201);
    let group = format!("/Groups/{}", text(&group["id"]));
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
    entra.patch(&group, add).await.expect(204);
    let remove = json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
    entra.patch(&group, remove).await.expect(204);
    let without = format!("{group}?excludedAttributes=members");
    let left = entra.get(&without).await.expect(200);
    assert_eq!(left.get("members"), None);
    let whole = entra.get(&group).await.expect(200);
    assert_eq!(whole["members"], json!([]));
}
