//! `user link`: a new password for who has none, or lost it.

use super::operators::run;
use super::{add, found, sign_in};
use crate::support::app::PASSWORD;
use crate::support::catalogue::query;
use crate::support::{Browser, Place, Server, View, cluster};

const ADA: &str = "ada@northwind.example";
const NEW: &str = "an unrelated phrase, and long";

/// Where the link leads.
fn link(place: &Place, email: &str) -> String {
    let finished = run(place, &["user", "link", email]);
    assert!(
        finished
            .errors
            .contains("It sets a new password, once, until "),
        "{finished:?}"
    );
    let printed = finished.succeeded();
    printed[printed.find("/invitations/").unwrap()..]
        .trim_end()
        .to_owned()
}

async fn choose(browser: &Browser, path: &str, password: &str) -> View {
    let page = browser.visit(path).await;
    assert!(page.says("Set a password"), "{}", page.text());
    page.form(path).fill("password", password).submit().await
}

async fn can_sign_in(server: &Server, password: &str) -> bool {
    sign_in(server, ADA, password).await.path != "/sign-in"
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_their_password_sets_another_and_is_signed_out_everywhere_else() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    add(&place, ADA, "admin");
    // A member elsewhere too: whoever has the database may do this nevertheless.
    place
        .run(&["organization", "create", "--name=Contoso"])
        .succeeded();
    let join = [
        "user",
        "create",
        "--organization=contoso",
        "--name=Ada",
        "--role=member",
    ];
    place
        .run(&[&join[..], &["--email", ADA]].concat())
        .succeeded();
    let server = place.serve();
    let elsewhere = server.browser();
    let page = elsewhere.visit("/sign-in").await;
    let form = page
        .form("/sign-in")
        .fill("email", ADA)
        .fill("password", PASSWORD);
    assert_eq!(form.submit().await.status, 200);

    let path = link(&place, "ADA@northwind.example");
    assert!(
        can_sign_in(&server, PASSWORD).await,
        "until the link is used"
    );
    let weak = choose(&server.browser(), &path, "short").await;
    assert!(weak.says("Use 15 characters or more"), "{}", weak.text());
    let home = choose(&server.browser(), &path, NEW).await;
    assert_eq!(
        (home.status, &*home.path),
        (200, "/settings/api-access"),
        "{}",
        home.text()
    );
    assert!(!can_sign_in(&server, PASSWORD).await);
    assert!(can_sign_in(&server, NEW).await);
    let profile = elsewhere.visit("/profile").await;
    assert!(profile.path.starts_with("/sign-in"), "{}", profile.path);
    assert_eq!(
        server.browser().visit(&path).await.status,
        404,
        "it works once"
    );

    let export = place
        .run(&["export", "--organization=northwind"])
        .succeeded();
    let told = |action: &str, author: &str| {
        let is_told = |line: &str| line.contains(action) && line.contains(author);
        assert!(export.lines().any(is_told), "{action}: {export}");
    };
    told("member.password_link_made", "Command line");
    told("member.password_changed", "Some Member");
    assert!(!export.contains(path.rsplit('/').next().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_password_sets_the_first() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    add(&place, ADA, "admin");
    cluster::execute(&address, "UPDATE users SET password_hash = NULL").await;
    let server = place.serve();
    assert!(!can_sign_in(&server, PASSWORD).await);
    let path = link(&place, ADA);
    assert_eq!(
        choose(&server.browser(), &path, NEW).await.path,
        "/settings/api-access"
    );
    assert!(can_sign_in(&server, NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_listed_as_what_it_is_for() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    add(&place, ADA, "admin");
    link(&place, ADA);
    let listed = run(&place, &["invitation", "list"]).succeeded();
    assert!(listed.contains("Set a password"), "{listed}");
    let listed = run(&place, &["invitation", "list", "--json"]).succeeded();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["renews_password"], true);

    let server = place.serve();
    let home = sign_in(&server, ADA, PASSWORD).await;
    let list = home.follow("Members").await;
    let pending = list.texts("section td[data-label=For]");
    assert_eq!(pending, ["Set a password"], "{}", list.text());
    let question = list.follow("Revoke the invitation of Some Member").await;
    assert!(question.says("The member’s password stays as it is."));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_link_ends_where_a_password_is_set() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    add(&place, ADA, "admin");
    let server = place.serve();
    let [astray, path] = [link(&place, ADA), link(&place, ADA)];
    assert_eq!(
        choose(&server.browser(), &path, NEW).await.path,
        "/settings/api-access"
    );
    assert_eq!(server.browser().visit(&astray).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_for_an_active_member_and_ends_with_their_membership() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    add(&place, ADA, "admin");
    add(&place, "mei@northwind.example", "admin");
    let server = place.serve();
    for (words, again) in [
        (
            &["user", "deactivate", ADA][..],
            Some(&["user", "reactivate", ADA][..]),
        ),
        (&["user", "remove", ADA], None),
    ] {
        let path = link(&place, ADA);
        let browser = server.browser();
        let page = browser.visit(&path).await;
        run(&place, words).succeeded();
        let late = page.form(&path).fill("password", NEW).submit().await;
        assert_eq!(late.status, 404, "{}", late.text());
        let refused = run(&place, &["user", "link", ADA]).refused();
        let why = if again.is_some() {
            "is deactivated"
        } else {
            "is no member"
        };
        assert!(refused.contains(why), "{refused}");
        again.map(|again| run(&place, again).succeeded());
        assert_eq!(server.browser().visit(&path).await.status, 404);
    }
    let changed = "SELECT count(*) FROM journal WHERE action = 'member.password_changed'";
    assert_eq!(query(&address, changed).await[0].get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_does_not_follow_an_email_to_another_account() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    add(&place, ADA, "admin");
    add(&place, "mei@northwind.example", "admin");
    let server = place.serve();
    let path = link(&place, ADA);
    let swap = "UPDATE users SET email = 'gone@x.example' WHERE email = 'ada@northwind.example';
        UPDATE users SET email = 'ada@northwind.example' WHERE email = 'mei@northwind.example'";
    cluster::execute(&address, swap).await;
    assert_eq!(server.browser().visit(&path).await.status, 404);
}
