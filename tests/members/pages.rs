//! *Settings > Members*.

use chrono::TimeDelta;
use tokendesk::access::{Actor, Role, UserId};

use crate::support::app::{ADA, PASSWORD};
use crate::support::{App, View};

const MEI: &str = "mei@northwind.example";

async fn member_path(app: &App, email: &str) -> String {
    format!("/settings/members/{}", app.user(email).await)
}

/// Northwind with Ada and Mei, whose name is known.
async fn with_mei(role: Role) -> App {
    let app = App::start().await;
    app.add_member(app.organization, MEI, role).await;
    app.sql("UPDATE users SET name = 'Mei Tanaka' WHERE email LIKE 'mei%'")
        .await;
    app
}

async fn api_token(app: &App, creator: UserId, name: &str) {
    let connection = &mut *app.database().get().await.unwrap();
    let actor = Actor::administrator(app.organization, creator, "Mei Tanaka");
    let new = App::full_access(name);
    let created = tokendesk::tokens::queries::create(connection, &actor, &new, app.now()).await;
    assert!(created.is_ok());
}

fn row<'a>(rows: &'a [String], name: &str) -> &'a str {
    rows.iter().find(|row| row.contains(name)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_tells_role_status_last_sign_in_and_mcp_tokens() {
    let app = with_mei(Role::Member).await;
    app.mcp_token(MEI, "Laptop").await;
    app.mcp_token(MEI, "Phone").await;
    let ada = app.ada().await;
    app.state.clock.advance(TimeDelta::hours(3));
    let rows = ada.visit("/settings/members").await.texts("tbody tr");
    assert_eq!(rows.len(), 2);
    assert!(rows[0].contains("Ada Lovell (you)"), "by name: {rows:#?}");
    for part in ["Administrator", "Active", "3 hours ago"] {
        assert!(rows[0].contains(part), "{part}: {}", rows[0]);
    }
    for part in ["Member", "Active", "Never 2"] {
        assert!(rows[1].contains(part), "{part}: {}", rows[1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_names_and_emails_are_found_in_whatever_case() {
    let app = with_mei(Role::Member).await;
    let ada = app.ada().await;
    for (term, found) in [
        ("TANAKA", vec!["Mei Tanaka"]),
        ("ada@", vec!["Ada Lovell"]),
        ("northwind.EXAMPLE", vec!["Ada Lovell", "Mei Tanaka"]),
        ("_", vec![]),
        ("%", vec![]),
    ] {
        let query = url::form_urlencoded::byte_serialize(term.as_bytes()).collect::<String>();
        let page = ada.visit(&format!("/settings/members?q={query}")).await;
        assert_eq!(page.texts("tbody .table__name"), found, "{term}");
    }
    app.sql("UPDATE users SET name = 'Mei Sato' WHERE email LIKE 'mei%'")
        .await;
    let page = ada.visit("/settings/members?q=sato").await;
    assert_eq!(page.texts("tbody .table__name"), ["Mei Sato"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tabs_show_administrators_and_the_deactivated() {
    let app = with_mei(Role::Member).await;
    app.sql("UPDATE memberships SET deactivated_at = now() WHERE role = 'member'")
        .await;
    let ada = app.ada().await;
    let page = ada.visit("/settings/members").await;
    let tabs = ["All 2", "Administrators 1", "Deactivated 1"];
    assert_eq!(page.texts(".segments a"), tabs);
    let names = async |tab| page.follow(tab).await.texts("tbody .table__name");
    assert_eq!(names("Administrators 1").await, ["Ada Lovell"]);
    assert_eq!(names("Deactivated 1").await, ["Mei Tanaka"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn deactivating_says_what_will_stop_and_then_what_did() {
    let app = with_mei(Role::Admin).await;
    app.mcp_token(MEI, "Laptop").await;
    api_token(&app, app.user(MEI).await, "Okta SCIM").await;
    let mei = app.signed_in(MEI).await;
    let (ada, path) = (app.ada().await, member_path(&app, MEI).await);
    let address = format!("{path}/deactivation");
    let question = ada.visit(&address).await;
    for part in ["Deactivate “Mei Tanaka”?", "1 : Laptop", "1 : Okta SCIM"] {
        assert!(question.says(part), "{part}: {}", question.text());
    }
    assert_eq!(mei.visit("/settings/members").await.status, 200);
    let done = question.form(&address).submit().await;
    assert_eq!(done.path, "/settings/members");
    let notice = "“Mei Tanaka” is deactivated: 1 session ended, 1 MCP token stopped, 1 API token \
                  handed over to Ada Lovell. In effect on 1 of 1 instance after";
    assert!(done.says(notice), "{}", done.text());
    assert!(row(&done.texts("tbody tr"), "Mei Tanaka").contains("Deactivated"));
    assert!(mei.visit("/profile").await.path.starts_with("/sign-in"));
    let heir = "SELECT count(*) FROM tokens, users WHERE responsible_id = users.id
        AND users.email LIKE 'ada%' AND tokens.name = 'Okta SCIM'";
    assert_eq!(app.count(heir).await, 1, "whoever does it is offered first");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_deactivated_is_told_so_when_they_sign_in() {
    let app = with_mei(Role::Member).await;
    app.sql("UPDATE memberships SET deactivated_at = now() WHERE role = 'member'")
        .await;
    let page = app.browser().visit("/sign-in").await;
    let form = page.form("/sign-in").fill("email", MEI);
    let refused = form.fill("password", PASSWORD).submit().await;
    assert_eq!(refused.status, 403);
    assert!(refused.says("Your account is deactivated"));
    let sessions = "SELECT count(*) FROM sessions WHERE user_id IS NOT NULL";
    assert_eq!(app.count(sessions).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_has_to_be_made_for_api_tokens() {
    let app = with_mei(Role::Admin).await;
    api_token(&app, app.user(MEI).await, "Okta SCIM").await;
    let (ada, path) = (app.ada().await, member_path(&app, MEI).await);
    let address = format!("{path}/removal");
    let question = ada.visit(&address).await;
    let again = question.form(&address).fill("fate", "").submit().await;
    assert_eq!(again.status, 422);
    assert!(again.says("Choose what becomes of the API tokens."));
    let again = question
        .form(&address)
        .fill("fate", "hand-over")
        .fill("heir", &app.user(MEI).await.to_string())
        .submit()
        .await;
    assert_eq!(again.status, 422);
    assert!(again.says("Choose another active administrator."));
    assert_eq!(app.count("SELECT count(*) FROM memberships").await, 2);
    let done = question
        .form(&address)
        .fill("fate", "revoke")
        .submit()
        .await;
    assert!(
        done.says("“Mei Tanaka” is removed: 1 API token revoked."),
        "{}",
        done.text()
    );
    assert_eq!(app.count("SELECT count(*) FROM memberships").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_was_answered_meanwhile_changes_nothing() {
    let app = with_mei(Role::Member).await;
    let (ada, path) = (app.ada().await, member_path(&app, MEI).await);
    let submit = async |exit: &str| {
        let address = format!("{path}/{exit}");
        let question = ada.visit(&address).await;
        (question.form(&address), address)
    };
    let (first, _) = submit("deactivation").await;
    let (second, _) = submit("deactivation").await;
    assert_eq!(first.submit().await.status, 200);
    let stale = second.submit().await;
    assert_eq!(stale.status, 409);
    assert!(stale.says("deactivated already"), "{}", stale.text());
    let (first, _) = submit("reactivation").await;
    let (second, _) = submit("reactivation").await;
    assert!(first.submit().await.says("“Mei Tanaka” is active again."));
    let stale = second.submit().await;
    assert_eq!(stale.status, 409);
    assert!(stale.says("active already"), "{}", stale.text());
    assert_eq!(ada.visit(&format!("{path}/nonsense")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_is_told_why_they_stay() {
    let app = with_mei(Role::Member).await;
    let (ada, path) = (app.ada().await, member_path(&app, ADA).await);
    for exit in ["deactivation", "removal"] {
        let page = ada.visit(&format!("{path}/{exit}")).await;
        assert!(page.says("This is the last active administrator"));
        assert!(!page.has("form.confirm"), "{exit}");
    }
    let role = format!("{path}/role");
    let page = ada.visit(&path).await;
    let refused = page.form(&role).fill("role", "member").submit().await;
    assert_eq!(refused.status, 409);
    assert!(refused.says("This is the last active administrator"));
    // A form from before somebody else went.
    app.sql("UPDATE memberships SET role = 'admin'").await;
    let address = format!("{path}/deactivation");
    let question = ada.visit(&address).await;
    app.sql(
        "UPDATE memberships SET deactivated_at = now() FROM users
        WHERE users.id = user_id AND email LIKE 'mei%'",
    )
    .await;
    let refused = question.form(&address).submit().await;
    assert_eq!(refused.status, 409);
    assert!(refused.says("This is the last active administrator"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_changed_and_told_of() {
    let app = with_mei(Role::Member).await;
    let (ada, path) = (app.ada().await, member_path(&app, MEI).await);
    let role = format!("{path}/role");
    let page = ada.visit(&path).await;
    let saved = page.form(&role).fill("role", "admin").submit().await;
    assert_eq!(saved.path, path);
    assert!(saved.says("“Mei Tanaka” is an administrator now."));
    let history = saved.texts(".history li");
    assert!(history[0].starts_with("22 Nov 2026, 14:00 UTC"));
    assert!(
        history[0].contains("Ada Lovell changed the role of mei@northwind.example role member"),
        "{history:#?}"
    );
    // Whoever demotes themselves sees no settings any more.
    let own = member_path(&app, ADA).await;
    let page = ada.visit(&own).await;
    let role = format!("{own}/role");
    let gone = page.form(&role).fill("role", "member").submit().await;
    assert_eq!((gone.status, &*gone.path), (200, "/profile"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_somebody_has_already_is_not_told_as_news() {
    let app = with_mei(Role::Member).await;
    let (ada, path) = (app.ada().await, member_path(&app, MEI).await);
    let role = format!("{path}/role");
    let saved = ada.visit(&path).await.form(&role).submit().await;
    assert_eq!(saved.path, path);
    assert_eq!(saved.texts(".notice"), ["Nothing was changed."]);
    let told = "SELECT count(*) FROM journal WHERE action = 'member.role_changed'";
    assert_eq!(app.count(told).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_somebody_deactivated_holds_once_they_are_reactivated() {
    let app = with_mei(Role::Member).await;
    app.sql("UPDATE memberships SET deactivated_at = now() WHERE role = 'member'")
        .await;
    let (ada, path) = (app.ada().await, member_path(&app, MEI).await);
    let role = format!("{path}/role");
    for (chosen, told) in [
        (
            "admin",
            "“Mei Tanaka” will be an administrator when reactivated.",
        ),
        (
            "member",
            "“Mei Tanaka” will be a member when reactivated, and no administrator.",
        ),
    ] {
        let page = ada.visit(&path).await;
        let saved = page.form(&role).fill("role", chosen).submit().await;
        assert_eq!(saved.texts(".notice")[0], told);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_done_to_members_is_in_the_audit_log() {
    let app = with_mei(Role::Member).await;
    let (ada, path) = (app.ada().await, member_path(&app, MEI).await);
    for step in ["deactivation", "reactivation", "removal"] {
        let address = format!("{path}/{step}");
        let done = ada.visit(&address).await.form(&address).submit().await;
        assert_eq!(done.status, 200, "{step}");
    }
    let log: View = ada.visit("/settings/audit-log").await;
    let rows = log.texts("tbody tr");
    for (row, deed) in rows.iter().zip(["Removed", "Reactivated", "Deactivated"]) {
        let told = format!("Ada Lovell {deed} mei@northwind.example");
        assert!(row.contains(&told), "{told}: {row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_somebody_answers_for_is_listed_before_they_go() {
    let app = with_mei(Role::Admin).await;
    let mei = app.user(MEI).await;
    for number in 1..=12 {
        api_token(&app, mei, &format!("Exporter {number}")).await;
    }
    app.token("Okta").await;
    let ada = app.ada().await;
    let question = ada
        .visit(&format!("/settings/members/{mei}/deactivation"))
        .await;
    assert!(!question.says("Exporter 2,"), "{}", question.text());
    let list = question.follow("2 more").await;
    assert!(list.says("Only those that Mei Tanaka answers for."));
    for number in 1..=12 {
        assert!(list.says(&format!("Exporter {number}")), "{}", list.text());
    }
    assert!(!list.says("Okta"));
    let none = list.follow("Expired 0").await;
    assert!(none.says("Only those that this person answers for."));
    let all = list.follow("Show everybody’s").await;
    assert!(all.says("Okta") && all.says("Exporter 12"));
}
