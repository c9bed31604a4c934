//! Who answers for API tokens, through the Admin API.

use serde_json::{Value, json};
use tokendesk::access::Role;

use crate::api::client::Program;
use crate::support::App;
use crate::support::app::ADA;

const PEOPLE: &str = "/api/v1/responsible-people";

/// Northwind with Ada and some more administrators, each of whom answers for a token.
async fn start(people: usize) -> (App, Program) {
    let app = App::start_with(&["--rate-limit-per-token=100000"]).await;
    let program = Program::of(&app, &app.token("Terraform").await.1);
    for number in 0..people {
        let email = format!("person-{number}@northwind.example");
        app.add_member(app.organization, &email, Role::Admin).await;
        app.token(&format!("Feed {number}")).await;
        app.sql(&format!(
            "UPDATE tokens SET responsible_id = users.id FROM users
             WHERE tokens.name = 'Feed {number}' AND users.email = '{email}'"
        ))
        .await;
    }
    (app, program)
}

fn emails(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|it| it["email"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_gone_can_be_asked_for() {
    let (app, program) = start(3).await;
    app.token("Revoked").await;
    app.sql("UPDATE tokens SET standing = 'revoked' WHERE name IN ('Revoked', 'Feed 2')")
        .await;
    let [zero, one] = [0, 1].map(|number| format!("person-{number}@northwind.example"));
    let deactivation = format!("/api/v1/members/{}/deactivation", app.user(&zero).await);
    let keep = json!({ "api_tokens": "keep" });
    assert_eq!(program.post(&deactivation, &keep).await.status, 200);
    let removal = format!("/api/v1/members/{}?api_tokens=keep", app.user(&one).await);
    assert_eq!(program.delete(&removal).await.status, 200);

    let gone = program.get(&format!("{PEOPLE}?gone=true")).await;
    let mut told: Vec<_> = gone.body["items"].as_array().unwrap().clone();
    told.sort_by_key(|it| it["email"].to_string());
    assert_eq!(told.len(), 2, "{}", gone.body);
    assert_eq!(
        (&told[0]["email"], &told[0]["presence"]),
        (&json!(zero), &json!("deactivated"))
    );
    assert_eq!(
        (&told[1]["email"], &told[1]["presence"]),
        (&json!(one), &json!("removed"))
    );
    let first = program.get(&format!("{PEOPLE}?gone=true&limit=1")).await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = program
        .get(&format!("{PEOPLE}?gone=true&limit=1&cursor={cursor}"))
        .await;
    assert_eq!(
        [emails(&first.body), emails(&second.body)].concat(),
        emails(&gone.body)
    );
    assert!(second.body["next_cursor"].is_null());
    let all = program.get(PEOPLE).await;
    assert!(!emails(&all.body).contains(&"person-2@northwind.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_for_tokens_elsewhere_is_nobody_here() {
    let (app, program) = start(1).await;
    let other = app.another_organization("Contoso").await;
    let zero = "person-0@northwind.example";
    app.add_member(other, zero, Role::Admin).await;
    app.token_of(other, "Theirs", |_| ()).await;
    app.sql(
        "UPDATE tokens SET responsible_id = users.id FROM users
         WHERE tokens.name = 'Theirs' AND email LIKE 'person-0@%'",
    )
    .await;
    let user = app.user(zero).await;
    let removal = format!("/api/v1/members/{user}?api_tokens=keep");
    assert_eq!(program.delete(&removal).await.status, 200);
    let here = program.get(PEOPLE).await;
    let of_zero = |body: &Value| -> Vec<Value> {
        let items = body["items"].as_array().unwrap().iter();
        let theirs = items.filter(|it| it["email"] == zero);
        theirs.map(|it| it["presence"].clone()).collect()
    };
    assert_eq!(of_zero(&here.body), [json!("removed")]);
    app.sql("DELETE FROM tokens WHERE name = 'Feed 0'").await;
    let here = program.get(PEOPLE).await;
    assert!(of_zero(&here.body).is_empty(), "{}", here.body);
    let handover = format!("{PEOPLE}/{user}/handover");
    let revoke = json!({ "api_tokens": "revoke" });
    assert_eq!(program.post(&handover, &revoke).await.status, 404);
    let theirs = "SELECT count(*) FROM tokens WHERE name = 'Theirs' AND standing = 'active'";
    assert_eq!(app.count(theirs).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_in_pages() {
    let (_app, program) = start(7).await;
    let all = program.get(PEOPLE).await;
    let all = emails(&all.body);
    assert!(all.len() >= 7, "{all:?}");
    let (mut seen, mut next) = (Vec::new(), format!("{PEOPLE}?limit=2"));
    loop {
        let page = program.get(&next).await;
        assert_eq!(page.status, 200, "{}", page.body);
        seen.extend(emails(&page.body).iter().map(|it| (*it).to_owned()));
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            break;
        };
        next = format!("{PEOPLE}?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, all);
    let wrong = program.get(&format!("{PEOPLE}?cursor=nonsense")).await;
    assert_eq!(
        (wrong.status, &wrong.body["field"]),
        (422, &json!("cursor"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn theirs_are_handed_over_or_revoked() {
    let (app, program) = start(2).await;
    let [zero, one] = [0, 1].map(|number| format!("person-{number}@northwind.example"));
    let (zero, one) = (app.user(&zero).await, app.user(&one).await);
    let ada = app.user(ADA).await;
    let handover = |user| format!("{PEOPLE}/{user}/handover");
    for (body, field) in [
        (json!({}), "api_tokens"),
        (json!({ "api_tokens": "keep" }), "api_tokens"),
        (json!({ "api_tokens": "hand-over" }), "heir_id"),
        (
            json!({ "api_tokens": "hand-over", "heir_id": zero.to_string() }),
            "heir_id",
        ),
        (
            json!({ "api_tokens": "revoke", "heir_id": ada.to_string() }),
            "heir_id",
        ),
    ] {
        let refused = program.post(&handover(zero), &body).await;
        let answer = (refused.status, &refused.body["field"]);
        assert_eq!(answer, (422, &json!(field)), "{body}");
    }
    let to_one = json!({ "api_tokens": "hand-over", "heir_id": one.to_string() });
    let handed = program.post(&handover(zero), &to_one).await;
    assert_eq!(
        (handed.status, &handed.body["api_tokens"]),
        (200, &json!(1))
    );
    let revoke = json!({ "api_tokens": "revoke" });
    let revoked = program.post(&handover(one), &revoke).await;
    assert_eq!(
        (revoked.status, &revoked.body["api_tokens"]),
        (200, &json!(2))
    );
    assert_eq!(revoked.body["receipt"]["instances"][0]["outcome"], "heard");
    // Again there are none.
    let again = program.post(&handover(one), &revoke).await;
    assert_eq!((again.status, &again.body["api_tokens"]), (200, &json!(0)));
    let standing = "SELECT count(*) FROM tokens WHERE name LIKE 'Feed%' AND standing = 'revoked'";
    assert_eq!(app.count(standing).await, 2);
    let nobody = program
        .post(&handover(uuid::Uuid::nil().into()), &revoke)
        .await;
    assert_eq!(nobody.status, 404);
}
