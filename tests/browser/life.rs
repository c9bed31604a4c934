//! A token's life as an administrator leads it through Chromium, with script and without.

use fantoccini::key::Key;
use serde_json::Value;

use crate::support::app::{ADA, PASSWORD};
use crate::support::{App, Chrome, Script};

const FOCUSED: &str = "return document.activeElement.id";

const LIST: &str = "/settings/api-access";

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lives_in_a_browser_with_script() {
    live(Script::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lives_in_a_browser_without_script() {
    live(Script::Off).await;
}

async fn live(script: Script) {
    let app = App::start_empty(&[]).await;
    let chrome = Chrome::start(&app.url, script).await;
    page_script_runs(&chrome, script).await;

    set_up(&app, &chrome).await;
    let secret = create(&chrome, script).await;
    assert_eq!(ask(&app, &secret).await, (200, None));
    app.flush().await;
    let path = look_at_card(&chrome, script).await;
    look_at_details(&chrome, &path).await;
    edit(&chrome, &path).await;
    let new_secret = rotate(&app, &chrome, script, &path, &secret).await;
    end_overlap(&app, &chrome, &path, &secret).await;
    change_standing(&app, &chrome, script, &new_secret).await;
    delete(&chrome, &path).await;

    let errors = chrome.errors().await;
    assert!(errors.is_empty(), "{errors:#?}");
    chrome.close().await;
}

/// That the two tests are not one.
async fn page_script_runs(chrome: &Chrome, script: Script) {
    let page = "data:text/html,<title>still</title><script>document.title = 'run'</script>";
    chrome.client.goto(page).await.unwrap();
    let title = chrome.client.title().await.unwrap();
    assert_eq!(title, if script == Script::On { "run" } else { "still" });
}

/// From the link that the server prints on its first run.
async fn set_up(app: &App, chrome: &Chrome) {
    chrome
        .visit(&format!("/setup?code={}", app.setup_code().await))
        .await;
    assert!(!chrome.shows("#code").await, "the link brings the code");
    chrome.fill("#organization", "Northwind").await;
    chrome.fill("#name", "Ada Lovell").await;
    chrome.fill("#email", ADA).await;
    chrome.fill("#password", PASSWORD).await;
    chrome.follow("Create organisation").await;
    assert_eq!(chrome.path().await, LIST);
    chrome.reads("No API tokens yet").await;
}

async fn create(chrome: &Chrome, script: Script) -> String {
    chrome.follow("Create API token").await;
    chrome.fill("#name", "Okta SCIM").await;
    assert!(
        !chrome.shows("[value='admin:read']").await,
        "only Custom asks for scopes"
    );
    chrome.click(".choice:has([value=custom])").await;
    chrome.click("[value='admin:read']").await;
    chrome.click("[value='admin:scim']").await;
    chrome.press("Date and time…").await;
    // As an American types into the browser's own control: 30 November 2026, 14:30.
    chrome
        .element("#expires_at")
        .await
        .send_keys("11302026\t0230PM")
        .await
        .unwrap();
    assert_eq!(chrome.value("#expires_at").await, "2026-11-30T14:30");
    if script == Script::On {
        chrome.reads("Mon, 30 Nov 2026, 14:30 UTC").await;
    }
    chrome.press("Advanced").await;
    chrome.fill("#allowed_ip_ranges", "10.1.2.3/8").await;
    chrome.follow("Create").await;

    chrome.reads("Did you mean 10.0.0.0/8?").await;
    assert_eq!(
        chrome.focused().await,
        "10.1.2.3/8",
        "the mistake has the focus"
    );
    assert_eq!(chrome.value("#expires_at").await, "2026-11-30T14:30");
    chrome
        .fill("#allowed_ip_ranges", "127.0.0.1\n2001:db8:40::/48")
        .await;
    chrome.follow("Create").await;
    reveal(chrome, script, "“Okta SCIM” is ready").await
}

/// The secret, as someone takes it out of the dialog.
async fn reveal(chrome: &Chrome, script: Script, headline: &str) -> String {
    chrome.reads(headline).await;
    let secret = chrome.value("#secret").await;
    assert_eq!(chrome.shows("[data-copy]").await, script == Script::On);
    chrome.reads("/api/v1/token").await;
    chrome.press("Terraform").await;
    chrome.reads("TF_VAR_tokendesk_token").await;
    assert!(chrome.lacks("/api/v1/token").await, "one example at a time");
    if script == Script::On {
        chrome.press("Copy").await;
        chrome.element("[data-copied='Copied']").await;
    }
    chrome.follow("I have stored it").await;
    assert_eq!(chrome.path().await, format!("{LIST}?sort=newest"));
    assert_eq!(chrome.run(FOCUSED).await, "main");
    assert_eq!(chrome.run("return scrollY").await, 0, "all is in view");
    assert!(
        !chrome.client.source().await.unwrap().contains(&secret),
        "shown only once"
    );
    if script == Script::On {
        let search = chrome.element("[name=q]").await;
        search.send_keys(&(Key::Control + "v")).await.unwrap();
        assert_eq!(chrome.value("[name=q]").await, secret, "on the clipboard");
        search.clear().await.unwrap();
    }
    secret
}

/// What the API answers to it: the status, and the code of a refusal.
async fn ask(app: &App, secret: &str) -> (u16, Option<String>) {
    let request = reqwest::Client::new().get(format!("{}/api/v1/token", app.url));
    let response = request.bearer_auth(secret).send().await.unwrap();
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["code"].as_str().map(str::to_owned))
}

async fn refuses(app: &App, secret: &str, code: &str) {
    assert_eq!(ask(app, secret).await, (401, Some(code.to_owned())));
}

/// Returns the path of the token's page.
async fn look_at_card(chrome: &Chrome, script: Script) -> String {
    chrome.visit(LIST).await;
    let card = chrome.element(".token").await.text().await.unwrap();
    for words in [
        "Okta SCIM",
        "Active",
        "wxt_",
        "2 IP ranges",
        "by Ada Lovell",
        "1 call",
        "127.0.0.1",
    ] {
        assert!(card.contains(words), "{words}: {card}");
    }
    if script == Script::On {
        use_menu_by_keyboard(chrome).await;
    }
    chrome.click(".token .menu summary").await;
    chrome.follow("View details").await;
    chrome.path().await
}

async fn use_menu_by_keyboard(chrome: &Chrome) {
    let open = || async { chrome.shows(".token .menu__list").await };
    let menu = "document.querySelector('.token .menu summary')";
    chrome.run(&format!("{menu}.focus()")).await;
    chrome.key(Key::Enter).await;
    chrome.until("the menu", open).await;
    let walk = [
        (Key::Down, "View details"),
        (Key::Down, "Edit"),
        (Key::End, "Delete"),
        (Key::Down, "View details"),
        (Key::Up, "Delete"),
        (Key::Home, "View details"),
    ];
    for (key, entry) in walk {
        chrome.key(key).await;
        assert_eq!(chrome.focused().await, entry);
    }
    chrome.key(Key::Escape).await;
    assert!(!open().await);
    assert_eq!(
        chrome.focused().await,
        "Actions for Okta SCIM",
        "Esc returns the focus"
    );
    chrome.key(Key::Down).await;
    assert_eq!(
        chrome.focused().await,
        "View details",
        "an arrow opens the menu too"
    );
    chrome.key(Key::Escape).await;

    chrome.click(".token .menu summary").await;
    chrome.until("the menu", open).await;
    chrome.click("h1").await;
    chrome
        .until("a click elsewhere to close it", async || !open().await)
        .await;
}

async fn look_at_details(chrome: &Chrome, path: &str) {
    assert_eq!(chrome.path().await, *path);
    for words in [
        "2001:db8:40::/48",
        "admin:read",
        "30 Nov 2026, 14:30 UTC",
        "1 allowed, 0 denied",
    ] {
        chrome.reads(words).await;
    }
    let bars = "return document.querySelectorAll('.chart__plot > .chart__allowed').length";
    assert_eq!(chrome.run(bars).await, 1);
    let (_, _, width, height) = chrome
        .element(".chart__plot")
        .await
        .rectangle()
        .await
        .unwrap();
    assert!(width > 400.0 && height > 100.0, "{width} x {height}");
}

async fn edit(chrome: &Chrome, path: &str) {
    chrome.follow("Edit").await;
    assert_eq!(chrome.value("#name").await, "Okta SCIM");
    assert_eq!(
        chrome.value("#allowed_ip_ranges").await,
        "127.0.0.1\n2001:db8:40::/48"
    );
    chrome.fill("#name", "Okta provisioning").await;
    chrome.press("Never").await;
    chrome.follow("Save").await;
    assert_eq!(chrome.path().await, *path);
    chrome.reads("“Okta provisioning” is saved.").await;
}

async fn rotate(app: &App, chrome: &Chrome, script: Script, path: &str, old: &str) -> String {
    chrome.follow("Rotate").await;
    chrome.reads("Rotate “Okta provisioning”?").await;
    chrome.click(".choice:has([value='24h'])").await;
    chrome.follow("Rotate").await;
    let secret = reveal(chrome, script, "“Okta provisioning” has a new secret").await;
    assert_ne!(secret, old);
    for either in [old, &secret] {
        assert_eq!(ask(app, either).await, (200, None));
    }
    chrome
        .reads("Old secret until 23 Nov 2026, 14:00 UTC")
        .await;
    chrome.visit(path).await;
    chrome.reads("works until 23 Nov 2026, 14:00 UTC").await;
    secret
}

async fn end_overlap(app: &App, chrome: &Chrome, path: &str, old: &str) {
    chrome.follow("End overlap now").await;
    chrome
        .reads("End the overlap of “Okta provisioning”?")
        .await;
    chrome.follow("End overlap").await;
    assert_eq!(chrome.path().await, *path);
    chrome
        .reads("The old secret of “Okta provisioning” has stopped working.")
        .await;
    refuses(app, old, "retired").await;
}

async fn change_standing(app: &App, chrome: &Chrome, script: Script, secret: &str) {
    for (verb, status, code) in [
        ("Disable", "Inactive", "disabled"),
        ("Enable", "Active", ""),
        ("Revoke", "Revoked", "revoked"),
    ] {
        chrome.visit(LIST).await;
        chrome.click(".token .menu summary").await;
        chrome.follow(verb).await;
        chrome.reads(&format!("{verb} “Okta provisioning”?")).await;
        chrome.follow("Cancel").await;
        if script == Script::On {
            chrome
                .run("document.querySelector('.token .menu summary').focus()")
                .await;
            chrome.key(Key::Enter).await;
        } else {
            chrome.click(".token .menu summary").await;
        }
        chrome.follow(verb).await;
        chrome.follow(verb).await;
        assert_eq!(chrome.path().await, LIST);
        assert_eq!(chrome.element(".badge").await.text().await.unwrap(), status);
        match code {
            "" => {
                // Nobody waits for what gives access back.
                app.settle().await;
                assert_eq!(ask(app, secret).await, (200, None));
            }
            code => refuses(app, secret, code).await,
        }
    }
}

async fn delete(chrome: &Chrome, path: &str) {
    chrome.click(".token .menu summary").await;
    assert!(
        !chrome.shows("a[href$='/edit']").await,
        "a revoked token is not edited"
    );
    chrome.follow("Delete").await;
    chrome.follow("Delete").await;
    chrome.reads("“Okta provisioning” is deleted.").await;
    chrome.reads("No API tokens yet").await;
    chrome.visit(path).await;
    chrome.reads("Not found").await;
}

/// It is a row there, of which only the beginning has room.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_telephone_the_navigation_shows_where_one_is() {
    let app = App::start().await;
    let chrome = Chrome::start(&app.url, Script::Off).await;
    chrome.sign_in(ADA).await;
    chrome.width(390).await;
    for path in [
        "/settings/api-access",
        "/settings/members",
        "/settings/audit-log",
    ] {
        chrome.visit(path).await;
        let place = "const { left, right } = document.querySelector('.sidenav [aria-current]')
                .getBoundingClientRect();
            return left >= 0 && right <= document.documentElement.clientWidth";
        assert_eq!(chrome.run(place).await, true, "{path}");
    }
    chrome.close().await;
}
