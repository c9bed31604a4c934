//! The organisation to look around in.

use super::place;
use crate::support::{Browser, Server, View};

/// What stands behind the word in what `demo` printed.
fn printed<'a>(welcome: &'a str, word: &str) -> &'a str {
    let line = welcome.lines().find(|line| line.trim().starts_with(word));
    line.unwrap().split_whitespace().last().unwrap()
}

async fn signed_in(server: &Server, email: &str, password: &str) -> Browser {
    let browser = server.browser();
    let page = browser.visit("/sign-in").await;
    let form = page.form("/sign-in").fill("email", email);
    assert_eq!(form.fill("password", password).submit().await.status, 200);
    browser
}

async fn look(browser: &Browser, path: &str) -> View {
    let page = browser.visit(path).await;
    assert_eq!(page.status, 200, "{path}");
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn a_believable_organization_is_there_to_look_around_in() {
    let place = place().await;
    let welcome = place.run(&["demo"]).succeeded();
    assert!(
        welcome.starts_with("Northwind has 42 API tokens."),
        "{welcome}"
    );
    let again = place.run(&["demo"]).refused();
    assert!(again.contains("nothing in it was changed"), "{again}");

    let server = place.serve();
    let (email, password) = (printed(&welcome, "Email"), printed(&welcome, "Password"));
    let ada = signed_in(&server, email, password).await;
    for status in ["active", "inactive", "revoked", "expired"] {
        let tab = look(&ada, &format!("/settings/api-access?status={status}")).await;
        assert!(!tab.texts(".token h2").is_empty(), "{status}");
    }
    let groups = look(&ada, "/settings/groups").await;
    for group in ["Platform", "Editors", "On call"] {
        assert!(groups.says(group), "{}", groups.text());
    }
    let audit = look(&ada, "/settings/audit-log").await;
    assert!(audit.says("Mei Tanaka"), "{}", audit.text());
    let own = look(&ada, "/profile").await;
    assert!(own.says("Claude Code on the laptop") && own.says("claude-code 2.1"));
    let mei = signed_in(&server, "mei@northwind.example", password).await;
    let own = look(&mei, "/profile").await;
    assert!(own.says("To try it out") && !own.says("Claude Code on the laptop"));
    server.stop();
}
