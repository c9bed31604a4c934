//! An MCP token's life.

use tokendesk::access::Role;

use crate::support::app::ADA;
use crate::support::{App, Browser, View};

pub async fn generate(browser: &Browser, name: &str) -> View {
    let page = browser.visit("/profile").await;
    let form = page.form("/profile/mcp-tokens").fill("name", name);
    form.submit().await
}

async fn call(app: &App, secret: &str) -> (u16, String) {
    let answer = reqwest::Client::new()
        .get(format!("{}/api/v1/token", app.url))
        .header("user-agent", "claude-code/2.1 (cli)")
        .bearer_auth(secret);
    let answer = answer.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_generates_uses_and_revokes_a_token() {
    let app = App::start().await;
    app.add_member(app.organization, "mei@northwind.example", Role::Member)
        .await;
    let mei = app.signed_in("mei@northwind.example").await;
    let revealed = generate(&mei, "Claude Code").await;
    assert_eq!(revealed.status, 200, "{}", revealed.text());
    assert!(revealed.says("“Claude Code” is ready") && revealed.says("1 of 25 active"));
    assert_eq!(revealed.headers["cache-control"], "no-store");
    let secret = revealed.secret();
    assert!(secret.starts_with("wb_") && secret.len() == 41, "{secret}");
    let literal = format!("Authorization: Bearer {secret}");
    assert!(
        revealed.says(&literal),
        "the literal form is ready to paste"
    );
    assert!(revealed.says("Waiting for the first call…"));

    let profile = mei.visit("/profile").await;
    assert!(!profile.html.contains(&secret[8..]), "shown only once");
    let page = profile.follow("Claude Code").await;
    let path = page.path.clone();
    assert!(page.says("Bearer YOUR_TOKEN") && !page.html.contains(&secret[8..]));
    let connection = format!("{path}/connection");
    assert_eq!(mei.visit(&connection).await.html, r#"{"connected":null}"#);
    let (status, told) = call(&app, &secret).await;
    assert_eq!(status, 200);
    assert!(
        told.contains("widgets:write") && told.contains("render"),
        "{told}"
    );
    app.flush().await;
    app.state.clock.advance(chrono::TimeDelta::seconds(4));
    let connected = "Connected: claude-code 2.1, 4 s ago";
    assert!(mei.visit(&connection).await.html.contains(connected));
    assert!(mei.visit(&path).await.says(connected));

    let name = format!("{path}/name");
    let renamed = mei.visit(&name).await.form(&name).fill("name", "Laptop");
    assert!(renamed.submit().await.says("“Laptop” is saved."));
    let rotation = format!("{path}/rotation");
    let form = mei.visit(&rotation).await.form(&rotation);
    let rotated = form.fill("overlap", "24h").submit().await;
    let second = rotated.secret();
    assert!(second.starts_with("wb_") && second != secret);
    assert_eq!(
        (call(&app, &secret).await.0, call(&app, &second).await.0),
        (200, 200)
    );
    let end = format!("{path}/overlap-end");
    mei.visit(&end).await.form(&end).submit().await;
    assert_eq!(
        (call(&app, &secret).await.0, call(&app, &second).await.0),
        (401, 200)
    );

    for (transition, badges) in [
        ("disabling", vec!["Inactive"]),
        ("enabling", vec!["Active"]),
        ("revocation", vec![]),
    ] {
        let address = format!("{path}/{transition}");
        let profile = mei.visit(&address).await.form(&address).submit().await;
        assert_eq!(profile.path, "/profile", "{}", profile.text());
        assert_eq!(profile.texts(".badge"), badges);
    }
    let (status, told) = call(&app, &second).await;
    assert!(status == 401 && told.contains("revoked"), "{told}");
    assert!(mei.visit("/profile").await.says("Revoked tokens (1)"));

    let log = app.ada().await.visit("/settings/audit-log?token=").await;
    let told = log.texts("tbody tr td:nth-child(3)");
    let verbs = [
        "Revoked",
        "Enabled",
        "Disabled",
        "Ended the old secret of",
        "Rotated",
        "Renamed",
        "Created",
    ];
    for (sentence, verb) in told.iter().zip(verbs) {
        assert!(
            sentence.starts_with(&format!("{verb} the MCP token ")),
            "{told:#?}"
        );
    }
    assert!(
        !log.has("tbody a"),
        "MCP tokens have no page in the settings"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_and_what_was_typed_stays() {
    let app = App::start().await;
    let ada = app.ada().await;
    generate(&ada, "Cursor").await;
    let again = generate(&ada, " cursor").await;
    assert_eq!(again.status, 422);
    assert!(
        again.says("You have a token named “cursor” already."),
        "{}",
        again.text()
    );
    assert_eq!(again.attributes("#name", "value"), [" cursor"]);

    let page = ada.visit("/profile").await;
    let form = page.form("/profile/mcp-tokens").fill("expiry", "90d");
    let again = form.fill("scope", "admin:write").submit().await;
    assert_eq!(again.status, 422);
    assert!(again.says("Enter a name.") && again.says("Choose at least one scope."));
    assert_eq!(again.attributes("option[selected]", "value"), ["90d"]);
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn options_narrow_the_scopes_and_end_the_token() {
    let app = App::start().await;
    let page = app.ada().await.visit("/profile").await;
    let form = page.form("/profile/mcp-tokens").fill("name", "Preview");
    let revealed = form
        .fill("scope", "render")
        .fill("expiry", "30d")
        .submit()
        .await;
    assert_eq!(revealed.status, 200, "{}", revealed.text());
    let row = &app.sql("SELECT scopes, expires_at::text FROM tokens").await[0];
    assert_eq!(row.get::<_, Vec<String>>(0), ["render"]);
    assert!(row.get::<_, String>(1).starts_with("2026-12-22"));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_ones_own() {
    let app = App::start().await;
    app.add_member(app.organization, "mei@northwind.example", Role::Member)
        .await;
    app.token("Cursor").await;
    app.mcp_token(ADA, "Cursor").await;
    let mei = app.signed_in("mei@northwind.example").await;
    assert_eq!(generate(&mei, "Cursor").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_with_its_owners_membership() {
    let app = App::start().await;
    app.add_member(app.organization, "mei@northwind.example", Role::Member)
        .await;
    let (_, secret) = app.mcp_token("mei@northwind.example", "Cursor").await;
    let of_mei = "WHERE user_id = (SELECT id FROM users WHERE email = 'mei@northwind.example')";
    assert_eq!(call(&app, secret.reveal()).await.0, 200);
    for change in [
        "UPDATE memberships SET deactivated_at = now()",
        "DELETE FROM memberships",
    ] {
        app.sql(&format!("{change} {of_mei}")).await;
        let (status, told) = call(&app, secret.reveal()).await;
        assert!(
            status == 401 && told.contains("owner_inactive"),
            "{change}: {told}"
        );
    }
}
