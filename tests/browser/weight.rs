//! How much a first visit costs.

use serde_json::Value;

use crate::support::app::ADA;
use crate::support::{App, Chrome, Script};

const MOST_BYTES: u64 = 40 * 1024;
const MOST_REQUESTS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_first_visit_to_25_cards_is_light() {
    let app = App::start().await;
    for number in 1..=25 {
        app.token(&format!("Integration number {number}")).await;
    }
    let chrome = Chrome::start(&app.url, Script::On).await;
    chrome.sign_in(ADA).await;
    chrome.client.goto("about:blank").await.unwrap();
    chrome
        .cdp("Network.clearBrowserCache", serde_json::json!({}))
        .await;
    chrome.visit("/settings/api-access").await;
    let cards = chrome
        .run("return document.querySelectorAll('.token').length")
        .await;
    assert_eq!(cards, 25);
    // The icon comes when it comes, but is counted too.
    let script = "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .map(({ name, transferSize }) => [name, transferSize])";
    let sent = chrome.run(script).await;
    let sent = sent.as_array().unwrap();
    let bytes: u64 = sent.iter().map(|entry| entry[1].as_u64().unwrap()).sum();
    let all = Value::from(sent.clone());
    assert!(
        sent.len() <= 1 + MOST_REQUESTS && sent.len() >= 3,
        "{all:#}"
    );
    assert!(
        sent.iter().all(|entry| entry[1].as_u64() > Some(0)),
        "from the network: {all:#}"
    );
    assert!(bytes < MOST_BYTES, "{bytes} bytes: {all:#}");
    chrome.close().await;
}
