//! *Explain*: what the gate would answer, told to an administrator.

use chrono::TimeDelta;
use reqwest::Client;
use serde_json::{Value, json};
use tokendesk::access::Actor;
use tokendesk::catalogue::{Product, Scope, create_product};
use tokendesk::tokens::{Ranges, Secret, Token};

use super::verify::verifier;
use crate::support::app::ADA;
use crate::support::browser::View;
use crate::support::{App, Browser};

/// The explanation of a request by GET.
async fn explain(ada: &Browser, token: &Token, path: &str, more: &[(&str, &str)]) -> View {
    let address = format!("{}/explanation", token.path());
    let form = ada.visit(&address).await.form(&address).fill("path", path);
    let filled = more
        .iter()
        .fold(form, |form, (name, value)| form.fill(name, value));
    filled.submit().await
}

/// The checks: name, outcome and reason in one line each.
fn checks(page: &View) -> Vec<String> {
    let parts = page.texts(".steps b, .steps .badge, .steps p");
    let lines = parts.chunks(3).map(|parts| parts.join(" "));
    lines.map(|line| line.trim().to_owned()).collect()
}

/// What the failed check offers.
fn remedy(page: &View) -> Option<String> {
    page.attributes(".steps a", "href").pop()
}

async fn reader(app: &App) -> (Token, Secret) {
    app.token_with("Reader", |new| {
        new.scopes = Some([Scope::ConnectRead].into_iter().collect());
        new.ranges = Ranges::parse("198.51.100.0/24").unwrap();
        new.expires_at = Some(app.now() + TimeDelta::days(30));
    })
    .await
}

async fn products(app: &App) -> [Product; 2] {
    let connection = &mut *app.database().get().await.unwrap();
    let actor = Actor::command_line(app.organization);
    let shop = create_product(connection, &actor, "Storefront", "shop", app.now()).await;
    let builder = create_product(connection, &actor, "Widget Builder", "prod", app.now()).await;
    [shop.unwrap(), builder.unwrap()]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_check_of_a_request_that_is_let_through_says_why() {
    let app = App::start().await;
    let (token, _) = reader(&app).await;
    let ada = app.ada().await;
    let empty = ada.visit(&token.path()).await.follow("Explain").await;
    assert_eq!(empty.status, 200);
    assert!(!empty.has("#verdict"));
    let address = [("ip", "198.51.100.7")];
    let page = explain(&ada, &token, "/api/agent-base?page=2", &address).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.texts("#verdict"), ["Let through"]);
    assert_eq!(
        checks(&page),
        [
            "Known Passed",
            "Not revoked Passed",
            "Not expired Passed It expires on 22 Dec 2026, 14:00 UTC.",
            "Enabled Passed",
            "Secret in use Passed The current one, since 22 Nov 2026, 14:00 UTC.",
            "Owner active Passed It belongs to the organisation.",
            "Address Passed 198.51.100.7 is in an allowed range.",
            "Product Not asked No product was asked for.",
            "Scope Passed “Agents: list” needs connect:read; the token has connect:read.",
            "Resource Passed It is “Agents: list”.",
        ]
    );
    assert_eq!(remedy(&page), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_fails_offers_its_remedy_and_ends_the_rest() {
    let app = App::start().await;
    let (token, _) = reader(&app).await;
    let ada = app.ada().await;
    let path = token.path();

    let elsewhere = [("ip", "::ffff:203.0.113.9")];
    let page = explain(&ada, &token, "/api/agent-base", &elsewhere).await;
    assert_eq!(page.texts("#verdict"), ["Denied"]);
    assert!(page.says("ip_not_allowed"));
    let told = checks(&page);
    assert!(
        told[6].starts_with("Address Failed") && told[6].ends_with("outside the allowed ranges.")
    );
    assert_eq!(
        told[7..],
        [
            "Product Not reached",
            "Scope Not reached",
            "Resource Not reached"
        ]
    );
    assert_eq!(
        remedy(&page).unwrap(),
        format!("{path}/edit?allow=203.0.113.9/32")
    );
    let form = page.follow("Allow this address").await.form(&path);
    assert_eq!(
        form.value("allowed_ip_ranges").lines().last(),
        Some("203.0.113.9/32")
    );
    assert_eq!(form.submit().await.status, 200);
    let page = explain(&ada, &token, "/api/agent-base", &elsewhere).await;
    assert_eq!(page.texts("#verdict"), ["Let through"]);

    let page = explain(&ada, &token, "/api/agent-base/1", &[("method", "DELETE")]).await;
    let needed = "“Agents: delete” needs connect:write; the token has connect:read.";
    assert_eq!(checks(&page)[8], format!("Scope Failed {needed}"));
    assert_eq!(remedy(&page).unwrap(), format!("{path}/edit"));

    let page = explain(&ada, &token, "/elsewhere", &[]).await;
    assert_eq!(
        checks(&page)[9],
        "Resource Failed No resource has GET /elsewhere."
    );
    assert_eq!(remedy(&page).unwrap(), "/settings/resources");
    let page = explain(&ada, &token, "/api//agent-base/%2e%2e", &[]).await;
    let told = &checks(&page)[9];
    assert_eq!(
        told,
        "Resource Failed Refused because the path holds an encoded dot segment."
    );

    app.sql("UPDATE tokens SET standing = 'disabled'").await;
    app.settle().await;
    let page = explain(&ada, &token, "/api/agent-base", &[]).await;
    assert_eq!(checks(&page)[3], "Enabled Failed It is disabled.");
    assert_eq!(remedy(&page).unwrap(), format!("{path}/enabling"));
    app.sql("UPDATE tokens SET standing = 'revoked'").await;
    app.settle().await;
    let page = explain(&ada, &token, "/api/agent-base", &[]).await;
    assert_eq!(
        checks(&page)[1],
        "Not revoked Failed It was revoked, which is for ever."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linked_token_is_explained_for_a_product() {
    let app = App::start().await;
    let [shop, builder] = products(&app).await;
    let linked = app.token_with("Linked", |new| new.product = Some(shop));
    let (token, _) = linked.await;
    let (unlinked, _) = app.token("Unlinked").await;
    let ada = app.ada().await;
    let page = explain(&ada, &token, "/api/agent-base", &[("product", "shop")]).await;
    assert_eq!(
        checks(&page)[7],
        "Product Passed It is linked to Storefront."
    );
    let page = explain(
        &ada,
        &token,
        "/api/agent-base",
        &[("product", &builder.key)],
    )
    .await;
    assert_eq!(
        checks(&page)[7],
        "Product Failed It is linked to Storefront, another one."
    );
    let page = explain(&ada, &token, "/api/agent-base", &[("product", "gone")]).await;
    assert_eq!(page.status, 422);
    assert!(page.says("This product no longer exists."));
    let page = explain(&ada, &unlinked, "/api/agent-base", &[]).await;
    assert!(!page.has("#product"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mcp_token_is_explained_for_a_tool() {
    let app = App::start().await;
    let (token, _) = app.mcp_token(ADA, "Cursor").await;
    let (api_token, _) = app.token("Okta").await;
    let ada = app.ada().await;
    let address = format!("/settings/mcp-tokens/{}/explanation", token.id);
    let empty = ada.visit("/settings/mcp-tokens").await;
    assert_eq!(empty.attributes("td a", "href")[0], address);
    for (tool, outcome) in [
        (
            "update_widget",
            "Resource Passed It is “Widgets: update_widget”.",
        ),
        (
            "no_such_tool",
            "Resource Failed No resource has the tool “no_such_tool”.",
        ),
    ] {
        let form = ada.visit(&address).await.form(&address);
        let page = form.fill("kind", "tool").fill("tool", tool).submit().await;
        let told = checks(&page);
        assert_eq!(
            told[5],
            "Owner active Passed ada@northwind.example is an active member."
        );
        assert_eq!(told[9], outcome);
    }
    // Each at its own address alone.
    for swapped in [
        format!("/settings/api-access/{}/explanation", token.id),
        format!("/settings/mcp-tokens/{}/explanation", api_token.id),
    ] {
        assert_eq!(ada.visit(&swapped).await.status, 404, "{swapped}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_said_beside_its_field() {
    let app = App::start().await;
    let (token, _) = app.token("Okta").await;
    let ada = app.ada().await;
    let fields = [("ip", "300.1.1.1"), ("method", "FETCH")];
    let page = explain(&ada, &token, "https://api.example.com/x", &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.says("“300.1.1.1” is not an IP address, such as 203.0.113.9."));
    assert!(page.says("Choose a method."));
    assert!(page.says("Begin with a slash, as in /api/agent-base, and leave out the host."));
    assert_eq!(page.attributes("#ip", "value"), ["300.1.1.1"]);
    assert_eq!(
        page.attributes("#path", "value"),
        ["https://api.example.com/x"]
    );
    assert!(!page.has("#verdict"));
    let page = explain(&ada, &token, " ", &[]).await;
    assert!(page.says("Enter the path"));
    let page = explain(&ada, &token, "", &[("kind", "tool")]).await;
    assert!(page.says("Enter the tool’s name."));
    let page = explain(&ada, &token, "", &[("kind", "nothing")]).await;
    assert_eq!(page.texts("#verdict"), ["Let through"]);
    assert_eq!(checks(&page)[6], "Address Not asked No address was given.");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_the_services_answer_and_is_not_counted() {
    let app = App::start().await;
    let (token, secret) = reader(&app).await;
    let ada = app.ada().await;
    let mut explained = Vec::new();
    let asked = [
        ("GET", "/api/agent-base", "198.51.100.7"),
        ("GET", "/api/agent-base", "203.0.113.9"),
        ("DELETE", "/api/agent-base/1", ""),
        ("OPTIONS", "/api/agent-base", ""),
        ("GET", "/nowhere", "198.51.100.7"),
        ("GET", "/api;x=1/agent-base", ""),
    ];
    for (method, path, ip) in asked {
        let page = explain(&ada, &token, path, &[("method", method), ("ip", ip)]).await;
        explained.push((
            page.texts(".card__head code").pop().unwrap(),
            outcomes(&page),
        ));
    }
    app.flush().await;
    assert_eq!(app.count("SELECT count(*) FROM usage_hours").await, 0);
    assert_eq!(
        app.count("SELECT (sum(allowed) + sum(denied))::bigint FROM token_usage")
            .await,
        0
    );

    let caller = verifier(&app).await;
    for ((method, path, ip), explained) in asked.into_iter().zip(explained) {
        let ip = Some(ip).filter(|ip| !ip.is_empty());
        let question = json!({
            "token": secret.reveal(), "method": method, "path": path, "ip": ip, "explain": true,
        });
        let asking = Client::new().post(format!("{}/api/v1/verify", app.url));
        let asking = asking
            .bearer_auth(caller.reveal())
            .body(question.to_string());
        let answer: Value = asking.send().await.unwrap().json().await.unwrap();
        let checks = answer["checks"].as_array().unwrap().iter();
        let outcomes: Vec<String> = checks
            .map(|check| check["outcome"].as_str().unwrap().replace('_', " "))
            .collect();
        assert_eq!(
            (answer["code"].as_str().unwrap().to_owned(), outcomes),
            explained,
            "{path}"
        );
    }
}

fn outcomes(page: &View) -> Vec<String> {
    let badges = page.texts(".steps .badge");
    badges.iter().map(|words| words.to_lowercase()).collect()
}
