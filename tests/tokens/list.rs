//! The list: search, tabs, sorting, pages.

use chrono::TimeDelta;

use crate::support::{App, Browser};

async fn names(browser: &Browser, query: &str) -> Vec<String> {
    let page = browser.visit(&format!("/settings/api-access{query}")).await;
    assert_eq!(page.status, 200, "{query}");
    page.texts(".token h2")
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_parts_of_names_and_prefixes_without_case() {
    let app = App::start().await;
    let (okta, _) = app.token("Okta SCIM").await;
    app.token("Größe 100%").await;
    app.token("snake_case").await;
    app.token("back\\slash").await;
    // Random ones may hold what is looked for.
    app.sql("UPDATE tokens SET display = 'wxt_1111' WHERE name <> 'Okta SCIM'")
        .await;
    let ada = app.ada().await;
    for (query, found) in [
        ("okta", "Okta SCIM"),
        ("KTA+S", "Okta SCIM"),
        ("ok", "Okta SCIM"),
        ("GRÖSSE", "Größe 100%"),
        ("grö", "Größe 100%"),
        ("GRÖ", "Größe 100%"),
        ("öß", "Größe 100%"),
        ("okta++scim", "Okta SCIM"),
        ("%25", "Größe 100%"),
        ("0%25", "Größe 100%"),
        ("00%25", "Größe 100%"),
        ("e_c", "snake_case"),
        ("_ca", "snake_case"),
        ("k%5C", "back\\slash"),
        ("ck%5Csl", "back\\slash"),
        ("zqzqz", ""),
        ("nothing+like+it", ""),
        ("'%22{},", ""),
        (okta.display.as_str(), "Okta SCIM"),
    ] {
        let expected: Vec<&str> = Some(found)
            .filter(|name| !name.is_empty())
            .into_iter()
            .collect();
        assert_eq!(
            names(&ada, &format!("?q={query}")).await,
            expected,
            "{query}"
        );
    }
    assert_eq!(names(&ada, "?q=wxt_").await.len(), 4);
    let none = ada.visit("/settings/api-access?q=zqzqz").await;
    assert!(none.says("No token matches “zqzqz”"), "{}", none.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_have_counts_and_hold_their_status() {
    let app = App::start().await;
    for name in ["Active 1", "Active 2"] {
        app.token(name).await;
    }
    app.token_with("Expired", |new| {
        new.expires_at = Some(app.now() + TimeDelta::minutes(1));
    })
    .await;
    let (disabled, _) = app.token("Disabled").await;
    let (revoked, _) = app.token("Revoked").await;
    let ada = app.ada().await;
    for (token, resource) in [(&disabled, "disabling"), (&revoked, "revocation")] {
        let address = format!("{}/{resource}", token.path());
        ada.visit(&address).await.form(&address).submit().await;
    }
    app.state.clock.advance(TimeDelta::minutes(1));
    let page = ada.visit("/settings/api-access").await;
    assert_eq!(
        page.texts(".segments a"),
        ["All 5", "Active 2", "Inactive 1", "Expired 1", "Revoked 1"]
    );
    assert_eq!(
        names(&ada, "?status=active").await,
        ["Active 2", "Active 1"]
    );
    assert_eq!(names(&ada, "?status=inactive").await, ["Disabled"]);
    assert_eq!(names(&ada, "?status=expired").await, ["Expired"]);
    assert_eq!(names(&ada, "?status=revoked").await, ["Revoked"]);
    let page = ada.visit("/settings/api-access?q=ctive").await;
    assert_eq!(page.texts(".segments a")[..2], ["All 2", "Active 2"]);
    let page = page.form("/settings/api-access");
    assert_eq!(page.value("q"), "ctive");
    assert_eq!(
        names(&ada, "?status=nonsense&sort=nonsense&page=nonsense")
            .await
            .len(),
        5
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_pages_through_all_tokens_and_back() {
    let app = App::start().await;
    let mut expected = Vec::new();
    for number in 0..60 {
        let expiry = (number % 3 > 0).then(|| app.now() + TimeDelta::days(1 + number % 7));
        let name = format!("Token {:02}", (number * 37) % 60);
        let (_, secret) = app.token_with(&name, |new| new.expires_at = expiry).await;
        // Most of them within a minute, which is more than a page of them.
        if number % 4 > 0 {
            app.state.clock.advance(TimeDelta::milliseconds(number % 8));
            reqwest::Client::new()
                .get(format!("{}/api/v1/token", app.url))
                .bearer_auth(secret.reveal())
                .send()
                .await
                .unwrap();
        }
        expected.push(name);
    }
    app.flush().await;
    expected.sort();
    let ada = app.ada().await;
    for query in [
        "",
        "?sort=name",
        "?sort=last-used",
        "?sort=expiry",
        "?q=token&sort=last-used",
    ] {
        let mut pages = vec![ada.visit(&format!("/settings/api-access{query}")).await];
        while pages.last().unwrap().has("a[rel=next]") {
            let next = pages.last().unwrap().follow("Next").await;
            pages.push(next);
        }
        let mut seen: Vec<String> = pages
            .iter()
            .flat_map(|page| page.texts(".token h2"))
            .collect();
        assert_eq!(pages.len(), 3, "{query}");
        assert!(pages[1].says("26–50 of 60"), "{query}");
        if query == "?sort=name" {
            assert_eq!(seen, expected);
        }
        seen.sort();
        assert_eq!(seen, expected, "{query}");
        let back = pages[2].follow("Previous").await;
        assert_eq!(
            back.texts(".token h2"),
            pages[1].texts(".token h2"),
            "{query}"
        );
        let start = back.follow("Previous").await;
        assert_eq!(
            start.texts(".token h2"),
            pages[0].texts(".token h2"),
            "{query}"
        );
        assert!(!start.has("a[rel=prev]"), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_what_they_say() {
    let app = App::start().await;
    let (_, first) = app
        .token_with("b", |new| {
            new.expires_at = Some(app.now() + TimeDelta::days(9));
        })
        .await;
    app.token_with("C", |new| new.expires_at = None).await;
    let (_, last) = app
        .token_with("a", |new| {
            new.expires_at = Some(app.now() + TimeDelta::days(20));
        })
        .await;
    for secret in [last, first] {
        // The second within the minute of the first.
        app.state.clock.advance(TimeDelta::seconds(20));
        reqwest::Client::new()
            .get(format!("{}/api/v1/token", app.url))
            .bearer_auth(secret.reveal())
            .send()
            .await
            .unwrap();
    }
    app.flush().await;
    let ada = app.ada().await;
    assert_eq!(names(&ada, "").await, ["a", "C", "b"]);
    assert_eq!(names(&ada, "?sort=name").await, ["a", "b", "C"]);
    assert_eq!(names(&ada, "?sort=last-used").await, ["b", "a", "C"]);
    assert_eq!(names(&ada, "?sort=expiry").await, ["b", "a", "C"]);
    assert!(
        ada.visit("/settings/api-access").await.says("in 9 days"),
        "a warning from 14 days before"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_addresses_are_answered() {
    let app = App::start().await;
    app.token("Okta").await;
    let ada = app.ada().await;
    let cursor = |key: &str| {
        tokendesk::web::paging::Cursor {
            key: key.to_owned(),
            id: uuid::Uuid::nil(),
            direction: tokendesk::web::paging::Direction::After,
            skipped: 0,
        }
        .encode()
    };
    for path in [
        "/settings/api-access?q=%00".to_owned(),
        format!("/settings/api-access?q={}", "x".repeat(5000)),
        format!("/settings/api-access?sort=name&page={}", cursor("\0")),
        format!(
            "/settings/api-access?sort=expiry&page={}",
            cursor("-200000-01-01T00:00:00Z")
        ),
        format!(
            "/settings/api-access?sort=last-used&page={}",
            cursor("+200000-01-01T00:00:00Z")
        ),
        "/settings/api-access/new?name=%00".to_owned(),
        "/settings/audit-log?token=%00".to_owned(),
        "/settings/audit-log?from=-5000-01-01&to=%2B262142-12-31".to_owned(),
    ] {
        assert_eq!(ada.visit(&path).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_pasted_with_its_scheme_is_cut_too() {
    let app = App::start().await;
    let (_, secret) = app.token("Okta").await;
    let page = app
        .ada()
        .await
        .visit(&format!(
            "/settings/api-access?q=Bearer%20{}.",
            secret.reveal()
        ))
        .await;
    assert!(!page.html.contains(secret.reveal()));
    assert_eq!(page.texts(".token h2"), ["Okta"]);
}
