//! Signing in with email and password.

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::support::app::{ADA, PASSWORD};
use crate::support::{App, Browser, View};

async fn attempt(browser: &Browser, email: &str, password: &str) -> View {
    let page = browser.visit("/sign-in").await;
    page.form("/sign-in")
        .fill("email", email)
        .fill("password", password)
        .submit()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_and_unknown_emails_are_answered_alike() {
    let app = App::start().await;
    let wrong = attempt(&app.browser(), ADA, "wrong").await;
    let unknown = attempt(&app.browser(), "eve@northwind.example", "wrong").await;
    for page in [&wrong, &unknown] {
        assert_eq!(page.status, 422);
        assert_eq!(page.path, "/sign-in");
        assert!(page.says("Email or password is wrong."));
        assert!(!page.html.contains("value=\"wrong\""));
    }
    assert_eq!(wrong.attributes("#email", "value"), [ADA]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_and_unknown_emails_take_the_same_time() {
    let app = App::start().await;
    // The least of several, as whatever else runs takes time too; and of so many as it takes.
    let mut least = [Duration::MAX; 2];
    for round in 0..40 {
        for (email, least) in [ADA, "eve@northwind.example"].iter().zip(&mut least) {
            // Known by nobody, and not throttled: each round is an hour later.
            app.state.clock.advance(TimeDelta::hours(2));
            let page = app.browser().visit("/sign-in").await;
            let form = page
                .form("/sign-in")
                .fill("email", email)
                .fill("password", "wrong");
            let started = Instant::now();
            assert_eq!(form.submit().await.status, 422);
            *least = started.elapsed().min(*least);
        }
        let (shorter, longer) = (least[0].min(least[1]), least[0].max(least[1]));
        if round >= 7 && shorter > Duration::from_millis(5) && longer < shorter.mul_f64(1.5) {
            return;
        }
    }
    panic!("a hash was not computed for each: {least:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_delayed_more_and_more_and_refused_without_a_look() {
    let app = App::start().await;
    let stranger = app.browser();
    for _ in 0..6 {
        assert_eq!(attempt(&stranger, ADA, "wrong").await.status, 422);
    }
    let page = attempt(&stranger, ADA, PASSWORD).await;
    assert_eq!(page.status, 429, "even the right one");
    assert!(
        page.says("Too many attempts. Try again in"),
        "{}",
        page.text()
    );
    assert_eq!(page.attributes("#email", "value"), [ADA]);
    app.state.clock.advance(TimeDelta::seconds(3));
    assert_eq!(attempt(&stranger, ADA, "wrong").await.status, 422);
    app.state.clock.advance(TimeDelta::seconds(3));
    assert_eq!(
        attempt(&stranger, ADA, PASSWORD).await.status,
        429,
        "now it is longer"
    );
    app.state.clock.advance(TimeDelta::seconds(60));
    assert_eq!(attempt(&stranger, ADA, PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_guesses_at_once_gain_nothing() {
    let app = App::start().await;
    let guesses: Vec<_> = (0..20)
        .map(|_| {
            let browser = app.browser();
            tokio::spawn(async move { attempt(&browser, ADA, "wrong").await.status })
        })
        .collect();
    let mut looked_at = 0;
    for guess in guesses {
        looked_at += i32::from(guess.await.unwrap() == 422);
    }
    assert_eq!(
        looked_at, 6,
        "five free ones, and the one that begins the delay"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_cannot_lock_the_owner_out_of_a_known_browser() {
    let app = App::start().await;
    let own = app.ada().await;
    own.visit("/profile").await.form("/sign-out").submit().await;
    let stranger = app.browser();
    for _ in 0..10 {
        attempt(&stranger, ADA, "wrong").await;
    }
    assert_eq!(attempt(&stranger, ADA, PASSWORD).await.status, 429);
    assert_eq!(
        attempt(&own, ADA, PASSWORD).await.path,
        "/settings/api-access"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_browser_of_one_user_is_a_strangers_for_another() {
    let app = App::start().await;
    app.add_member(
        app.organization,
        "mei@northwind.example",
        tokendesk::access::Role::Member,
    )
    .await;
    let meis = app.signed_in("mei@northwind.example").await;
    meis.visit("/profile")
        .await
        .form("/sign-out")
        .submit()
        .await;
    for _ in 0..6 {
        attempt(&meis, ADA, "wrong").await;
    }
    assert_eq!(attempt(&meis, ADA, "wrong").await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_that_tries_many_accounts_is_delayed() {
    let app = App::start().await;
    let mut delayed = false;
    for number in 0..35 {
        let email = format!("user{number}@northwind.example");
        delayed |= attempt(&app.browser(), &email, "wrong").await.status == 429;
    }
    assert!(delayed);
}

/// An office, say, in which somebody has guessed.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_right_password_delays_nobody_at_their_address() {
    let app = App::start().await;
    let colleague = "mei@northwind.example";
    app.add_member(app.organization, colleague, tokendesk::access::Role::Member)
        .await;
    for number in 0..30 {
        let email = format!("user{number}@northwind.example");
        assert_eq!(attempt(&app.browser(), &email, "wrong").await.status, 422);
    }
    for email in [ADA, colleague, ADA] {
        let signed_in = attempt(&app.browser(), email, PASSWORD).await;
        assert_eq!(signed_in.status, 200, "{email}");
    }
    let guess = attempt(&app.browser(), "other@northwind.example", "wrong").await;
    assert_eq!(guess.status, 422, "the one that is free");
    assert_eq!(attempt(&app.browser(), ADA, PASSWORD).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_signing_in_one_gets_where_one_wanted_to_go() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser
        .visit("/settings/audit-log?action=token.created")
        .await;
    assert_eq!(
        page.path,
        "/sign-in?next=%2Fsettings%2Faudit-log%3Faction%3Dtoken.created"
    );
    let form = page
        .form("/sign-in")
        .fill("email", ADA)
        .fill("password", PASSWORD);
    assert_eq!(
        form.submit().await.path,
        "/settings/audit-log?action=token.created"
    );

    let page = app.browser().visit("/sign-in?next=//evil.example/").await;
    let form = page
        .form("/sign-in")
        .fill("email", ADA)
        .fill("password", PASSWORD);
    assert_eq!(form.submit().await.path, "/settings/api-access");
}
