//! One's password and sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;

use crate::support::app::{ADA, PASSWORD};
use crate::support::{App, Browser, View};

const NEW: &str = "copper lantern drifting seven";

async fn sign_in(browser: &Browser, password: &str) -> View {
    let form = browser.visit("/sign-in").await.form("/sign-in");
    let form = form.fill("email", ADA).fill("password", password);
    form.submit().await
}

async fn change(browser: &Browser, present: &str, new: &str) -> View {
    let form = browser.visit("/profile/password").await;
    let form = form.form("/profile/password").fill("present", present);
    form.fill("password", new).submit().await
}

/// Each sign-in computes for a while what the password is, and begins its session afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_signs_in_with_the_old_password_meanwhile_has_no_session() {
    let app = App::start().await;
    let mut password = PASSWORD.to_owned();
    for round in 0..6 {
        let ada = app.browser();
        let signed_in = sign_in(&ada, &password).await;
        assert_eq!(signed_in.path, "/settings/api-access");
        let is_over = Arc::new(AtomicBool::new(false));
        let guessers: Vec<_> = (0..4)
            .map(|_| {
                let (browser, password) = (app.browser(), password.clone());
                let is_over = is_over.clone();
                tokio::spawn(async move {
                    while !is_over.load(Ordering::Relaxed) {
                        sign_in(&browser, &password).await;
                    }
                })
            })
            .collect();
        let new = format!("{NEW} {round}");
        let changed = change(&ada, &password, &new).await;
        is_over.store(true, Ordering::Relaxed);
        for guesser in guessers {
            guesser.await.unwrap();
        }
        assert!(changed.says("Your password is changed."), "{round}");
        let sessions = "SELECT count(*) FROM sessions WHERE user_id IS NOT NULL";
        assert_eq!(app.count(sessions).await, 1, "Ada's own, in round {round}");
        password = new;
        // What was guessed wrongly is forgotten.
        app.state.clock.advance(TimeDelta::hours(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_change_the_password_at_once_one_does() {
    let app = App::start().await;
    for round in 0..6 {
        let (present, new) = match round {
            0 => (PASSWORD.to_owned(), format!("{NEW} {round}")),
            _ => (format!("{NEW} {}", round - 1), format!("{NEW} {round}")),
        };
        let mut forms = Vec::new();
        for _ in 0..2 {
            let browser = app.browser();
            sign_in(&browser, &present).await;
            let form = browser.visit("/profile/password").await;
            let form = form.form("/profile/password").fill("present", &present);
            forms.push(form.fill("password", &new));
        }
        let attempts: Vec<_> = forms
            .into_iter()
            .map(|form| tokio::spawn(form.submit()))
            .collect();
        let mut changed = 0;
        for attempt in attempts {
            let answer = attempt.await.unwrap();
            changed += i32::from(answer.says("Your password is changed."));
        }
        assert_eq!(changed, 1, "{round}");
        app.state.clock.advance(TimeDelta::hours(1));
    }
}

/// Whoever had it could have made many browsers known, each with attempts of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_known_under_the_old_password_is_a_strangers_under_the_new() {
    let app = App::start().await;
    let (ada, former) = (app.ada().await, app.ada().await);
    let changed = change(&ada, PASSWORD, NEW).await;
    assert!(changed.says("Your password is changed."));
    for _ in 0..6 {
        assert_eq!(sign_in(&former, PASSWORD).await.status, 422);
    }
    let stranger = sign_in(&app.browser(), PASSWORD).await;
    assert_eq!(stranger.status, 429, "both count against the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_browsers_are_remembered() {
    let app = App::start().await;
    for _ in 0..23 {
        app.ada().await;
        app.state.clock.advance(TimeDelta::seconds(1));
    }
    let known = "SELECT count(*) FROM known_browsers";
    assert_eq!(app.count(known).await, 20);
    let oldest = "SELECT extract(epoch FROM min(created_at))::bigint FROM known_browsers";
    let twenty_ago = app.now() - TimeDelta::seconds(20);
    assert_eq!(app.count(oldest).await, twenty_ago.timestamp());
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
