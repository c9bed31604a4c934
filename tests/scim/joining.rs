//! Who comes in: whoever holds an account is not always whom its email names.

use chrono::TimeDelta;
use serde_json::json;

use super::provider::Provider;
use crate::members::invitations::{invite, invite_again, path};
use crate::support::App;
use crate::support::app::PASSWORD;

const KAI: &str = "kai@northwind.example";

async fn provision(provider: &Provider, email: &str) -> String {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": email,
        "displayName": "Kai",
        "emails": [{ "value": email, "primary": true }],
    });
    let made = provider.post("/Users", &user).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    made.body["id"].as_str().unwrap().to_owned()
}

/// An administrator of another organisation makes the account first, and opens its link.
#[tokio::test(flavor = "multi_thread")]
async fn who_got_hold_of_an_email_elsewhere_does_not_come_in() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    let mallory = "mallory@contoso.example";
    app.add_member(contoso, mallory, tokendesk::access::Role::Admin)
        .await;
    let mallory = app.signed_in(mallory).await;
    let link = path(&app, &invite(&mallory, KAI, "member").await);
    let page = app.browser().visit(&link).await;
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert!(joined.says("Organisation Contoso"), "{}", joined.text());

    let northwind = Provider::new(&app).await;
    let id = provision(&northwind, KAI).await;
    let admin = json!({ "displayName": "Administrators", "members": [{ "value": id }] });
    assert_eq!(northwind.post("/Groups", &admin).await.status, 201);
    app.sql("UPDATE groups SET role = 'admin'").await;
    // Whoever has the password sees what they saw before.
    let profile = app.signed_in(KAI).await.visit("/profile").await;
    assert!(profile.says("Organisation Contoso") && !profile.says("Northwind"));
    assert_eq!(
        app.signed_in(KAI)
            .await
            .visit("/settings/members")
            .await
            .status,
        403
    );

    app.state.clock.advance(TimeDelta::seconds(1));
    let ada = app.ada().await;
    let list = ada.visit("/settings/members").await;
    assert!(list.says("Not joined yet"), "{}", list.text());
    let page = ada.visit(&format!("/settings/members/{id}")).await;
    assert!(
        page.says("Last sign-in Never"),
        "not elsewhere either: {}",
        page.text()
    );
    let form = page
        .follow("Invite them")
        .await
        .form("/settings/members/invitations");
    assert_eq!(form.value("email"), KAI);
    let link = path(&app, &form.submit().await);
    let page = app.browser().visit(&link).await;
    let wrong = page
        .form(&link)
        .fill("password", "a guess of many words")
        .submit()
        .await;
    assert_eq!(wrong.status, 422);
    let page = app.browser().visit(&link).await;
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.status, 200);
    assert!(!ada.visit("/settings/members").await.says("Not joined yet"));
    assert_eq!(app.signed_in(KAI).await.visit("/profile").await.status, 200);
    let told =
        "SELECT count(*) FROM journal WHERE action = 'member.joined' AND subject_name LIKE 'kai%'";
    assert_eq!(app.count(told).await, 1);
}

/// Neither provider's word is worth more than the other's.
#[tokio::test(flavor = "multi_thread")]
async fn whom_two_organizations_provision_joins_each_by_its_own_link() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    let grace = "grace@contoso.example";
    app.add_member(contoso, grace, tokendesk::access::Role::Admin)
        .await;
    provision(&Provider::new(&app).await, KAI).await;
    provision(&Provider::of(&app, contoso).await, KAI).await;
    app.state.clock.advance(TimeDelta::seconds(1));
    let ours = path(&app, &invite(&app.ada().await, KAI, "member").await);
    let grace = app.signed_in(grace).await;
    let theirs = path(&app, &invite(&grace, KAI, "member").await);
    for (link, says, not_yet) in [
        (&theirs, "Organisation Contoso", Some("Northwind")),
        (&ours, "Organisation Northwind", None),
    ] {
        let page = app.browser().visit(link).await;
        assert_eq!(
            page.says("Of the account that this email has already."),
            not_yet.is_none()
        );
        let joined = page.form(link).fill("password", PASSWORD).submit().await;
        assert!(joined.says(says), "{}", joined.text());
        assert!(not_yet.is_none_or(|name| !joined.says(name)));
        assert_eq!(app.browser().visit(link).await.status, 404, "once");
    }
    let joined = "SELECT count(*) FROM memberships JOIN users ON id = user_id
        WHERE email LIKE 'kai%' AND has_joined";
    assert_eq!(app.count(joined).await, 2);
}

/// They have a password, and could sign in, but not here.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_who_has_not_joined_is_none_to_leave_alone() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    app.add_member(contoso, KAI, tokendesk::access::Role::Member)
        .await;
    let provider = Provider::new(&app).await;
    provision(&provider, KAI).await;
    app.sql(
        "UPDATE memberships SET role = 'admin' FROM users WHERE id = user_id AND email LIKE 'kai%'",
    )
    .await;
    let ada = app.user("ada@northwind.example").await;
    let leaving = json!([{ "op": "replace", "path": "active", "value": false }]);
    let refused = provider
        .patch(&format!("/Users/{ada}"), leaving.clone())
        .await;
    assert_eq!(refused.status, 409);
    app.state.clock.advance(TimeDelta::seconds(1));
    let link = path(&app, &invite(&app.ada().await, KAI, "admin").await);
    let page = app.browser().visit(&link).await;
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.status, 200);
    assert_eq!(
        provider
            .patch(&format!("/Users/{ada}"), leaving)
            .await
            .status,
        200
    );
}

/// What becomes of them in one organisation is felt in no other.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_joined_stays_signed_in_and_keeps_their_email_elsewhere() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    let northwind = Provider::new(&app).await;
    let id = provision(&northwind, KAI).await;
    app.state.clock.advance(TimeDelta::seconds(1));
    let link = path(&app, &invite(&app.ada().await, KAI, "member").await);
    let kai = app.browser();
    let page = kai.visit(&link).await;
    page.form(&link).fill("password", PASSWORD).submit().await;
    let kai = app.signed_in(KAI).await;
    assert_eq!(kai.visit("/profile").await.status, 200);

    let theirs = Provider::of(&app, contoso).await;
    let same = provision(&theirs, KAI).await;
    assert_eq!(same, id);
    let ended = json!([{ "op": "replace", "path": "active", "value": false }]);
    assert_eq!(
        theirs.patch(&format!("/Users/{id}"), ended).await.status,
        200
    );
    assert_eq!(theirs.delete(&format!("/Users/{id}")).await.status, 204);
    assert_eq!(kai.visit("/profile").await.path, "/profile");
    let told = "SELECT count(*) FROM journal WHERE action ~ 'session'";
    assert_eq!(app.count(told).await, 0);

    provision(&theirs, KAI).await;
    let renamed = json!([
        { "op": "replace", "path": "userName", "value": "kai@new.example" },
        { "op": "replace", "path": "emails", "value": [{ "value": "kai@new.example", "primary": true }] },
    ]);
    assert_eq!(
        northwind
            .patch(&format!("/Users/{id}"), renamed)
            .await
            .status,
        200
    );
    // Contoso's provider means whoever has that email, until it takes them out again.
    assert_eq!(app.user(KAI).await.to_string(), id);
    assert_eq!(theirs.delete(&format!("/Users/{id}")).await.status, 204);
    let again = json!([{ "op": "replace", "path": "displayName", "value": "Kai N." }]);
    assert_eq!(
        northwind.patch(&format!("/Users/{id}"), again).await.status,
        200
    );
    assert_eq!(app.user("kai@new.example").await.to_string(), id);
}

/// Their organisation's tokens speak for them, as they did before they had ever signed in.
#[tokio::test(flavor = "multi_thread")]
async fn a_portal_acts_for_whom_it_knows_though_they_have_not_joined() {
    let app = App::start().await;
    provision(&Provider::new(&app).await, KAI).await;
    let (_, portal) = app.token("Portal").await;
    let client = reqwest::Client::new();
    let new = json!({ "name": "Laptop" });
    let made = client.post(format!("{}/api/v1/me/mcp-tokens", app.url));
    let made = made
        .bearer_auth(portal.reveal())
        .header("x-user-email", KAI);
    let made = made.json(&new).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let made: serde_json::Value = made.json().await.unwrap();
    let own = client.get(format!("{}/api/v1/me", app.url));
    let own = own
        .bearer_auth(made["secret"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(own.status(), 200);
    let own: serde_json::Value = own.json().await.unwrap();
    assert_eq!(own["email"], KAI);
}

/// A second link, of which nobody thinks any more.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_removed_does_not_come_back_by_an_older_link() {
    let app = App::start().await;
    let ada = app.ada().await;
    let [first, second] = [
        path(&app, &invite(&ada, KAI, "admin").await),
        path(&app, &invite_again(&ada, KAI, "admin").await),
    ];
    let page = app.browser().visit(&second).await;
    let form = page.form(&second).fill("password", PASSWORD);
    assert_eq!(form.submit().await.status, 200);
    assert_eq!(app.browser().visit(&first).await.status, 404, "they are in");

    // One who has not come in yet.
    let jun = "jun@northwind.example";
    let provider = Provider::new(&app).await;
    let id = provision(&provider, jun).await;
    app.state.clock.advance(TimeDelta::seconds(1));
    let link = path(&app, &invite(&ada, jun, "member").await);
    assert_eq!(app.browser().visit(&link).await.status, 200);
    assert_eq!(provider.delete(&format!("/Users/{id}")).await.status, 204);
    assert_eq!(app.browser().visit(&link).await.status, 404);
}

/// Who invited them did not know what a provider would make of them.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_from_before_they_were_provisioned_ends() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    app.add_member(contoso, KAI, tokendesk::access::Role::Member)
        .await;
    let (ada, provider) = (app.ada().await, Provider::new(&app).await);
    for email in [KAI, "pending@northwind.example"] {
        let link = path(&app, &invite(&ada, email, "member").await);
        assert_eq!(app.browser().visit(&link).await.status, 200);
        app.state.clock.advance(TimeDelta::seconds(1));
        provision(&provider, email).await;
        let ended = app.browser().visit(&link).await;
        assert_eq!(ended.status, 404, "{email}");
        assert!(
            ended.text().contains("Ask whoever sent it for another"),
            "{}",
            ended.text()
        );
        assert_eq!(
            app.count("SELECT count(*) FROM invitations").await,
            0,
            "{email}"
        );
    }
}

/// Each is found out while the link's form is on its way.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_does_not_undo_what_was_done_meanwhile() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let ada = app.ada().await;
    for (locked, meanwhile) in [
        ("users", "UPDATE users SET password_hash = 'theirs'"),
        (
            "organizations",
            "UPDATE memberships SET deactivated_at = now()",
        ),
    ] {
        let email = format!("{locked}@northwind.example");
        provision(&provider, &email).await;
        app.state.clock.advance(TimeDelta::seconds(1));
        let link = path(&app, &invite(&ada, &email, "member").await);
        let page = app.browser().visit(&link).await;
        let form = page.form(&link).fill("password", PASSWORD);
        let holder = app.client().await;
        let lock = format!("BEGIN; SELECT FROM {locked} FOR NO KEY UPDATE");
        holder.batch_execute(&lock).await.unwrap();
        let answer = tokio::spawn(form.submit());
        let waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE NOT granted AND datname = current_database()";
        while app.count(waiting).await == 0 {
            assert!(!answer.is_finished(), "{locked}");
        }
        let id = format!("SELECT id FROM users WHERE email = '{email}'");
        let column = if locked == "users" { "id" } else { "user_id" };
        let change = format!("{meanwhile} WHERE {column} = ({id}); COMMIT");
        holder.batch_execute(&change).await.unwrap();
        let late = answer.await.unwrap();
        assert_eq!(late.status, 409, "{locked}: {}", late.text());
        let set = format!(
            "SELECT count(*) FROM users WHERE email = '{email}' AND password_hash LIKE '$argon2%'"
        );
        assert_eq!(app.count(&set).await, 0, "{locked}");
    }
}

/// What an account is called elsewhere is nobody's business here until its owner has come in.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_joined_is_called_what_their_provider_calls_them() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    app.add_member(contoso, KAI, tokendesk::access::Role::Admin)
        .await;
    let northwind = Provider::new(&app).await;
    let id = provision(&northwind, KAI).await;
    let group = northwind.group("Writers", &[&id]).await;
    let group = format!("/Groups/{group}");
    let ada = app.ada().await;
    let (_, portal) = app.token("Portal").await;
    let client = reqwest::Client::new();
    let made = client
        .post(format!("{}/api/v1/me/mcp-tokens", app.url))
        .bearer_auth(portal.reveal())
        .header("x-user-email", KAI)
        .json(&json!({ "name": "Laptop" }));
    assert_eq!(made.send().await.unwrap().status(), 201);
    let told = async |name: &str, other: &str| {
        let mut told = Vec::new();
        for path in ["/members", "/mcp-tokens", "/members?q=kai"] {
            let asked = client.get(format!("{}/api/v1{path}", app.url));
            let answer = asked.bearer_auth(portal.reveal()).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            told.push(answer.text().await.unwrap());
        }
        let own = client.get(format!("{}/api/v1/me", app.url));
        let own = own.bearer_auth(portal.reveal()).header("x-user-email", KAI);
        told.push(own.send().await.unwrap().text().await.unwrap());
        told.push(ada.visit("/settings/members").await.text());
        told.push(northwind.get(&group).await.expect(200).to_string());
        for told in told {
            assert!(told.contains(name) && !told.contains(other), "{told}");
        }
        for (asked, found) in [(name, 1), (other, 0)] {
            let filter = format!("members.display eq \"{asked}\"");
            let groups = northwind.find("/Groups", &filter).await.expect(200);
            assert_eq!(groups["totalResults"], found, "{filter}");
            let list = ada.visit(&format!("/settings/members?q={asked}")).await;
            assert_eq!(list.says(KAI), found == 1, "{}", list.text());
        }
    };
    told("Kai", "Some Member").await;

    let before = northwind.get(&group).await.etag();
    let renamed = json!([{ "op": "replace", "path": "displayName", "value": "Kay" }]);
    northwind
        .patch(&format!("/Users/{id}"), renamed)
        .await
        .expect(200);
    told("Kay", "Some Member").await;
    assert_ne!(northwind.get(&group).await.etag(), before);
    app.sql("UPDATE users SET name = 'Some Other' WHERE email LIKE 'kai%'")
        .await;
    told("Kay", "Some Other").await;

    app.state.clock.advance(TimeDelta::seconds(1));
    let before = northwind.get(&group).await.etag();
    let link = path(&app, &invite(&ada, KAI, "member").await);
    let page = app.browser().visit(&link).await;
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.status, 200);
    told("Some Other", "Kay").await;
    assert_ne!(northwind.get(&group).await.etag(), before);
}

/// Of those from before organisations called them anything.
#[tokio::test(flavor = "multi_thread")]
async fn names_of_who_has_not_joined_are_made_up_for() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    app.add_member(contoso, KAI, tokendesk::access::Role::Admin)
        .await;
    let provider = Provider::new(&app).await;
    provision(&provider, KAI).await;
    for user in [
        json!({ "userName": "lee@x.example", "name": { "givenName": "Lee", "familyName": "Ang" } }),
        json!({ "userName": "mo@x.example" }),
    ] {
        provider.post("/Users", &user).await.expect(201);
    }
    let query = "SELECT user_name || ': ' || known_as FROM scim_users JOIN memberships \
        USING (organization_id, user_id) WHERE NOT has_joined ORDER BY user_name";
    let names = async || -> Vec<String> {
        let rows = app.sql(query).await;
        rows.iter().filter_map(|row| row.get(0)).collect()
    };
    let known = [
        "kai@northwind.example: Kai",
        "lee@x.example: Lee Ang",
        "mo@x.example: mo@x.example",
    ];
    assert_eq!(names().await, known);
    app.sql("UPDATE memberships SET known_as = NULL").await;
    assert_eq!(names().await, Vec::<String>::new());
    let migration =
        include_str!("../../migrations/2026-11-26-000050_call_members_by_own_names/up.sql");
    let (_, names_of_old) = migration.split_once("-- The first of the names").unwrap();
    let (_, statement) = names_of_old.split_once('\n').unwrap();
    app.client().await.batch_execute(statement).await.unwrap();
    assert_eq!(names().await, known);
}

/// Somebody is a member by their email: nobody else can be put in their place by another name for the
/// account, whichever provider made it.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_keeps_its_email_for_as_long_as_others_mean_it() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    let theirs = Provider::of(&app, contoso).await;
    let id = provision(&theirs, KAI).await;
    let northwind = Provider::new(&app).await;
    assert_eq!(provision(&northwind, KAI).await, id);
    let user = format!("/Users/{id}");
    let named = |email: &str| {
        json!([{ "op": "replace", "value": {
            "userName": email, "emails": [{ "value": email, "primary": true }] } }])
    };
    let evil = "mallory@contoso.example";
    let renamed = theirs.patch(&user, named(evil)).await.expect(200);
    assert_eq!(renamed["userName"], evil, "as they call them");
    assert_eq!(app.user(KAI).await.to_string(), id);
    app.state.clock.advance(TimeDelta::seconds(1));
    let page = format!("/settings/members/{id}");
    let page = app.ada().await.visit(&page).await;
    assert!(page.says(KAI) && !page.says(evil), "{}", page.text());
    // Once nobody else means them, it follows again.
    assert_eq!(northwind.delete(&user).await.status, 204);
    theirs
        .patch(&user, named("kay@contoso.example"))
        .await
        .expect(200);
    assert_eq!(app.user("kay@contoso.example").await.to_string(), id);
}

/// At once, from two organisations: the account is one, and nobody is refused.
#[tokio::test(flavor = "multi_thread")]
async fn two_providers_make_one_account_at_once() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    let providers = [Provider::new(&app).await, Provider::of(&app, contoso).await];
    for number in 0..30 {
        let email = format!("kai{number}@northwind.example");
        let [one, other] = &providers;
        let ids = tokio::join!(provision(one, &email), provision(other, &email));
        assert_eq!(ids.0, ids.1);
        let made = format!(
            "SELECT count(*) FROM users WHERE provisioned_by IS NOT NULL AND email = '{email}'"
        );
        assert_eq!(app.count(&made).await, 1, "by whoever was first");
    }
}

/// The invitation, its page, the audit log and the member agree.
#[tokio::test(flavor = "multi_thread")]
async fn whom_a_provider_made_a_member_becomes_what_they_are_invited_as() {
    let app = App::start().await;
    let id = provision(&Provider::new(&app).await, KAI).await;
    app.state.clock.advance(TimeDelta::seconds(1));
    let ada = app.ada().await;
    let link = path(&app, &invite(&ada, KAI, "admin").await);
    let role =
        format!("SELECT count(*) FROM memberships WHERE role = 'admin' AND user_id = '{id}'");
    assert_eq!(app.count(&role).await, 1);
    let told = "SELECT changes::text FROM journal WHERE action = 'member.role_changed'";
    let told: String = app.sql(told).await[0].get(0);
    assert!(told.contains("admin"), "{told}");
    // Whoever is invited again as what they are is not changed.
    invite_again(&ada, KAI, "admin").await;
    let times = "SELECT count(*) FROM journal WHERE action = 'member.role_changed'";
    assert_eq!(app.count(times).await, 1);
    let old = app.browser().visit(&link).await;
    assert_eq!(old.status, 404, "the last link counts");
    let link = path(&app, &invite_again(&ada, KAI, "member").await);
    let page = app.browser().visit(&link).await;
    assert!(!page.says("administrator"), "{}", page.text());
    assert_eq!(app.count(&role).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handover_calls_whom_has_not_joined_what_their_provider_calls_them() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    app.add_member(contoso, KAI, tokendesk::access::Role::Admin)
        .await;
    let id = provision(&Provider::new(&app).await, KAI).await;
    let page = format!("/settings/members/{id}/handover");
    let page = app.ada().await.visit(&page).await;
    assert!(
        page.says("Kai") && !page.says("Some Member"),
        "{}",
        page.text()
    );
}

/// The provider has corrected the address: the link to the wrong one leads nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_an_address_that_was_wrong_ends_when_it_is_corrected() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let id = provision(&provider, KAI).await;
    app.state.clock.advance(TimeDelta::seconds(1));
    let ada = app.ada().await;
    let link = path(&app, &invite(&ada, KAI, "admin").await);
    let right = "kay@northwind.example";
    let corrected = json!([{ "op": "replace", "value": {
        "userName": right, "emails": [{ "value": right, "primary": true }] } }]);
    provider
        .patch(&format!("/Users/{id}"), corrected)
        .await
        .expect(200);
    assert_eq!(app.browser().visit(&link).await.status, 404);
    assert_eq!(app.count("SELECT count(*) FROM invitations").await, 0);
    // Nor does one for somebody who is not there yet, once another is given the address.
    let link = path(&app, &invite(&ada, "new@northwind.example", "admin").await);
    let moved = json!([{ "op": "replace", "value": { "userName": "new@northwind.example",
        "emails": [{ "value": "new@northwind.example", "primary": true }] } }]);
    provider
        .patch(&format!("/Users/{id}"), moved)
        .await
        .expect(200);
    assert_eq!(app.browser().visit(&link).await.status, 404);
}

/// Who opens a link of an organisation is called what that calls them, whoever made the account.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_gets_the_name_that_its_owner_came_in_by() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    let theirs = Provider::of(&app, contoso).await;
    for (email, is_provisioned, name) in [
        ("kai1@northwind.example", true, "Kai"),
        ("kai2@northwind.example", false, "Mei Tanaka"),
    ] {
        let user = json!({ "userName": email, "displayName": "The Boss" });
        let id = theirs.post("/Users", &user).await.expect(201)["id"].clone();
        if is_provisioned {
            provision(&Provider::new(&app).await, email).await;
        }
        app.state.clock.advance(TimeDelta::seconds(1));
        let link = path(&app, &invite(&app.ada().await, email, "member").await);
        let page = app.browser().visit(&link).await;
        page.form(&link).fill("password", PASSWORD).submit().await;
        let profile = app.signed_in(email).await.visit("/profile").await;
        assert!(
            profile.says(name) && !profile.says("The Boss"),
            "{}",
            profile.text()
        );
        // And stays so, whatever the first provider calls them, also when they are not here any more.
        let path = format!("/Users/{}", id.as_str().unwrap());
        for leaves in [false, true] {
            if leaves {
                app.sql("DELETE FROM memberships WHERE has_joined AND role = 'member'")
                    .await;
            }
            let renamed = json!([{ "op": "replace", "value": {
                "displayName": "The Chief", "emails": [{ "value": "chief@x.example" }] } }]);
            theirs.patch(&path, renamed).await.expect(200);
            let account = super::users::account(&app, email).await;
            assert_eq!(account[0].0, name);
        }
    }
}

/// A link from before anybody had an account is for whoever has the email now.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_works_for_whom_another_organization_provisions_meanwhile() {
    let app = App::start().await;
    let contoso = app.another_organization("Contoso").await;
    let link = path(&app, &invite(&app.ada().await, KAI, "admin").await);
    provision(&Provider::of(&app, contoso).await, KAI).await;
    let page = app.browser().visit(&link).await;
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.path, "/settings/api-access", "{}", joined.text());
}
