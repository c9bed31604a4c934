//! Whom a provider takes away, and what they leave.

use serde_json::json;
use tokendesk::access::{Actor, Role};

use super::provider::Provider;
use crate::support::App;
use crate::support::app::ADA;

const MEI: &str = "mei@northwind.example";

/// Of whoever answers for API tokens nobody is asked what becomes of them: they work on, and
/// administrators see that somebody has to decide.
#[tokio::test(flavor = "multi_thread")]
async fn api_tokens_of_whom_a_provider_takes_away_wait_for_an_administrator() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    app.add_member(app.organization, MEI, Role::Admin).await;
    let mei = app.user(MEI).await;
    app.sql("UPDATE users SET name = 'Mei Tanaka' WHERE email LIKE 'mei%'")
        .await;
    let theirs = Actor::administrator(app.organization, mei, "Mei Tanaka");
    let connection = &mut *app.database().get().await.unwrap();
    let new = App::full_access("Okta");
    let made = tokendesk::tokens::queries::create(connection, &theirs, &new, app.now()).await;
    assert!(made.is_ok());

    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    let user = format!("/Users/{mei}");
    assert_eq!(provider.patch(&user, off).await.status, 200);
    let ada = app.ada().await;
    let members = ada.visit("/settings/members").await;
    let question = members.follow("Mei Tanaka").await;
    assert!(question.says("Deactivated"), "{}", question.text());

    assert_eq!(provider.delete(&user).await.status, 204);
    let members = ada.visit("/settings/members").await;
    let question = members.follow("Mei Tanaka").await;
    assert!(
        question.says("Not a member any more"),
        "{}",
        question.text()
    );
    let path = format!("/settings/members/{mei}/handover");
    let done = question.form(&path).submit().await;
    assert!(
        done.says("1 API token of “Mei Tanaka” is handed over to Ada Lovell."),
        "{}",
        done.text()
    );
    let heir = "SELECT responsible_id FROM tokens WHERE name = 'Okta'";
    let heir: uuid::Uuid = app.sql(heir).await[0].get(0);
    assert_eq!(heir, app.user(ADA).await.uuid());
}
