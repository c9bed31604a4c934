//! Menus, in windows of all widths.

use serde_json::json;

use crate::support::app::ADA;
use crate::support::{App, Chrome, Script};

/// How far the page is wider than the window and was moved sideways, and whether the list is within it.
const PLACE: &str = "
    const { scrollWidth, clientWidth } = document.documentElement;
    const list = document.querySelector('.menu[open] .menu__list').getBoundingClientRect();
    return [scrollWidth - clientWidth, scrollX, list.left >= 0 && list.right <= clientWidth];";

const PRODUCT: &str = "
    INSERT INTO products (id, organization_id, name, key, created_at)
    SELECT gen_random_uuid(), id, 'Storefront', 'storefront', now() FROM organizations";

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_menus_open_within_the_window() {
    let app = App::start().await;
    app.token("Okta").await;
    let chrome = Chrome::start(&app.url, Script::On).await;
    chrome.sign_in(ADA).await;
    for with_products in [false, true] {
        if with_products {
            app.sql(PRODUCT).await;
        }
        for width in [320, 390, 600, 759, 1119, 1150, 1280] {
            chrome.width(width).await;
            chrome.visit("/settings/api-access").await;
            for words in ["Product: all", "Sort: newest"] {
                if words.starts_with("Sort") || with_products {
                    chrome.press(words).await;
                    let place = chrome.run(PLACE).await;
                    assert_eq!(place, json!([0, 0, true]), "{words} at {width}");
                }
            }
        }
    }
    chrome.close().await;
}
