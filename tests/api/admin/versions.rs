//! Many who change one thing at once. Of those who say which version they have read the first does, the
//! others are told; of those who do not each does.

use reqwest::Method;
use serde_json::{Value, json};
use tokendesk::access::Role;
use tokendesk::tokens::Secret;

use crate::api::client::{Program, Reply};
use crate::support::{App, things};

const MEI: &str = "mei@northwind.example";

type Change = (Method, &'static str, Value);

/// All of them have read one version, and say so.
async fn race(app: &App, locked: &str, thing: &str, changes: &[Change]) -> Vec<Reply> {
    let (_, secret) = app.token(&format!("Racer for {thing}")).await;
    let read = Program::of(app, &secret).get(thing).await;
    let tag = Some(read.header("etag"));
    race_with(app, (&secret, tag), locked, thing, changes).await
}

/// The row is locked until all of them wait for it.
async fn race_with(
    app: &App,
    (secret, tag): (&Secret, Option<&str>),
    locked: &str,
    thing: &str,
    changes: &[Change],
) -> Vec<Reply> {
    let holder = app.client().await;
    let lock = format!("BEGIN; SELECT FROM {locked} FOR UPDATE");
    holder.batch_execute(&lock).await.unwrap();
    let racers: Vec<_> = changes
        .iter()
        .map(|(method, after, body)| {
            let (program, method, body) = (Program::of(app, secret), method.clone(), body.clone());
            let (path, tag) = (format!("{thing}{after}"), tag.map(str::to_owned));
            tokio::spawn(async move {
                let headers: Vec<_> = tag.iter().map(|tag| ("if-match", &**tag)).collect();
                program.send(method, &path, &headers, Some(&body)).await
            })
        })
        .collect();
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND datname = current_database()";
    while app.count(waiting).await < i64::try_from(changes.len()).unwrap() {
        assert!(racers.iter().all(|racer| !racer.is_finished()));
    }
    holder.batch_execute("COMMIT").await.unwrap();
    let mut replies = Vec::new();
    for racer in racers {
        replies.push(racer.await.unwrap());
    }
    replies
}

/// One was first, and the others came too late.
fn assert_one_was_first(replies: &[Reply]) {
    let codes: Vec<_> = replies.iter().map(|it| (it.status, it.code())).collect();
    let done = codes.iter().filter(|(status, _)| *status < 300).count();
    let late = |(status, code): &&(u16, &str)| {
        (*status, *code) == (412, "precondition_failed") || *status == 404
    };
    assert_eq!(done, 1, "{codes:?}");
    assert_eq!(
        codes.iter().filter(late).count(),
        replies.len() - 1,
        "{codes:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_a_token_at_once_the_first_does() {
    let app = App::start().await;
    let (token, _) = app.token("Feed").await;
    let before = app.count("SELECT count(*) FROM journal").await;
    let changes = [
        (Method::POST, "/disabling", json!({})),
        (Method::POST, "/revocation", json!({})),
        (Method::PATCH, "", json!({ "name": "News" })),
        (Method::POST, "/disabling", json!({})),
        (Method::DELETE, "", json!({})),
        (Method::POST, "/revocation", json!({})),
    ];
    let path = format!("/api/v1/tokens/{}", token.id);
    let row = format!("tokens WHERE id = '{}'", token.id);
    assert_one_was_first(&race(&app, &row, &path, &changes).await);
    // The racers' own token, and one change.
    let after = app.count("SELECT count(*) FROM journal").await;
    assert_eq!(after, before + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_a_member_at_once_the_first_does() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let mei = app.user(MEI).await;
    let changes = [
        (Method::PATCH, "", json!({ "role": "admin" })),
        (Method::POST, "/deactivation", json!({})),
        (Method::PATCH, "", json!({ "role": "admin" })),
        (Method::DELETE, "", json!({})),
        (Method::POST, "/deactivation", json!({})),
    ];
    let row = format!("memberships WHERE user_id = '{mei}'");
    let replies = race(&app, &row, &format!("/api/v1/members/{mei}"), &changes).await;
    assert_one_was_first(&replies);
}

/// Of each a change of its name, twice, and its removal, twice.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_a_product_resource_or_server_at_once_the_first_does() {
    let app = App::start().await;
    for (things, locked) in [
        ("products", "products"),
        ("resources", "catalogues"),
        ("mcp-servers", "mcp_servers"),
    ] {
        let organization = app.organization;
        let id = things::make(&app, organization, things, ("PATCH", ""), "Feed").await;
        let rename = |name| (Method::PATCH, "", json!({ "name": name }));
        let remove = || (Method::DELETE, "", json!({}));
        let changes = [rename("news"), remove(), rename("stream"), remove()];
        let replies = race(&app, locked, &format!("/api/v1/{things}/{id}"), &changes).await;
        assert_one_was_first(&replies);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_a_group_at_once_the_first_does() {
    let app = App::start().await;
    let program = Program::of(&app, &app.token("Maker").await.1);
    let made = program
        .post("/api/v1/groups", &json!({ "name": "Night" }))
        .await;
    let group = made.header("location").to_owned();
    for number in 0..4 {
        let email = format!("{number}@northwind.example");
        app.add_member(app.organization, &email, Role::Member).await;
    }
    let member = async |number: u8| {
        let user = app.user(&format!("{number}@northwind.example")).await;
        let path: &'static str = format!("/members/{user}").leak();
        (Method::PUT, path, json!({}))
    };
    let changes = [
        member(0).await,
        member(1).await,
        (Method::PATCH, "", json!({ "name": "Day" })),
        member(2).await,
        member(3).await,
    ];
    let replies = race(&app, "groups", &group, &changes).await;
    let done = replies.iter().filter(|it| it.status < 300).count();
    let late = replies
        .iter()
        .filter(|it| it.code() == "precondition_failed")
        .count();
    assert_eq!((done, late), (1, 4));
    assert!(app.count("SELECT count(*) FROM group_members").await <= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_who_names_no_version_changes_what_they_want_to() {
    let app = App::start().await;
    let edit = |edit: Value| (Method::PATCH, "", edit);
    let (token, secret) = app.token("Feed").await;
    let program = Program::of(&app, &secret);
    let organization = app.organization;
    let mut things = vec![(
        format!("/api/v1/tokens/{}", token.id),
        format!("tokens WHERE id = '{}'", token.id),
        json!({ "expires_at": "2999-01-01T00:00:00Z" }),
    )];
    for (kind, locked, other) in [
        ("products", "products", json!({ "key": "news" })),
        ("resources", "catalogues", json!({ "preflight": true })),
        (
            "mcp-servers",
            "mcp_servers",
            json!({ "description": "All of it" }),
        ),
    ] {
        let id = things::make(&app, organization, kind, ("PATCH", ""), "Feed").await;
        things.push((format!("/api/v1/{kind}/{id}"), locked.to_owned(), other));
    }
    for (path, locked, other) in things {
        let named = edit(json!({ "name": "news" }));
        let changes = [named.clone(), edit(other.clone()), named.clone(), named];
        let replies = race_with(&app, (&secret, None), &locked, &path, &changes).await;
        let statuses: Vec<u16> = replies.iter().map(|it| it.status).collect();
        assert_eq!(statuses, [200; 4], "{path}");
        let thing = program.get(&path).await.body;
        assert_eq!(thing["name"], "news", "{thing}");
        for (field, value) in other.as_object().unwrap() {
            assert_eq!(&thing[field], value, "{thing}");
        }
    }
}

/// As an administrator's script and an identity provider do.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_named_and_given_a_role_while_its_members_change() {
    let app = App::start().await;
    let (_, secret) = app.token("Maker").await;
    let program = Program::of(&app, &secret);
    let made = program
        .post("/api/v1/groups", &json!({ "name": "Night" }))
        .await;
    let group = made.header("location").to_owned();
    let mut changes = vec![
        (Method::PATCH, "", json!({ "name": "Day" })),
        (Method::PATCH, "", json!({ "role": "admin" })),
    ];
    for number in 0..3 {
        let email = format!("{number}@northwind.example");
        app.add_member(app.organization, &email, Role::Member).await;
        let path = format!("/members/{}", app.user(&email).await);
        changes.push((Method::PUT, path.leak(), json!({})));
    }
    let replies = race_with(&app, (&secret, None), "groups", &group, &changes).await;
    assert!(replies.iter().all(|it| it.status < 300));
    let group = program.get(&group).await.body;
    assert_eq!(
        (&group["name"], &group["role"], &group["members"]),
        (&json!("Day"), &json!("admin"), &json!(3)),
        "{group}"
    );
}
