//! Changes that are under way when whoever makes them is stopped.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokendesk::access::{Actor, Role, UserId};
use tokendesk::members::queries::{self as members, ApiTokens, Departure};
use tokendesk::tokens::{Secret, queries as tokens};
use tokendesk::web::Error;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_postgres::Client;

use crate::api::client::Program;
use crate::support::App;

const MEI: &str = "mei@northwind.example";

async fn with_mei() -> (Arc<App>, UserId) {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Admin).await;
    let mei = app.user(MEI).await;
    (Arc::new(app), mei)
}

fn creating(app: &Arc<App>, mei: UserId, name: String) -> JoinHandle<Result<Secret, Error>> {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let actor = Actor::administrator(app.organization, mei, "Mei Tanaka");
        let connection = &mut *app.database().get().await.unwrap();
        let new = App::full_access(&name);
        let made = tokens::create(connection, &actor, &new, app.now()).await;
        Ok(made?.1)
    })
}

/// In the middle of it until the client rolls back, as its name is taken that long.
async fn creating_late(app: &Arc<App>, mei: UserId) -> (JoinHandle<Result<Secret, Error>>, Client) {
    app.token("Decoy").await;
    let other = app.client().await;
    let taken = "BEGIN; UPDATE tokens SET name_folded = 'late' WHERE name = 'Decoy'";
    other.batch_execute(taken).await.unwrap();
    let made = creating(app, mei, "Late".to_owned());
    app.waiting(1).await;
    (made, other)
}

fn leaving(app: &Arc<App>, mei: UserId, is_removed: bool) -> JoinHandle<Result<Departure, Error>> {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let connection = &mut *app.database().get().await.unwrap();
        let (actor, now) = (app.actor(), app.now());
        let fate = Some(ApiTokens::Revoke);
        let departure = if is_removed {
            members::remove(connection, &actor, mei, fate, now).await
        } else {
            members::deactivate(connection, &actor, mei, fate, now).await
        };
        departure.map_err(Error::from)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_is_making_goes_with_them() {
    for is_removed in [true, false] {
        let (app, mei) = with_mei().await;
        let (made, other) = creating_late(&app, mei).await;
        let left = leaving(&app, mei, is_removed);
        app.waiting(2).await;
        other.batch_execute("ROLLBACK").await.unwrap();
        made.await.unwrap().expect("they still were one");
        assert_eq!(left.await.unwrap().unwrap().api_tokens, 1);
        let alive = "SELECT count(*) FROM tokens WHERE name = 'Late' AND standing <> 'revoked'";
        assert_eq!(app.count(alive).await, 0);
        let after = creating(&app, mei, "Later".to_owned()).await.unwrap();
        assert!(matches!(after, Err(Error::Forbidden)));
    }
}

/// Whoever waits has a connection, of which there are not many.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_long_for_what_is_being_done() {
    let (app, mei) = with_mei().await;
    let (made, other) = creating_late(&app, mei).await;
    let left = leaving(&app, mei, true).await.unwrap();
    assert!(matches!(left, Err(Error::Unavailable(_))), "{left:?}");
    other.batch_execute("ROLLBACK").await.unwrap();
    made.await.unwrap().expect("they still are one");
    leaving(&app, mei, true).await.unwrap().unwrap();
}

/// They go on making them, as fast as they can, from several places at once.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_removed_leaves_no_token_that_works() {
    let (app, mei) = with_mei().await;
    let makers: Vec<_> = (0..6)
        .map(|maker| {
            let app = Arc::clone(&app);
            tokio::spawn(async move {
                let mut made = 0;
                while creating(&app, mei, format!("Mei {maker}.{made}"))
                    .await
                    .unwrap()
                    .is_ok()
                {
                    made += 1;
                }
                made
            })
        })
        .collect();
    while app.count("SELECT count(*) FROM tokens").await < 20 {
        sleep(Duration::from_millis(5)).await;
    }
    let departure = leaving(&app, mei, true).await.unwrap().unwrap();
    let mut made = 0;
    for maker in makers {
        made += maker.await.unwrap();
    }
    assert_eq!(departure.api_tokens, made);
    let alive = "SELECT count(*) FROM tokens WHERE standing <> 'revoked'";
    assert_eq!(app.count(alive).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_being_changed_does_what_it_may_afterwards() {
    let app = Arc::new(App::start().await);
    let root = Arc::new(Program::of(&app, &app.token("Root").await.1));
    let narrow = json!({ "scopes": ["connect:read"] });
    let bound = json!({ "allowed_ip_ranges": ["192.0.2.0/24"] });
    for (path, body) in [
        ("", narrow),
        ("", bound),
        ("/rotation", json!({})),
        ("/disabling", json!({})),
        ("/revocation", json!({})),
    ] {
        let (token, secret) = app.token("Leaked").await;
        let (victim, _) = app.token("Victim").await;
        let leaked = Arc::new(Program::of(&app, &secret));
        assert_eq!(leaked.get("/api/v1/tokens").await.status, 200);
        let other = app.client().await;
        let held = format!(
            "BEGIN; SELECT FROM tokens WHERE id = '{}' FOR UPDATE",
            token.id
        );
        other.batch_execute(&held).await.unwrap();
        let address = format!("/api/v1/tokens/{}{path}", token.id);
        let changed = tokio::spawn({
            let (root, body) = (Arc::clone(&root), body.clone());
            async move {
                match path {
                    "" => root.patch(&address, &body).await,
                    _ => root.post(&address, &body).await,
                }
            }
        });
        app.waiting(1).await;
        let stolen = tokio::spawn({
            let leaked = Arc::clone(&leaked);
            let address = format!("/api/v1/tokens/{}/rotation", victim.id);
            async move { leaked.post(&address, &json!({})).await }
        });
        app.waiting(2).await;
        other.batch_execute("COMMIT").await.unwrap();
        let changed = changed.await.unwrap();
        assert!(
            (200..300).contains(&changed.status),
            "{path}: {}",
            changed.body
        );
        let stolen = stolen.await.unwrap();
        assert_eq!(stolen.status, 403, "{path} {body}: {}", stolen.body);
        app.sql("DELETE FROM tokens WHERE name IN ('Leaked', 'Victim')")
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_tokens_that_revoke_each_other_one_does() {
    let app = Arc::new(App::start().await);
    for round in 0..20 {
        let (one, secret) = app.token("One").await;
        let (other, others) = app.token("Other").await;
        let revocation = |secret: &Secret, id: tokendesk::tokens::TokenId| {
            let program = Program::of(&app, secret);
            let one = format!("/api/v1/tokens/{id}/revocation");
            let all = json!({ "ids": [id.to_string()] });
            tokio::spawn(async move {
                match round % 2 {
                    0 => program.post(&one, &json!({})).await,
                    _ => program.post("/api/v1/tokens/revocations", &all).await,
                }
            })
        };
        let both = (revocation(&secret, other.id), revocation(&others, one.id));
        let (first, second) = (both.0.await.unwrap(), both.1.await.unwrap());
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert!(
            statuses[0] == 200 && [401, 403].contains(&statuses[1]),
            "{statuses:?} {} {}",
            first.body,
            second.body
        );
        app.sql("DELETE FROM tokens").await;
    }
}
