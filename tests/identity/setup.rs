//! The first run.

use crate::support::app::PASSWORD;
use crate::support::browser::Form;
use crate::support::{App, Browser, View};

async fn filled_in(browser: &Browser, code: &str) -> Form {
    let page = browser.visit(&format!("/setup?code={code}")).await;
    page.form("/setup")
        .fill("organization", "Northwind")
        .fill("name", "Ada Lovell")
        .fill("email", "Ada@Northwind.example")
        .fill("password", PASSWORD)
}

async fn set_up(browser: &Browser, code: &str) -> View {
    filled_in(browser, code).await.submit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_code_sets_up_the_organization_and_is_signed_in() {
    let app = App::start_empty(&[]).await;
    let browser = app.browser();
    assert_eq!(browser.visit("/").await.path, "/setup");
    let first = set_up(&browser, &app.setup_code().await).await;
    assert_eq!(first.path, "/settings/api-access");
    assert!(first.says("No API tokens yet") && first.says("Northwind"));
    assert_eq!(app.browser().visit("/setup").await.path, "/sign-in");
    app.signed_in("ada@northwind.example").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_sets_up_nothing_and_keeps_what_was_typed() {
    let app = App::start_empty(&[]).await;
    let page = set_up(&app.browser(), "wrong").await;
    assert_eq!(page.status, 422);
    assert!(page.says("This is not the code that the server printed"));
    assert_eq!(page.attributes("#organization", "value"), ["Northwind"]);
    assert!(!page.html.contains(PASSWORD));
    assert_eq!(app.count("SELECT count(*) FROM organizations").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_common_or_short_password_is_refused() {
    let app = App::start_empty(&[]).await;
    let code = app.setup_code().await;
    for (password, why) in [
        ("short", "15 characters or more"),
        ("passwordpassword", "easy to guess"),
        ("ada@northwind.example", "too much like"),
    ] {
        let page = app.browser().visit(&format!("/setup?code={code}")).await;
        let again = page
            .form("/setup")
            .fill("organization", "Northwind")
            .fill("name", "Ada Lovell")
            .fill("email", "ada@northwind.example")
            .fill("password", password)
            .submit()
            .await;
        assert_eq!(again.status, 422, "{password}");
        assert!(again.says(why), "{password}: {}", again.text());
        let text = again.text();
        assert_eq!(text.matches("unrelated words").count(), 1, "{text}");
    }
    assert_eq!(app.count("SELECT count(*) FROM users").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_set_up_at_once_one_does() {
    let app = App::start_empty(&[]).await;
    let code = app.setup_code().await;
    let mut forms = Vec::new();
    for _ in 0..8 {
        forms.push(filled_in(&app.browser(), &code).await);
    }
    let attempts: Vec<_> = forms
        .into_iter()
        .map(|form| tokio::spawn(form.submit()))
        .collect();
    let mut statuses = Vec::new();
    for attempt in attempts {
        statuses.push(attempt.await.unwrap().status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(app.count("SELECT count(*) FROM organizations").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_the_code_is_slowed_down() {
    let app = App::start_empty(&[]).await;
    let mut refused = false;
    for _ in 0..40 {
        refused |= set_up(&app.browser(), "guess").await.status == 429;
    }
    assert!(refused);
}
