//! A list that is longer than what is looked at for a page shows what a short one would.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};
use tokendesk::tokens::{Sort, Standing, Status};
use uuid::Uuid;

use crate::support::{App, Browser, View};

const TOKENS: i32 = 45_000;
const PAGE: usize = 25;

/// As the database has it, without its help in sorting or finding.
struct Listed {
    id: Uuid,
    name: String,
    search: String,
    standing: Standing,
    expires_at: Option<DateTime<Utc>>,
    product: bool,
    last_used_at: Option<DateTime<Utc>>,
}

/// Tokens of which some words are common, some rare, some only in the oldest or in names that
/// stand together, some begin a few names, some are narrowed to nothing by a status or a product.
async fn fill(app: &App) -> (Uuid, Vec<Listed>) {
    let client = app.client().await;
    let product = Uuid::from_u128(7);
    let insert = format!(
        "INSERT INTO products (id, organization_id, name, key, created_at)
         VALUES ('{product}', $1, 'Storefront', 'shop', now())"
    );
    client
        .execute(&insert, &[&app.organization.uuid()])
        .await
        .unwrap();
    let tokens = format!(
        "INSERT INTO tokens (id, organization_id, product_id, name, name_folded, display, standing,
             expires_at, created_at, created_by_name)
         SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1,
             CASE WHEN n % 30 = 0 THEN '{product}'::uuid END, name, name,
             CASE WHEN n % 30 = 0 THEN 'shop_' ELSE 'wxt_' END || lpad(to_hex(n % 4096), 3, '0'),
             CASE WHEN n % 40 = 0 OR n < 300 THEN 'revoked' WHEN n % 11 = 0 THEN 'disabled'
                 ELSE 'active' END,
             CASE WHEN n % 3 = 0 THEN $2::text::timestamptz + make_interval(mins => n % 7000 - 2000)
                 END,
             now(), 'Ada'
         FROM (SELECT n, CASE WHEN n % 1500 = 7 THEN 'legacy-audit ' || n
                 ELSE (ARRAY['orders', 'billing', 'search'])[n * 7 % 3 + 1]
                 || CASE WHEN n % 1000 = 0 THEN '-rare' WHEN n < 4000 THEN '-legacy' ELSE '' END
                 || (ARRAY['-eu', '-us'])[n * 13 % 2 + 1] || ' ' || n END AS name
             FROM generate_series(1, {TOKENS}) AS n) AS named"
    );
    let now = app.now().to_rfc3339();
    let organization = &app.organization.uuid();
    client
        .execute(&tokens, &[organization, &now])
        .await
        .unwrap();
    let usage = "INSERT INTO token_usage (token_id, organization_id, last_used_at)
         SELECT id, $1, CASE WHEN n % 2 = 0 THEN
             $2::text::timestamptz - make_interval(mins => (n * 31 % 5000)::int) END
         FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM tokens) AS numbered";
    client.execute(usage, &[organization, &now]).await.unwrap();
    client.batch_execute("VACUUM ANALYZE").await.unwrap();
    let all = "SELECT id, name, display, tokens.standing, expires_at::text, tokens.product_id IS NOT NULL,
             last_used_at::text FROM tokens JOIN token_usage ON token_id = id";
    let instant = |text: Option<String>| {
        let parse = |text: String| {
            DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f%#z")
                .unwrap()
                .to_utc()
        };
        text.map(parse)
    };
    let rows = client.query(all, &[]).await.unwrap();
    let listed = rows.iter().map(|row| Listed {
        id: row.get(0),
        name: row.get(1),
        search: format!("{}\n{}", row.get::<_, &str>(1), row.get::<_, &str>(2)),
        standing: row.get::<_, &str>(3).parse().unwrap(),
        expires_at: instant(row.get(4)),
        product: row.get(5),
        last_used_at: instant(row.get(6)),
    });
    (product, listed.collect())
}

fn expected(
    all: &[Listed],
    term: &str,
    status: Option<Status>,
    sort: Sort,
    product: bool,
    now: DateTime<Utc>,
) -> Vec<String> {
    let mut found: Vec<&Listed> = all
        .iter()
        .filter(|token| token.search.contains(term))
        .filter(|token| {
            status.is_none_or(|tab| tab == Status::of(token.standing, token.expires_at, now))
        })
        .filter(|token| token.product || !product)
        .collect();
    match sort {
        Sort::Newest => found.sort_by_key(|token| Reverse(token.id)),
        Sort::Name => {
            found
                .sort_by_key(|token| (!token.name.starts_with(term), token.name.clone(), token.id));
        }
        Sort::Expiry => {
            let never = now + TimeDelta::days(100_000);
            found.sort_by_key(|token| (token.expires_at.unwrap_or(never), token.id));
        }
        Sort::LastUsed => found.sort_by_key(|token| Reverse((token.last_used_at, token.id))),
    }
    found.iter().map(|token| token.name.clone()).collect()
}

/// "26–50 of 61", or of "60+", or of "more than 50".
fn check_range(shown: &View, number: usize, exact: usize) {
    let range = shown.texts(".pager p").remove(0);
    let (place, total) = range.split_once(" of ").unwrap();
    assert_eq!(
        place,
        format!("{}–{}", number * PAGE + 1, exact.min((number + 1) * PAGE))
    );
    let known: usize = total
        .replace("more than ", "")
        .replace([',', '+'], "")
        .parse()
        .unwrap();
    match (total.strip_prefix("more than "), total.strip_suffix('+')) {
        (Some(_), _) => assert!(known < exact, "{range} of {exact}"),
        (_, Some(_)) => assert!(
            known <= exact && known >= exact.min((number + 1) * PAGE),
            "{range} of {exact}"
        ),
        _ => assert_eq!(known, exact, "{range}"),
    }
}

/// The first pages, and back; the end of the list, where it is near.
async fn compare(ada: &Browser, address: &str, expected: &[String]) {
    let page = |number: usize| {
        let page = expected.chunks(PAGE).nth(number);
        page.unwrap_or_default().to_vec()
    };
    let mut shown = ada.visit(address).await;
    assert_eq!(shown.texts(".token h2"), page(0), "{address}");
    let mut number = 0;
    while shown.has("a[rel=next]") && number < 2 {
        check_range(&shown, number, expected.len());
        shown = shown.follow("Next").await;
        number += 1;
        assert_eq!(
            shown.texts(".token h2"),
            page(number),
            "{address}, {number}"
        );
    }
    if number > 0 {
        check_range(&shown, number, expected.len());
    }
    assert_eq!(
        shown.has("a[rel=next]"),
        expected.len() > (number + 1) * PAGE,
        "{address}, {number}"
    );
    while number > 0 {
        shown = shown.follow("Previous").await;
        number -= 1;
        assert_eq!(
            shown.texts(".token h2"),
            page(number),
            "{address}, back {number}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_shows_what_a_short_one_would() {
    let app = App::start().await;
    let (product, all) = fill(&app).await;
    let ada = app.ada().await;
    let statuses = Status::ALL.iter().copied().map(Some).chain([None]);
    let mut combinations = 0;
    for status in statuses {
        for sort in Sort::ALL {
            for term in [
                "",
                "orders",
                "legacy",
                "rare-eu 1",
                "eu 44001",
                "7",
                "zz",
                "wxt_0",
                "rs-legacy-us",
            ] {
                // A third of them, each of which has every status, order and term.
                combinations += 1;
                if combinations % 3 > 0 {
                    continue;
                }
                let narrowed = combinations % 2 == 0;
                let expected = expected(&all, term, status, *sort, narrowed, app.now());
                let tab = status.map_or_else(String::new, |status| status.to_string());
                let only = if narrowed {
                    product.to_string()
                } else {
                    String::new()
                };
                let address = format!(
                    "/settings/api-access?sort={sort}&q={term}&status={tab}&product={only}"
                );
                compare(&ada, &address, &expected).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_exact_or_say_that_there_may_be_more() {
    let app = App::start().await;
    let (_, all) = fill(&app).await;
    let ada = app.ada().await;
    for term in ["", "orders", "legacy", "rare", "eu 44001", "zz"] {
        let page = ada.visit(&format!("/settings/api-access?q={term}")).await;
        let tabs = page.texts(".segments a");
        let statuses = [None]
            .into_iter()
            .chain(Status::ALL.iter().copied().map(Some));
        for (tab, status) in tabs.iter().zip(statuses) {
            let exact = expected(&all, term, status, Sort::Newest, false, app.now()).len();
            let shown = tab.split_once(' ').map_or("", |(_, shown)| shown);
            let number: usize = shown.replace([',', '+'], "").parse().unwrap_or(0);
            if shown.is_empty() || shown.ends_with('+') {
                assert!(number <= exact, "{term}: {tab} of {exact}");
            } else {
                assert_eq!(number, exact, "{term}: {tab}");
            }
        }
    }
}
