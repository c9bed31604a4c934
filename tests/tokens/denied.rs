//! Denied calls on a token's page, and what can be done about them.

use tokendesk::catalogue::Scope;
use tokendesk::gate::{Code, Decided};
use tokendesk::tokens::{Ranges, TokenId};
use tokendesk::web::client_address::ClientAddress;

use crate::support::App;

fn call(app: &App, token: TokenId, code: Code, days_ago: i64) {
    let decided = Decided {
        code,
        operation: "Agents: list",
        address: ClientAddress("203.0.113.9".parse().unwrap()),
        user_agent: None,
        at: app.now() - chrono::TimeDelta::days(days_ago),
    };
    app.state.gate.usage.count_many(token, &decided, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_calls_are_shown_with_their_remedy() {
    let app = App::start().await;
    let (token, _) = app
        .token_with("Bound", |new| {
            new.scopes = Some([Scope::ConnectRead].into_iter().collect());
            new.ranges = Ranges::parse("198.51.100.0/24").unwrap();
        })
        .await;
    let ada = app.ada().await;
    let empty = ada.visit(&token.path()).await;
    assert!(!empty.says("Denied calls"));
    call(&app, token.id, Code::IpNotAllowed, 0);
    call(&app, token.id, Code::IpNotAllowed, 1);
    call(&app, token.id, Code::InsufficientScope, 2);
    call(&app, token.id, Code::WrongProduct, 31);
    call(&app, token.id, Code::Valid, 0);
    app.flush().await;
    let page = ada.visit(&token.path()).await;
    assert!(page.says("Denied calls"));
    let times = page.texts(".history time");
    assert!(times.iter().all(|at| at.ends_with(" UTC")), "{times:#?}");
    assert!(page.says("ip_not_allowed Agents: list from 203.0.113.0/24, 2 calls"));
    assert!(page.says("insufficient_scope Agents: list from 203.0.113.0/24, 1 call"));
    assert!(!page.says("wrong_product"), "too long ago");
    assert!(page.says("Change access"));

    let remedy = format!("{}/edit?allow=203.0.113.0%2F24", token.path());
    assert!(page.says("Allow this network"));
    let form = ada.visit(&remedy).await.form(&token.path());
    assert_eq!(form.submit().await.status, 200);
    let ranges = app.sql("SELECT ip_ranges::text FROM tokens").await;
    let ranges: String = ranges[0].get(0);
    assert_eq!(ranges, "{198.51.100.0/24,203.0.113.0/24}");
}
