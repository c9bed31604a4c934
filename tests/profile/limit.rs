//! At most 25 active tokens for each user.

use std::sync::Arc;

use tokendesk::access::Role;

use super::life::generate;
use crate::support::App;
use crate::support::app::ADA;

const ACTIVE: &str = "SELECT count(*) FROM tokens WHERE standing = 'active'";

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_give_25() {
    let app = App::start().await;
    let page = app.ada().await.visit("/profile").await;
    let barrier = Arc::new(tokio::sync::Barrier::new(50));
    let attempts: Vec<_> = (0..50)
        .map(|number| {
            let form = page.form("/profile/mcp-tokens");
            let form = form.fill("name", &format!("Client {number}"));
            let barrier = barrier.clone();
            tokio::spawn(async move {
                barrier.wait().await;
                form.submit().await
            })
        })
        .collect();
    let mut made = 0;
    for attempt in attempts {
        let page = attempt.await.unwrap();
        match page.status {
            200 => made += 1,
            422 => assert!(page.says("You have 25 active tokens, which is the most.")),
            other => panic!("{other}: {}", page.text()),
        }
    }
    assert_eq!(made, 25);
    assert_eq!(app.count(ACTIVE).await, 25);
    assert_eq!(
        app.count("SELECT count(*) FROM journal WHERE action = 'mcp_token.created'")
            .await,
        25
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_26th_is_told_which_was_used_least_recently() {
    let app = App::start().await;
    for number in 1..=25 {
        app.mcp_token(ADA, &format!("Client {number}")).await;
    }
    app.sql(
        "UPDATE token_usage SET last_used_at = timestamptz '2026-11-22 13:00:00+00' - interval '1 hour'
             * right(name, -7)::int FROM tokens WHERE tokens.id = token_id",
    )
    .await;
    let ada = app.ada().await;
    let refused = generate(&ada, "One more").await;
    assert_eq!(refused.status, 422);
    let told = "Revoke or disable one first: “Client 25” was used least recently, yesterday.";
    assert!(refused.says(told), "{}", refused.text());
    assert_eq!(refused.attributes("#name", "value"), ["One more"]);

    // What is not active leaves room: disabled, expired or revoked ones.
    app.sql("UPDATE tokens SET standing = 'disabled' WHERE name = 'Client 1'")
        .await;
    assert_eq!(generate(&ada, "One more").await.status, 200);
    app.sql("UPDATE tokens SET expires_at = '2026-11-22 14:00:00+00' WHERE name = 'Client 2'")
        .await;
    assert_eq!(generate(&ada, "Another").await.status, 200);
    app.sql("UPDATE tokens SET standing = 'revoked' WHERE name = 'Client 3'")
        .await;
    assert_eq!(generate(&ada, "A third").await.status, 200);
    assert_eq!(generate(&ada, "A fourth").await.status, 422);

    // Enabling counts too.
    let path =
        "SELECT '/profile/mcp-tokens/' || id || '/enabling' FROM tokens WHERE name = 'Client 1'";
    let address: String = app.sql(path).await[0].get(0);
    let full = ada.visit(&address).await.form(&address).submit().await;
    assert_eq!(full.status, 409);
    assert!(full.says("You have 25 active tokens"), "{}", full.text());
    app.sql("UPDATE tokens SET standing = 'disabled' WHERE name = 'Client 4'")
        .await;
    let profile = ada.visit(&address).await.form(&address).submit().await;
    assert!(profile.says("“Client 1” is enabled."), "{}", profile.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_who_enable_the_last_one_at_once_one_does() {
    let app = App::start().await;
    for number in 1..=24 {
        app.mcp_token(ADA, &format!("Client {number}")).await;
    }
    let mut disabled = Vec::new();
    for number in 1..=10 {
        let (token, _) = app.mcp_token(ADA, &format!("Idle {number}")).await;
        app.sql(&format!(
            "UPDATE tokens SET standing = 'disabled' WHERE id = '{}'",
            token.id
        ))
        .await;
        disabled.push(format!("{}/enabling", token.path()));
    }
    let ada = app.ada().await;
    let mut forms = Vec::new();
    for address in &disabled {
        forms.push(ada.visit(address).await.form(address));
    }
    let attempts: Vec<_> = forms
        .into_iter()
        .map(|form| tokio::spawn(form.submit()))
        .collect();
    let mut enabled = 0;
    for attempt in attempts {
        enabled += i32::from(attempt.await.unwrap().status == 200);
    }
    assert_eq!(enabled, 1);
    assert_eq!(app.count(ACTIVE).await, 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_is_each_users_own() {
    let app = App::start().await;
    app.add_member(app.organization, "mei@northwind.example", Role::Member)
        .await;
    for number in 1..=25 {
        app.mcp_token(ADA, &format!("Client {number}")).await;
    }
    let mei = app.signed_in("mei@northwind.example").await;
    assert_eq!(generate(&mei, "Client 1").await.status, 200);
    let other = app.another_organization("Contoso").await;
    app.add_member(other, ADA, Role::Member).await;
    let page = app.ada().await.visit("/profile").await;
    assert!(page.says("0 of 25 active"), "Contoso comes first by name");
}
