//! Every page, light and dark, wide and narrow: axe-core finds nothing, nothing scrolls
//! sideways at 320 pixels or with text twice as large, the console stays silent. Where the variable `SCREENSHOTS` names a
//! directory, a picture of each is left there.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::pages::{PAGES, Page, Step};
use super::world::World;
use crate::support::{App, Chrome, Script, Theme, routes};

/// The rules that axe-core checks.
const ALL: &str = r#"{ type: "tag",
    values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }"#;
/// A theme changes nothing but colours.
const OF_COLOURS: &str = r#"{ type: "rule", values: ["color-contrast", "link-in-text-block"] }"#;
const WIDTHS: [u32; 2] = [1280, 390];
/// 1280 pixels at a zoom of 400% (WCAG 2.2, 1.4.10).
const NARROWEST: u32 = 320;
/// Pixels, as browsers have it; twice as many are to do, too (WCAG 2.2, 1.4.4).
const TEXT: u32 = 16;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_in_light_and_dark_colours() {
    let mut world = World::new().await;
    let mut chrome = Chrome::start(world.url(), Script::On).await;
    chrome.at_the_start_of_each_page(&axe()).await;
    let mut findings = Vec::new();
    for page in PAGES {
        world.enter(&mut chrome, page).await;
        chrome.width(WIDTHS[0]).await;
        for step in page.steps {
            take(&chrome, &world, *step).await;
        }
        let found = inspect(&chrome, page).await.into_iter();
        findings.extend(found.map(|finding| format!("{}, {finding}", page.name)));
    }
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
    chrome.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_that_renders_a_page_is_swept() {
    let swept = |route: &String| PAGES.iter().any(|page| page.route == route);
    // Home redirects, assets and files are no pages, and these are for programs, as is what only
    // the script asks for.
    let for_programs = [
        "/assets/",
        "/api/",
        "/openapi.json",
        "/auth/",
        "/scim/",
        "/.well-known/",
        "/healthz",
        "/readyz",
        "/metrics",
    ];
    let is_page = |route: &String| {
        route != "/"
            && !for_programs.iter().any(|start| route.starts_with(start))
            && !route.ends_with("/export")
            && !route.ends_with("/connection")
    };
    let mounted = routes::mounted(&App::start().await).await;
    let missing: Vec<String> = mounted
        .iter()
        .filter_map(|route| route.strip_prefix("GET "))
        .map(str::to_owned)
        .filter(is_page)
        .filter(|route| !swept(route))
        .collect();
    assert!(
        missing.is_empty(),
        "add these to tests/browser/pages.rs: {missing:?}"
    );
}

async fn take(chrome: &Chrome, world: &World, step: Step) {
    match step {
        Step::Visit(path) => chrome.visit(&world.path(path).await).await,
        Step::Fill(selector, text) => chrome.fill(selector, text).await,
        Step::Click(selector) => chrome.click(selector).await,
        Step::Follow(words) => chrome.follow(words).await,
        Step::Meanwhile(sql) => world.execute(sql).await,
    }
}

async fn inspect(chrome: &Chrome, page: &Page) -> Vec<String> {
    let mut findings = Vec::new();
    let status = chrome
        .run("return performance.getEntriesByType('navigation')[0].responseStatus")
        .await;
    if status != page.status {
        findings.push(format!(
            "status {status} instead of {}: {}",
            page.status,
            chrome.text().await
        ));
    }
    for (theme, rules) in [(Theme::Light, ALL), (Theme::Dark, OF_COLOURS)] {
        chrome.theme(theme).await;
        for width in WIDTHS {
            chrome.width(width).await;
            let found = violations(chrome, rules).await.into_iter();
            let where_found = format!("{} at {width}", theme.as_str());
            findings.extend(found.map(|finding| format!("{where_found}: {finding}")));
            keep_picture(chrome, page, theme, width).await;
        }
    }
    for width in WIDTHS.into_iter().chain([NARROWEST]) {
        chrome.width(width).await;
        let wide = overflow(chrome).await;
        findings.extend(wide.map(|finding| format!("scrolls sideways at {width}: {finding}")));
    }
    keep_picture(chrome, page, Theme::Dark, NARROWEST).await;
    chrome.text_size(2 * TEXT).await;
    for width in WIDTHS {
        chrome.width(width).await;
        let wide = overflow(chrome).await;
        findings.extend(wide.map(|finding| format!("large text at {width}: {finding}")));
    }
    chrome.text_size(TEXT).await;
    chrome.theme(Theme::Light).await;
    let errors = chrome.errors().await.into_iter();
    findings.extend(errors.map(|error| format!("console: {error}")));
    findings
}

/// What axe-core objects to: the rule, and where.
async fn violations(chrome: &Chrome, rules: &str) -> Vec<String> {
    // An open menu covers what is below it, which axe-core takes for small. Rules on films, which no page
    // has, and experimental ones would have it fetch all style sheets once more.
    let script = format!(
        "const menu = document.querySelector('details.menu[open]');
        return axe.run(document, {{
            runOnly: {rules},
            rules: {{ 'target-size': {{ enabled: !menu }} }},
            resultTypes: ['violations'],
            preload: false,
        }}).then(({{ violations }}) => violations.flatMap(({{ id, nodes }}) =>
            nodes.map((node) => `${{id}}: ${{node.target}}: ${{node.failureSummary}}`)))"
    );
    let found = chrome.run(&script).await;
    let text = |finding: &Value| {
        finding
            .as_str()
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    found.as_array().unwrap().iter().map(text).collect()
}

/// How far the page is too wide, and what juts out.
async fn overflow(chrome: &Chrome) -> Option<String> {
    let script = "
        const { scrollWidth, clientWidth } = document.documentElement;
        if (scrollWidth <= clientWidth) return null;
        const wide = [...document.querySelectorAll('body *')]
            .filter((element) => element.getBoundingClientRect().right > clientWidth)
            .map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
        return `${scrollWidth - clientWidth} too wide: ${wide.slice(0, 6).join(', ')}`;";
    chrome.run(script).await.as_str().map(str::to_owned)
}

async fn keep_picture(chrome: &Chrome, page: &Page, theme: Theme, width: u32) {
    let Some(directory) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&directory).unwrap();
    let name = format!("{}-{width}-{}.png", page.name, theme.as_str());
    std::fs::write(directory.join(name), chrome.picture().await).unwrap();
}

fn axe() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(path).expect("tests/run, or npm install in tests/, brings axe-core")
}
