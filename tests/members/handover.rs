//! API tokens of people who are gone, or stay.

use chrono::TimeDelta;
use futures_util::future::join;
use tokendesk::access::{Actor, Role, UserId};
use tokendesk::members::queries::{self, ApiTokens, ChangeError};

use crate::support::App;
use crate::support::app::ADA;

const MEI: &str = "mei@northwind.example";
const JUN: &str = "jun@northwind.example";

/// Northwind with Ada, Mei and Jun, all administrators; Mei made an API token.
async fn northwind() -> (App, UserId) {
    let app = App::start().await;
    for email in [MEI, JUN] {
        app.add_member(app.organization, email, Role::Admin).await;
    }
    app.sql("UPDATE users SET name = 'Mei Tanaka' WHERE email LIKE 'mei%'")
        .await;
    let mei = app.user(MEI).await;
    api_token(&app, mei, "Okta").await;
    (app, mei)
}

async fn api_token(app: &App, creator: UserId, name: &str) {
    let connection = &mut *app.database().get().await.unwrap();
    let actor = Actor::administrator(app.organization, creator, "Mei Tanaka");
    let new = App::full_access(name);
    let created = tokendesk::tokens::queries::create(connection, &actor, &new, app.now()).await;
    assert!(created.is_ok());
}

async fn deactivate(app: &App, user: UserId) {
    let connection = &mut *app.database().get().await.unwrap();
    let left = queries::deactivate(connection, &app.actor(), user, None, app.now()).await;
    left.unwrap();
}

async fn remove(app: &App, user: UserId) {
    let connection = &mut *app.database().get().await.unwrap();
    let left = queries::remove(connection, &app.actor(), user, None, app.now()).await;
    left.unwrap();
}

/// Who answers for the token, and whether it is revoked.
async fn fate(app: &App, name: &str) -> (UserId, String) {
    let query = format!("SELECT responsible_id, standing FROM tokens WHERE name = '{name}'");
    let rows = app.sql(&query).await;
    (rows[0].get::<_, uuid::Uuid>(0).into(), rows[0].get(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_somebody_deactivated_are_handed_over_from_their_page() {
    let (app, mei) = northwind().await;
    api_token(&app, mei, "Grafana").await;
    let ada = app.ada().await;
    let members = ada.visit("/settings/members").await;
    assert!(!members.says("still answering"), "everybody is there");
    deactivate(&app, mei).await;

    let members = ada.visit("/settings/members").await;
    assert!(
        members.says("Gone, and still answering for API tokens: Mei Tanaka"),
        "{}",
        members.text()
    );
    let page = ada.visit(&format!("/settings/members/{mei}")).await;
    assert!(
        page.says("Mei Tanaka is deactivated and still answers for 2 API tokens."),
        "{}",
        page.text()
    );
    let path = format!("/settings/members/{mei}/handover");
    let question = page.follow("Hand over or revoke").await;
    assert_eq!(question.path, path);
    assert!(question.says("Deactivated"));
    // A name that is written from right to left leaves the others where they are.
    assert_eq!(question.texts("dd bdi"), ["Grafana", "Okta"]);
    let form = question.form(&path);
    assert_eq!(form.value("heir"), app.user(ADA).await.to_string());
    let jun = app.user(JUN).await;
    let done = form.fill("heir", &jun.to_string()).submit().await;
    assert_eq!(done.path, format!("/settings/members/{mei}"));
    assert!(
        done.says("2 API tokens of “Mei Tanaka” are handed over to "),
        "{}",
        done.text()
    );
    assert!(!done.says("still answers"));
    assert_eq!(fate(&app, "Okta").await, (jun, "active".to_owned()));
    let again = ada.visit(&path).await;
    assert!(again.says("There is nothing to hand over."));
    let members = ada.visit("/settings/members").await;
    assert!(!members.says("still answering"));
    let told = "SELECT count(*) FROM journal WHERE action = 'token.handed_over'";
    assert_eq!(app.count(told).await, 2);
    let changed = "SELECT count(*) FROM tokens WHERE version = 2";
    assert_eq!(app.count(changed).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_somebody_removed_are_found_and_revoked() {
    let (app, mei) = northwind().await;
    remove(&app, mei).await;
    let ada = app.ada().await;
    let list = ada.visit("/settings/api-access").await;
    let token = list.follow("Okta").await;
    assert!(
        token.says("Mei Tanaka not a member any more"),
        "{}",
        token.text()
    );
    let question = token.follow("Hand over theirs").await;
    let path = format!("/settings/members/{mei}/handover");
    assert_eq!((question.status, &question.path), (200, &path));
    assert!(question.says("Not a member any more"));
    let members = ada.visit("/settings/members").await;
    assert_eq!(members.follow("Mei Tanaka").await.path, path);
    let done = question.form(&path).fill("fate", "revoke").submit().await;
    assert_eq!(done.path, "/settings/members");
    assert!(
        done.says("1 API token of “Mei Tanaka” is revoked."),
        "{}",
        done.text()
    );
    assert!(
        done.says("In effect on 1 of 1 instance"),
        "with a receipt: {}",
        done.text()
    );
    assert_eq!(fate(&app, "Okta").await, (mei, "revoked".to_owned()));
    let again = ada.visit(&path).await;
    assert!(again.says("There is nothing to hand over."));
    let token = ada.visit(&token.path).await;
    assert!(token.says("Mei Tanaka") && !token.has("a[href$='/handover']"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_chosen_stays_when_the_heir_cannot_have_them() {
    let (app, mei) = northwind().await;
    let ada = app.ada().await;
    let path = format!("/settings/members/{mei}/handover");
    let question = ada.visit(&path).await;
    let jun = app.user(JUN).await;
    deactivate(&app, jun).await;
    let form = question.form(&path);
    let again = form.fill("heir", &jun.to_string()).submit().await;
    assert_eq!(again.status, 422);
    assert!(again.says("Choose another active administrator."));
    assert!(again.has("#heir[aria-invalid]"));
    let form = question.form(&path).fill("fate", "burn");
    let again = form.submit().await;
    assert_eq!(again.status, 422);
    assert!(again.says("Choose what becomes of the API tokens."));
    assert_eq!(fate(&app, "Okta").await, (mei, "active".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_other_organizations_are_unknown_and_inherit_nothing() {
    let (app, mei) = northwind().await;
    let other = app.another_organization("Contoso").await;
    let eve = "eve@contoso.example";
    app.add_member(other, eve, Role::Admin).await;
    // Who answers for tokens in both, and is gone from one.
    app.add_member(other, MEI, Role::Admin).await;
    app.token_of(other, "Contoso’s", |_| ()).await;
    app.sql("UPDATE tokens SET responsible_id = (SELECT id FROM users WHERE email LIKE 'mei%')")
        .await;
    remove(&app, mei).await;
    let eves = app.signed_in(eve).await.visit("/settings/members").await;
    assert!(!eves.says("still answering"), "{}", eves.text());
    let eve = app.user(eve).await;
    let ada = app.ada().await;
    let adas = ada.visit("/settings/members").await;
    assert!(adas.says("still answering for API tokens: Mei Tanaka"));
    let path = format!("/settings/members/{eve}/handover");
    assert_eq!(ada.visit(&path).await.status, 404);
    let connection = &mut *app.database().get().await.unwrap();
    let (actor, now) = (app.actor(), app.now());
    let to_eve = queries::hand_over(connection, &actor, mei, ApiTokens::HandTo(eve), now).await;
    assert!(matches!(to_eve, Err(ChangeError::NotAdministrator)));
    let of_eve = queries::hand_over(connection, &actor, eve, ApiTokens::Revoke, now).await;
    assert!(matches!(of_eve, Err(ChangeError::Query(diesel::NotFound))));
    let number = queries::hand_over(connection, &actor, mei, ApiTokens::Revoke, now)
        .await
        .unwrap();
    assert_eq!(number, 1);
    assert_eq!(fate(&app, "Contoso’s").await, (mei, "active".to_owned()));
    assert!(!ada.visit("/settings/members").await.says("Mei Tanaka"));
}

/// Either the heir has them, and they are revoked with what the heir had; or the heir was
/// deactivated before, and gets nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_heir_who_is_deactivated_meanwhile_is_left_with_nothing() {
    let (app, mei) = northwind().await;
    let jun = app.user(JUN).await;
    let (mut handed, mut refused) = (0, 0);
    for round in 0..20 {
        api_token(&app, mei, &format!("Round {round}")).await;
        let give = async {
            let connection = &mut *app.database().get().await.unwrap();
            let heir = ApiTokens::HandTo(jun);
            queries::hand_over(connection, &app.actor(), mei, heir, app.now()).await
        };
        let take = async {
            let connection = &mut *app.database().get().await.unwrap();
            let revoke = Some(ApiTokens::Revoke);
            queries::deactivate(connection, &app.actor(), jun, revoke, app.now()).await
        };
        // Whichever is asked first begins first.
        let (given, taken) = if round % 2 == 0 {
            join(give, take).await
        } else {
            let (taken, given) = join(take, give).await;
            (given, taken)
        };
        match (given, taken) {
            (Ok(_), Ok(_)) => handed += 1,
            (Err(ChangeError::NotAdministrator), Ok(_)) => refused += 1,
            (given, taken) => panic!("{given:?} {taken:?}"),
        }
        let with_jun = format!(
            "SELECT count(*) FROM tokens WHERE standing <> 'revoked' AND responsible_id = '{jun}'"
        );
        assert_eq!(app.count(&with_jun).await, 0);
        app.state.clock.advance(TimeDelta::seconds(1));
        let connection = &mut *app.database().get().await.unwrap();
        queries::reactivate(connection, &app.actor(), jun, app.now())
            .await
            .unwrap();
    }
    assert!(handed > 0 && refused > 0, "{handed} {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tokens_page_tells_who_answers_for_it() {
    let (app, mei) = northwind().await;
    app.token("Of a command").await;
    let ada = app.ada().await;
    let list = ada.visit("/settings/api-access").await;
    let token = list.follow("Okta").await;
    let member = token.follow("Mei Tanaka").await;
    assert_eq!(member.path, format!("/settings/members/{mei}"));
    assert!(!token.has("a[href$='/handover']"), "she is there");
    let token = list.follow("Of a command").await;
    assert!(token.says("Responsible Nobody"), "{}", token.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_else_administers_they_can_only_be_revoked() {
    let (app, mei) = northwind().await;
    let ada = app.user(ADA).await;
    app.sql("UPDATE tokens SET responsible_id = (SELECT id FROM users WHERE email LIKE 'ada%')")
        .await;
    let browser = app.ada().await;
    let path = format!("/settings/members/{ada}/handover");
    let stale = browser.visit(&path).await;
    assert!(stale.says("Hand over or revoke the API tokens"));
    deactivate(&app, app.user(JUN).await).await;
    deactivate(&app, mei).await;
    let again = stale.form(&path).submit().await;
    assert_eq!(again.status, 422);
    let why = "Nobody else administers the organisation, to take them over.";
    assert!(again.says(why), "{}", again.text());
    assert!(
        !again.has("[name=fate][checked]"),
        "nothing is chosen for her"
    );
    assert_eq!(fate(&app, "Okta").await, (ada, "active".to_owned()));
    let question = browser.visit(&path).await;
    assert!(question.says("Revoke the API tokens of “Ada Lovell”?"));
    assert!(question.says(why), "{}", question.text());
    let done = question.form(&path).submit().await;
    assert!(
        done.says("1 API token of “Ada Lovell” is revoked."),
        "{}",
        done.text()
    );
}
