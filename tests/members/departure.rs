//! What somebody who goes leaves behind, and what comes back with them.

use chrono::TimeDelta;
use tokendesk::access::{Actor, Role, UserId};
use tokendesk::catalogue::{create_product, resources::queries as resources};
use tokendesk::members::queries::{self, ApiTokens, ChangeError, Departure};
use tokendesk::profile::servers::draft::NewServer;
use tokendesk::profile::servers::queries as servers;

use crate::support::App;
use crate::support::app::ADA;

const MEI: &str = "mei@northwind.example";

async fn deactivate(app: &App, api_tokens: Option<ApiTokens>) -> Departure {
    let mei = app.user(MEI).await;
    let connection = &mut *app.database().get().await.unwrap();
    queries::deactivate(connection, &app.actor(), mei, api_tokens, app.now())
        .await
        .unwrap()
}

async fn reactivate(app: &App) {
    let mei = app.user(MEI).await;
    let connection = &mut *app.database().get().await.unwrap();
    queries::reactivate(connection, &app.actor(), mei, app.now())
        .await
        .unwrap();
}

/// The status and the code with which the gate answers.
async fn asked(app: &App, secret: &str) -> (u16, String) {
    let url = format!("{}/api/v1/token", app.url);
    let answer = reqwest::Client::new().get(url).bearer_auth(secret).send();
    let answer = answer.await.unwrap();
    let status = answer.status().as_u16();
    let body: serde_json::Value = answer.json().await.unwrap();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// An API token that somebody created.
async fn api_token(app: &App, creator: UserId, name: &str) -> String {
    let connection = &mut *app.database().get().await.unwrap();
    let actor = Actor::administrator(app.organization, creator, "Mei Tanaka");
    let new = App::full_access(name);
    let created = tokendesk::tokens::queries::create(connection, &actor, &new, app.now()).await;
    created
        .map_err(|error| format!("{error:?}"))
        .unwrap()
        .1
        .reveal()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owners_tokens_stop_with_them_and_come_back_with_them() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let (_, secret) = app.mcp_token(MEI, "Laptop").await;
    assert_eq!(asked(&app, secret.reveal()).await.0, 200);
    deactivate(&app, None).await;
    app.settle().await;
    let stopped = (401, "owner_inactive".to_owned());
    assert_eq!(asked(&app, secret.reveal()).await, stopped);
    reactivate(&app).await;
    app.settle().await;
    assert_eq!(asked(&app, secret.reveal()).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_members_tokens_are_revoked_and_stay_so() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let (_, secret) = app.mcp_token(MEI, "Laptop").await;
    assert_eq!(asked(&app, secret.reveal()).await.0, 200);
    let mei = app.user(MEI).await;
    let connection = &mut *app.database().get().await.unwrap();
    let (actor, now) = (app.actor(), app.now());
    queries::remove(connection, &actor, mei, None, now)
        .await
        .unwrap();
    app.add_member(app.organization, MEI, Role::Member).await;
    app.settle().await;
    let revoked = (401, "revoked".to_owned());
    assert_eq!(asked(&app, secret.reveal()).await, revoked);
    let entry = "SELECT count(*) FROM journal WHERE action = 'mcp_token.revoked'";
    assert_eq!(app.count(entry).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_in_the_organization_end_at_once_and_others_go_on() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    app.add_member(app.organization, MEI, Role::Member).await;
    app.add_member(other, MEI, Role::Member).await;
    let (here, there) = (app.signed_in(MEI).await, app.signed_in(MEI).await);
    for (browser, organization) in [(&here, app.organization), (&there, other)] {
        let profile = browser.visit("/profile").await;
        let chosen = profile
            .form("/organization")
            .fill("organization", &organization.to_string());
        assert_eq!(chosen.submit().await.status, 200);
    }
    let departure = deactivate(&app, None).await;
    assert_eq!(departure.sessions, 1);
    assert!(here.visit("/profile").await.path.starts_with("/sign-in"));
    let profile = there.visit("/profile").await;
    assert!(profile.says("Contoso") && !profile.says("Northwind"));
}

#[tokio::test(flavor = "multi_thread")]
async fn api_tokens_are_handed_to_another_administrator_or_revoked() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Admin).await;
    let (ada, mei) = (app.user(ADA).await, app.user(MEI).await);
    let secret = api_token(&app, mei, "Okta").await;
    let handed = deactivate(&app, Some(ApiTokens::HandTo(ada))).await;
    assert_eq!(handed.api_tokens, 1);
    app.settle().await;
    assert_eq!(asked(&app, &secret).await.0, 200, "it works on");
    let rows = app
        .sql("SELECT responsible_id, created_by_name FROM tokens")
        .await;
    assert_eq!(rows[0].get::<_, uuid::Uuid>(0), ada.uuid());
    assert_eq!(rows[0].get::<_, &str>(1), "Mei Tanaka", "that stays true");

    reactivate(&app).await;
    let second = api_token(&app, mei, "Grafana").await;
    assert_eq!(asked(&app, &second).await.0, 200);
    let revoked = deactivate(&app, Some(ApiTokens::Revoke)).await;
    assert_eq!(revoked.api_tokens, 1, "and not what was handed over");
    app.settle().await;
    assert_eq!(asked(&app, &second).await, (401, "revoked".to_owned()));
    let told = "SELECT action FROM journal WHERE action ~ '^token[.](handed|revoked)' ORDER BY id";
    let told: Vec<String> = app.sql(told).await.iter().map(|row| row.get(0)).collect();
    assert_eq!(told, ["token.handed_over", "token.revoked"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_handed_to_active_administrators_only() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    let (jun, eve) = ("jun@northwind.example", "eve@contoso.example");
    app.add_member(app.organization, MEI, Role::Admin).await;
    app.add_member(app.organization, jun, Role::Member).await;
    app.add_member(other, eve, Role::Admin).await;
    let mei = app.user(MEI).await;
    for heir in [jun, eve, MEI] {
        let heir = Some(ApiTokens::HandTo(app.user(heir).await));
        let connection = &mut *app.database().get().await.unwrap();
        let refused = queries::deactivate(connection, &app.actor(), mei, heir, app.now()).await;
        assert!(matches!(refused, Err(ChangeError::NotAdministrator)));
    }
    let inactive = "SELECT count(*) FROM memberships WHERE deactivated_at IS NOT NULL";
    assert_eq!(app.count(inactive).await, 0, "all or nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_already_is_not_done_again() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let mei = app.user(MEI).await;
    deactivate(&app, None).await;
    let connection = &mut *app.database().get().await.unwrap();
    let (actor, now) = (app.actor(), app.now());
    let again = queries::deactivate(connection, &actor, mei, None, now).await;
    assert!(matches!(again, Err(ChangeError::Outdated(_))));
    let same = queries::change_role(connection, &actor, mei, Role::Member, now).await;
    assert!(matches!(same, Err(ChangeError::Outdated(_))));
    let told = "SELECT count(*) FROM journal WHERE action ~ '^member[.](deac|role)'";
    assert_eq!(app.count(told).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_change_only_their_own_changes_nothing_of_the_organizations() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let mei = app.user(MEI).await;
    let connection = &mut *app.database().get().await.unwrap();
    let ada = app.user(ADA).await;
    let (laptop, secret) = app.mcp_token(ADA, "Laptop").await;
    let credential = App::credential(&laptop, &secret);
    let bearer = tokendesk::access::Bearer::load(connection, ada, app.organization, credential)
        .await
        .unwrap();
    let actor = bearer.oneself();
    let refused = queries::deactivate(connection, &actor, mei, None, app.now()).await;
    assert!(matches!(refused, Err(ChangeError::Query(diesel::NotFound))));
    let now = app.now();
    let product = create_product(connection, &actor, "Shop", "shop", now).await;
    assert!(matches!(product, Err(diesel::NotFound)), "{product:?}");
    let new = NewServer {
        name: "widgets".to_owned(),
        url: "https://widgets.example.com/mcp".to_owned(),
        description: String::new(),
    };
    let added = servers::create(connection, &actor, &new, now).await;
    assert!(matches!(
        added,
        Err(servers::ChangeError::Query(diesel::NotFound))
    ));
    let operator = Actor::command_line(app.organization);
    let server = servers::create(connection, &operator, &new, now).await;
    let removed = servers::remove(connection, &actor, server.unwrap(), now).await;
    assert!(matches!(
        removed,
        Err(servers::ChangeError::Query(diesel::NotFound))
    ));
    let reset = resources::reset(connection, &actor, None, now).await;
    assert!(matches!(
        reset,
        Err(resources::ChangeError::Query(diesel::NotFound))
    ));
}

/// Links that end with them are in the journal, as those are that somebody revokes.
#[tokio::test(flavor = "multi_thread")]
async fn links_of_whoever_goes_are_revoked_and_journalled() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let invite = format!(
        "INSERT INTO invitations (id, organization_id, email, name, role, digest, created_at, \
             expires_at) \
         VALUES (gen_random_uuid(), '{}', '{MEI}', 'Mei', 'member', sha256('x'), '{1}', '{1}'), \
             (gen_random_uuid(), '{0}', '{MEI}', 'Of old', 'member', sha256('z'), '{1}', '{2}'), \
             (gen_random_uuid(), '{0}', 'jun@northwind.example', 'Jun', 'member', sha256('y'), \
                 '{1}', '{1}')",
        app.organization,
        app.now() + TimeDelta::days(7),
        app.now()
    );
    app.sql(&invite).await;
    deactivate(&app, None).await;
    let told = "SELECT subject_name FROM journal WHERE action = 'member.invitation_revoked'";
    let told: Vec<String> = app.sql(told).await.iter().map(|row| row.get(0)).collect();
    assert_eq!(told, [MEI], "and none for the one that was over");
    assert_eq!(app.count("SELECT count(*) FROM invitations").await, 1);
}
