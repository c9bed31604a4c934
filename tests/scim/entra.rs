//! Entra ID's sequence, after its developers' guide
//! (<https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups>),
//! without the flag `aadOptscim062020`, so that what it does wrong is among it.

use serde_json::{Value, json};

use super::provider::{ENTERPRISE, GROUP, Provider, USER, text};
use crate::support::App;

fn kim() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "Kim.Akers@northwind.example",
        "active": true,
        "emails": [{ "primary": true, "type": "work", "value": "kim@northwind.example" }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "Kim Akers", "familyName": "Akers", "givenName": "Kim" },
        "roles": [],
        ENTERPRISE: { "department": "Engines", "employeeNumber": "" },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lives_through_entras_dialect() {
    let app = App::start().await;
    let entra = Provider::new(&app).await;
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
    assert_eq!(
        user["phoneNumbers"],
        json!([{ "type": "mobile", "value": "+1 555 0100" }])
    );
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
    let removed = json!([{ "op": "Remove", "path": format!("{ENTERPRISE}:manager") }]);
    let user = entra.patch(&path, removed).await.expect(200);
    assert_eq!(user[ENTERPRISE].get("manager"), None);

    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    assert_eq!(entra.patch(&path, off).await.expect(200)["active"], false);
    assert_eq!(entra.get(&path).await.expect(200)["active"], false);
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
    let entra = Provider::new(&app).await;
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
    let value = json!([{ "$ref": null, "value": one }]);
    let removed = json!([{ "op": "Remove", "path": "members", "value": value }]);
    entra.patch(&path, removed).await.expect(204);
    let renamed = json!([{ "op": "Replace", "path": "displayName", "value": "Engines" }]);
    entra.patch(&path, renamed).await.expect(204);
    let group = entra.get(&path).await.expect(200);
    assert_eq!(group["displayName"], "Engines");
    assert_eq!(group["members"].as_array().unwrap().len(), 1);
    assert_eq!(group["members"][0]["value"], two);
    entra.delete(&path).await.expect(204);
}
