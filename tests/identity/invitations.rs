//! Invitations.

use chrono::TimeDelta;
use tokendesk::access::{Actor, OrganizationId, Role};
use tokendesk::identity::PersonName;
use tokendesk::identity::queries::{self, Invitee};
use tokendesk::secret::Digest;

use crate::support::App;
use crate::support::app::PASSWORD;

async fn invite(app: &App, email: &str, code: &str) {
    invite_to(app, app.organization, email, code).await;
}

async fn invite_to(app: &App, organization: OrganizationId, email: &str, code: &str) {
    let person = Invitee {
        email,
        name: "Mei Tanaka",
        role: Role::Member,
    };
    let connection = &mut *app.database().get().await.unwrap();
    let actor = Actor::command_line(organization);
    queries::invite(connection, &actor, &person, &Digest::of(code), app.now())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_works_once_and_for_seven_days() {
    let app = App::start().await;
    invite(&app, "mei@northwind.example", "first").await;
    let browser = app.browser();
    let page = browser.visit("/invitations/first").await;
    assert!(page.says("Join Northwind"));
    let weak = page
        .form("/invitations/first")
        .fill("password", "short")
        .submit()
        .await;
    assert_eq!(weak.status, 422);
    let joined = page
        .form("/invitations/first")
        .fill("password", PASSWORD)
        .submit()
        .await;
    assert_eq!(joined.path, "/profile");
    assert!(joined.says("Mei Tanaka"));
    assert_eq!(app.browser().visit("/invitations/first").await.status, 404);

    invite(&app, "jun@northwind.example", "late").await;
    app.state.clock.advance(TimeDelta::days(7));
    assert_eq!(app.browser().visit("/invitations/late").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_never_takes_over_an_account_and_is_not_used_up_by_the_attempt() {
    let app = App::start().await;
    invite(&app, crate::support::app::ADA, "takeover").await;
    let page = app.browser().visit("/invitations/takeover").await;
    let refused = page
        .form("/invitations/takeover")
        .fill("password", "another four words entirely")
        .submit()
        .await;
    assert_eq!(refused.status, 422);
    let owner = page
        .form("/invitations/takeover")
        .fill("password", PASSWORD);
    assert_eq!(owner.submit().await.status, 409, "a member already");
    app.ada().await;
    assert_eq!(
        app.count("SELECT count(*) FROM invitations WHERE accepted_at IS NULL")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_invitations_to_one_email_accepted_at_once_one_makes_the_account() {
    let app = App::start().await;
    invite(&app, "mei@northwind.example", "one").await;
    let contoso = app.another_organization("Contoso").await;
    invite_to(&app, contoso, "mei@northwind.example", "two").await;
    let mut attempts = Vec::new();
    for code in ["one", "two"] {
        let address = format!("/invitations/{code}");
        let page = app.browser().visit(&address).await;
        attempts.push(tokio::spawn(
            page.form(&address).fill("password", PASSWORD).submit(),
        ));
    }
    let mut statuses = Vec::new();
    for attempt in attempts {
        statuses.push(attempt.await.unwrap().status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(
        app.count("SELECT count(*) FROM users WHERE email LIKE 'mei%'")
            .await,
        1
    );
}

#[test]
fn nobody_is_called_the_command_line() {
    assert!(PersonName::parse("command  LINE").is_err());
}
