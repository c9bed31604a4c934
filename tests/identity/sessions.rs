//! Sessions.

use chrono::TimeDelta;
use tokendesk::access::session;

use crate::support::App;
use crate::support::app::{ADA, PASSWORD};

fn cookie(response: &reqwest::Response, name: &str) -> Option<String> {
    let cookies = response.headers().get_all("set-cookie").iter();
    cookies
        .filter_map(|cookie| cookie.to_str().ok())
        .filter_map(|cookie| cookie.split(';').next())
        .find_map(|cookie| cookie.strip_prefix(&format!("{name}=")).map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_12_idle_hours() {
    let app = App::start().await;
    let ada = app.ada().await;
    for _ in 0..3 {
        app.state.clock.advance(TimeDelta::hours(11));
        assert_eq!(ada.visit("/profile").await.path, "/profile");
    }
    app.state.clock.advance(TimeDelta::hours(12));
    assert!(ada.visit("/profile").await.path.starts_with("/sign-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_after_a_session_ended_is_not_forgotten_in_silence() {
    let app = App::start().await;
    let ada = app.ada().await;
    let page = ada.visit("/profile").await;
    app.state.clock.advance(TimeDelta::hours(12));
    let form = page.form("/profile/mcp-tokens").fill("name", "Cursor");
    let told = form.submit().await;
    assert_eq!(told.status, 401);
    assert!(told.says("You are signed out") && told.says("Nothing was changed."));
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 0);
    let sign_in = told.follow("Sign in").await;
    let form = sign_in.form("/sign-in").fill("email", ADA);
    let back = form.fill("password", PASSWORD).submit().await;
    assert_eq!(back.path, "/profile", "where the form stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_30_days_however_busy() {
    let app = App::start().await;
    let ada = app.ada().await;
    for _ in 0..(30 * 24 / 10) {
        assert_eq!(ada.visit("/profile").await.path, "/profile");
        app.state.clock.advance(TimeDelta::hours(10));
    }
    assert!(ada.visit("/profile").await.path.starts_with("/sign-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_gives_a_new_key_of_which_only_the_hash_is_stored() {
    let app = App::start().await;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let page = client
        .get(format!("{}/sign-in", app.url))
        .send()
        .await
        .unwrap();
    assert_eq!(cookie(&page, "session"), None, "strangers have no session");
    let csrf = cookie(&page, "csrf").unwrap();
    let mut keys: Vec<String> = Vec::new();
    for _ in 0..2 {
        let session = keys
            .last()
            .map(|key| format!("; session={key}"))
            .unwrap_or_default();
        let cookies = format!("csrf={csrf}{session}");
        let page = client
            .get(format!("{}/sign-in", app.url))
            .header("cookie", &cookies);
        let html = page.send().await.unwrap().text().await.unwrap();
        let field = html.split("name=\"csrf\" value=\"").nth(1).unwrap();
        let field = field.split('"').next().unwrap();
        let signed_in = client
            .post(format!("{}/sign-in", app.url))
            .header("cookie", &cookies)
            .form(&[("csrf", field), ("email", ADA), ("password", PASSWORD)])
            .send()
            .await
            .unwrap();
        assert_eq!(signed_in.status(), 303);
        keys.push(cookie(&signed_in, "session").unwrap());
    }
    assert_ne!(keys[0], keys[1]);
    // The cookie holds a signature and then the key of 64 characters.
    let key = &keys[1][keys[1].len() - 64..];
    let dump: String = app.sql("SELECT sessions::text FROM sessions").await[0].get(0);
    assert!(!dump.contains(key));
    let digest = app.sql("SELECT digest FROM sessions").await[0].get::<_, Vec<u8>>(0);
    assert_eq!(digest, tokendesk::secret::Digest::of(key).as_bytes());
    assert_eq!(
        app.count("SELECT count(*) FROM sessions").await,
        1,
        "the one before is gone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_on_the_server() {
    let app = App::start().await;
    let ada = app.ada().await;
    ada.visit("/profile").await.form("/sign-out").submit().await;
    assert_eq!(
        app.count("SELECT count(*) FROM sessions WHERE user_id IS NOT NULL")
            .await,
        0
    );
    assert!(ada.visit("/profile").await.path.starts_with("/sign-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_the_membership() {
    let app = App::start().await;
    let ada = app.ada().await;
    app.sql("UPDATE memberships SET deactivated_at = now()")
        .await;
    assert!(ada.visit("/profile").await.path.starts_with("/sign-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_sessions_are_swept_away() {
    let app = App::start().await;
    app.ada().await;
    app.state.clock.advance(TimeDelta::hours(13));
    app.ada().await;
    let swept = session::sweep(app.database(), &app.state.clock)
        .await
        .unwrap();
    assert_eq!(swept, 1);
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 1);
}
