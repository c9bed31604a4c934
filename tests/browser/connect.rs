//! From the profile to a connected client.

use crate::support::app::ADA;
use crate::support::{App, Chrome, Script};

const FOCUSED: &str = "return document.activeElement.id";

async fn generate(chrome: &Chrome) -> String {
    chrome.sign_in(ADA).await;
    chrome.visit("/profile").await;
    chrome.fill("#name", "Claude Code").await;
    chrome.follow("Generate").await;
    chrome.value("#secret").await
}

/// As a client would, and as the gate counts it a second later.
async fn call(app: &App, secret: &str) {
    let answer = reqwest::Client::new()
        .get(format!("{}/api/v1/token", app.url))
        .header("user-agent", "claude-code/2.1 (cli)")
        .bearer_auth(secret);
    assert_eq!(answer.send().await.unwrap().status(), 200);
    app.flush().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_when_the_first_call_has_come() {
    let app = App::start().await;
    let chrome = Chrome::start(&app.url, Script::On).await;
    let secret = generate(&chrome).await;
    chrome.reads("Waiting for the first call…").await;
    assert!(chrome.lacks("Look again").await);
    call(&app, &secret).await;
    chrome.reads("Connected: claude-code 2.1, 0 s ago").await;
    assert_eq!(chrome.value("#secret").await, secret, "still to be copied");
    chrome.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_script_a_link_looks_again_and_tabs_and_the_literal_form_open() {
    let app = App::start().await;
    let chrome = Chrome::start(&app.url, Script::Off).await;
    let secret = generate(&chrome).await;
    chrome
        .reads("claude mcp add-json --scope user tokendesk")
        .await;
    chrome.click("label[for=tab-tokendesk-gemini]").await;
    chrome.reads("Bearer $WB_TOKEN").await;
    assert!(chrome.lacks(&secret).await);
    chrome
        .click("label[for=tab-tokendesk-gemini] + .tabs__panel summary")
        .await;
    chrome.reads(&format!("Bearer {secret}")).await;
    call(&app, &secret).await;
    chrome.follow("I have stored it").await;
    assert_eq!(chrome.run(FOCUSED).await, "main");
    chrome.follow("Claude Code").await;
    chrome.reads("Connected: claude-code 2.1, 0 s ago").await;
    chrome.close().await;
}
