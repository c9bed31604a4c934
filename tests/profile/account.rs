//! One's password and sessions.

use crate::support::app::{ADA, PASSWORD};
use crate::support::{App, Browser, View};

const NEW: &str = "copper lantern drifting seven";

async fn change(browser: &Browser, present: &str, new: &str) -> View {
    let form = browser.visit("/profile/password").await;
    let form = form.form("/profile/password").fill("present", present);
    form.fill("password", new).submit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_all_other_sessions() {
    let app = App::start().await;
    let (ada, elsewhere) = (app.ada().await, app.ada().await);
    let changed = change(&ada, PASSWORD, NEW).await;
    assert!(
        changed.says("Your password is changed."),
        "{}",
        changed.text()
    );
    assert_eq!(ada.visit("/profile").await.path, "/profile");
    assert!(
        elsewhere
            .visit("/profile")
            .await
            .path
            .starts_with("/sign-in")
    );
    for (password, path) in [(PASSWORD, "/sign-in"), (NEW, "/settings/api-access")] {
        let page = app.browser().visit("/sign-in").await;
        let form = page.form("/sign-in").fill("email", ADA);
        assert_eq!(form.fill("password", password).submit().await.path, path);
    }
    let told = "SELECT count(*) FROM journal WHERE action = 'member.password_changed'";
    assert_eq!(app.count(told).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_know_the_password_cannot_change_it_and_is_slowed_down() {
    let app = App::start().await;
    let before: String = app.sql("SELECT password_hash FROM users").await[0].get(0);
    let ada = app.ada().await;
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(change(&ada, "wrong", NEW).await.status);
    }
    assert_eq!(answers[..5], [422; 5]);
    assert_eq!(answers.last(), Some(&429), "{answers:?}");
    let after: String = app.sql("SELECT password_hash FROM users").await[0].get(0);
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_easy_to_guess_is_refused() {
    let app = App::start().await;
    let refused = change(&app.ada().await, PASSWORD, "northwindnorthwind").await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.says("too much like your name"),
        "{}",
        refused.text()
    );
    assert!(!refused.html.contains("northwindnorthwind"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended() {
    let app = App::start().await;
    let alone = app.ada().await.visit("/profile").await;
    assert!(
        alone.says("This session signed in from 127.0.0.1"),
        "{}",
        alone.text()
    );
    assert!(!alone.says("Sign out everywhere else"));
    let (ada, elsewhere) = (app.ada().await, app.ada().await);
    let profile = ada.visit("/profile").await;
    assert_eq!(profile.texts("[aria-labelledby=sessions] dt").len(), 3);
    let ended = profile.form("/profile/other-sessions").submit().await;
    assert!(ended.says("2 other sessions ended."), "{}", ended.text());
    assert!(
        elsewhere
            .visit("/profile")
            .await
            .path
            .starts_with("/sign-in")
    );
    assert_eq!(ada.visit("/profile").await.path, "/profile");
}
