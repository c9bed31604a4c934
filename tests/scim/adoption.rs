//! Members whom no client has provisioned yet.

use diesel_async::AsyncMigrationHarness;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use serde_json::json;
use tokendesk::access::Role;
use tokendesk::db::Connection;
use tokendesk::db::url::Target;

use super::provider::{Provider, USER, text};
use super::users::account;
use crate::support::App;
use crate::support::app::ADA;

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_adopted_by_the_client_that_knows_them_by_another_name() {
    let app = App::start().await;
    app.add_member(app.organization, "mei@northwind.example", Role::Member)
        .await;
    let provider = Provider::new(&app).await;
    let mei = provider.find("/Users", "userName eq \"mei@northwind.example\"");
    let mei = mei.await.expect(200)["Resources"][0].clone();
    let before = account(&app, "mei@northwind.example").await;
    let user = |name: &str, active: bool| {
        json!({ "schemas": [USER], "userName": name, "externalId": name, "active": active,
            "name": { "givenName": "Mei", "familyName": "Tan" },
            "emails": [{ "value": "mei@northwind.example", "type": "work", "primary": true }] })
    };
    // By the name that she has here already, she is found and not made.
    let known = user("Mei@northwind.example", true);
    provider
        .post("/Users", &known)
        .await
        .refuse(409, "uniqueness");
    // What was not said stays: she was deactivated by hand.
    let client = app.client().await;
    let off = "UPDATE memberships SET deactivated_at = now() FROM users
        WHERE users.id = user_id AND email LIKE 'mei@%'";
    client.execute(off, &[]).await.unwrap();
    let mut silent = user("mei", true);
    silent.as_object_mut().unwrap().remove("active");
    let adopted = provider.post("/Users", &silent).await.expect(201);
    assert_eq!(adopted["active"], false);
    client
        .batch_execute(
            "UPDATE memberships SET deactivated_at = NULL; UPDATE scim_users SET provisioned = false",
        )
        .await
        .unwrap();
    let said = provider.post("/Users", &user("mtan", false)).await;
    assert!(said.headers.contains_key("x-tokendesk-receipt"));
    let adopted = said.expect(201);
    assert_eq!(adopted["id"], mei["id"]);
    assert_eq!(adopted["externalId"], "mtan");
    assert_eq!(adopted["active"], false);
    assert_eq!(account(&app, "mei@northwind.example").await, before);
    // Once: now she is the one with that name.
    let other = provider.post("/Users", &user("someone", true)).await;
    other.refuse(409, "uniqueness");
    // Nor is whom a client provisioned, or found to be as it would have made her.
    let ada = provider
        .find("/Users", &format!("userName eq \"{ADA}\""))
        .await;
    let ada = ada.expect(200)["Resources"][0].clone();
    let path = format!("/Users/{}", text(&ada["id"]));
    assert_eq!(provider.put(&path, &ada).await.expect(200), ada);
    let double = json!({ "schemas": [USER], "userName": "ada2", "emails": [{ "value": ADA }] });
    provider
        .post("/Users", &double)
        .await
        .refuse(409, "uniqueness");
    provider.user("jo@x.example").await;
    let jo =
        json!({ "schemas": [USER], "userName": "jo", "emails": [{ "value": "jo@x.example" }] });
    provider.post("/Users", &jo).await.refuse(409, "uniqueness");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_is_not_deactivated_by_being_adopted() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let ada = json!({ "schemas": [USER], "userName": "ada", "active": false,
        "emails": [{ "value": ADA }] });
    provider.post("/Users", &ada).await.refuse(409, "");
    assert_eq!(provider.named("active eq true").await, [ADA]);
}

/// The migration that began to tell whom a client has provisioned.
#[tokio::test(flavor = "multi_thread")]
async fn in_an_older_database_it_is_told_by_what_there_is() {
    let app = App::start().await;
    app.add_member(app.organization, "mei@northwind.example", Role::Member)
        .await;
    let provider = Provider::new(&app).await;
    provider.user("jo@x.example").await;
    let ada = app.user(ADA).await;
    let change = json!([{ "op": "add", "path": "title", "value": "Countess" }]);
    let ada = provider.patch(&format!("/Users/{ada}"), change).await;
    ada.expect(200);
    for last in ["a", "b"] {
        provider
            .group(&format!("{}{last}", "x".repeat(255)), &[])
            .await;
    }
    let told = "SELECT string_agg(email, ' ' ORDER BY email) FROM scim_users
        JOIN users ON id = user_id WHERE provisioned";
    let provisioned = async || app.sql(told).await[0].get::<_, String>(0);
    let before = provisioned().await;
    assert_eq!(before, format!("{ADA} jo@x.example"));

    let connection = Connection::open(&Target::embedded(app.address.clone())).await;
    let mut harness = AsyncMigrationHarness::new(connection.unwrap());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let migrations = FileBasedMigrations::from_path(path).unwrap();
    let begun = "20261125000022".into();
    while harness.applied_migrations().unwrap().contains(&begun) {
        harness.revert_last_migration(migrations.clone()).unwrap();
    }
    let names = "SELECT count(*) FROM groups WHERE char_length(name) = 100";
    assert_eq!(app.count(names).await, 2);
    harness.run_pending_migrations(migrations).unwrap();
    assert_eq!(provisioned().await, before);
    let mei = provider.find("/Users", "name.familyName eq \"Member\"");
    let mei = mei.await.expect(200)["Resources"][0].clone();
    assert_eq!(mei["userName"], "mei@northwind.example");
    assert_eq!(mei["name"]["givenName"], "Some");
    let work = "title ne \"Countess\" and emails[type eq \"work\" and primary eq true]";
    assert_eq!(provider.named(work).await, ["mei@northwind.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_a_member_by_another_address_is_pointed_out() {
    let app = App::start().await;
    app.add_member(app.organization, "mei@northwind.example", Role::Member)
        .await;
    let provider = Provider::new(&app).await;
    let mei = provider.find("/Users", "userName eq \"mei@northwind.example\"");
    let mei = text(&mei.await.expect(200)["Resources"][0]["id"]);
    let married = json!({ "userName": "mei.\"tan\"@northwind.example",
        "emails": [{ "value": "mei.tan@northwind.example", "primary": true }] });
    let path = format!("/Users/{mei}");
    provider.put(&path, &married).await.expect(200);
    let again = json!({ "userName": "mei@northwind.example" });
    let said = provider.post("/Users", &again).await;
    let detail = text(&said.body["detail"]);
    said.refuse(409, "uniqueness");
    let filter = detail.split_once("look for ").unwrap().1;
    let found = provider.find("/Users", filter.trim_end_matches('.')).await;
    assert_eq!(
        text(&found.expect(200)["Resources"][0]["id"]),
        mei,
        "{detail}"
    );
}
