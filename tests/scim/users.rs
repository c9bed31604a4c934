//! Users: who they become here, and what cannot be made of them.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use tokendesk::access::Role;

use super::provider::{ENTERPRISE, Provider, USER, text};
use crate::support::App;
use crate::support::app::ADA;

#[tokio::test(flavor = "multi_thread")]
async fn every_member_is_a_user_whoever_invited_them() {
    let app = App::start().await;
    app.add_member(app.organization, "mei@northwind.example", Role::Member)
        .await;
    let provider = Provider::new(&app).await;
    let all = provider.get("/Users").await.expect(200);
    assert_eq!(all["totalResults"], 2);
    let ada = &all["Resources"][0];
    assert_eq!(ada["userName"], ADA);
    assert_eq!(ada["active"], true);
    assert_eq!(ada["displayName"], "Ada Lovell");
    assert_eq!(
        ada["name"],
        json!({ "formatted": "Ada Lovell", "givenName": "Ada", "familyName": "Lovell" })
    );
    assert_eq!(
        ada["emails"],
        json!([{ "value": ADA, "type": "work", "primary": true }])
    );
    // The provider takes one on, and she can still sign in.
    let path = format!("/Users/{}", text(&ada["id"]));
    let user = json!({ "schemas": [USER], "userName": "ada", "externalId": "7",
        "displayName": "Countess", "emails": [{ "value": "countess@x.example" }] });
    let taken_on = provider.put(&path, &user).await.expect(200);
    assert_eq!(taken_on["userName"], "ada");
    assert_eq!(taken_on["active"], true);
    assert_eq!(account(&app, ADA).await[0].0, "Ada Lovell");
    app.ada().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_the_email_is_linked_and_not_taken_over() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    app.add_member(other, "eve@contoso.example", Role::Admin)
        .await;
    let provider = Provider::new(&app).await;
    let user = json!({ "schemas": [USER], "userName": "Eve@contoso.example",
        "displayName": "Not Her Name", "active": false });
    let before = account(&app, "eve@contoso.example").await;
    let id = text(&provider.post("/Users", &user).await.expect(201)["id"]);
    let path = format!("/Users/{id}");
    let change = json!([{ "op": "replace", "value": { "displayName": "X", "active": true,
        "emails": [{ "value": "stolen@northwind.example", "primary": true }] } }]);
    provider.patch(&path, change).await.expect(200);
    provider.delete(&path).await.expect(204);
    assert_eq!(account(&app, "eve@contoso.example").await, before);
}

pub async fn account(app: &App, email: &str) -> Vec<(String, Option<String>)> {
    let query = format!("SELECT name, password_hash FROM users WHERE email = '{email}'");
    let rows = app.sql(&query).await;
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_provisioning_made_follows_until_it_is_someones_elsewhere() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let id = provider.user("jo@x.example").await;
    let path = format!("/Users/{id}");
    let rename = |name: &str, email: &str| {
        json!([{ "op": "replace", "value": {
            "displayName": name, "emails": [{ "value": email, "primary": true }] } }])
    };
    provider
        .patch(&path, rename("Jo Doe", "jo.doe@x.example"))
        .await
        .expect(200);
    let account = app
        .sql("SELECT name, email FROM users WHERE email LIKE 'jo%'")
        .await;
    assert_eq!(account[0].get::<_, &str>(0), "Jo Doe");
    assert_eq!(account[0].get::<_, &str>(1), "jo.doe@x.example");
    // Nor can another's address be had by it.
    provider
        .patch(&path, rename("Jo", ADA))
        .await
        .refuse(409, "uniqueness");
    let other = app.another_organization("Contoso").await;
    app.add_member(other, "jo.doe@x.example", Role::Member)
        .await;
    provider
        .patch(&path, rename("Someone", "some@x.example"))
        .await
        .expect(200);
    let account = app
        .sql("SELECT name, email FROM users WHERE email LIKE 'jo%'")
        .await;
    assert_eq!(account[0].get::<_, &str>(0), "Jo Doe");
}

#[tokio::test(flavor = "multi_thread")]
async fn user_names_ids_and_addresses_are_unique_within_the_organization() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let user = |name: &str, id: &str, email: &str| json!({ "userName": name, "externalId": id, "emails": [{ "value": email }] });
    let first = user("Jo", "a", "jo@x.example");
    let created = provider.post("/Users", &first).await.expect(201);
    for taken in [
        first.clone(),
        user("JO", "b", "other@x.example"),
        user("other", "a", "other@x.example"),
        user("other", "b", "Jo@X.example"),
        user(ADA, "b", "other@x.example"),
    ] {
        provider
            .post("/Users", &taken)
            .await
            .refuse(409, "uniqueness");
    }
    assert_eq!(app.count("SELECT count(*) FROM memberships").await, 2);
    assert_eq!(app.count("SELECT count(*) FROM users").await, 2);
    // IDs of the client are told apart by case (RFC 7643, section 3.1).
    let second = user("other", "A", "other@x.example");
    let second = provider.post("/Users", &second).await.expect(201);
    let path = format!("/Users/{}", text(&second["id"]));
    for (attribute, value) in [("userName", "jo"), ("externalId", "a")] {
        let change = json!([{ "op": "replace", "path": attribute, "value": value }]);
        provider
            .patch(&path, change)
            .await
            .refuse(409, "uniqueness");
    }
    assert_eq!(provider.get(&path).await.expect(200), second);
    // Without an address there is no account.
    let nobody = json!({ "userName": "nobody", "emails": [{ "value": "nowhere" }] });
    provider
        .post("/Users", &nobody)
        .await
        .refuse(400, "invalidValue");
    // In another organisation all of it is free, and there it is the same person.
    let contoso = app.another_organization("Contoso").await;
    let contoso = Provider::of(&app, contoso).await;
    let there = contoso.post("/Users", &first).await.expect(201);
    assert_eq!(there["id"], created["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_create_a_user_at_once_one_does() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let user = json!({ "userName": "jo@x.example", "externalId": "1" });
    let attempts = (0..8).map(|_| provider.post("/Users", &user));
    let mut statuses: Vec<u16> = futures_util::future::join_all(attempts)
        .await
        .iter()
        .map(|said| said.status)
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_users_tokens_and_sessions_stop_and_come_back() {
    let app = App::start().await;
    app.add_member(app.organization, "mei@northwind.example", Role::Member)
        .await;
    let (_, secret) = app.mcp_token("mei@northwind.example", "Claude").await;
    let mei = app.signed_in("mei@northwind.example").await;
    let provider = Provider::new(&app).await;
    let found = provider
        .find("/Users", "userName eq \"mei@northwind.example\"")
        .await;
    let path = format!("/Users/{}", text(&found.expect(200)["Resources"][0]["id"]));
    let is_good = async || {
        let answer = reqwest::Client::new()
            .get(format!("{}/api/v1/token", app.url))
            .bearer_auth(secret.reveal())
            .send()
            .await
            .unwrap();
        answer.status().as_u16()
    };
    assert_eq!(is_good().await, 200);
    let (feed, _) = app.token("Feed").await;
    app.sql("UPDATE tokens SET responsible_id = users.id FROM users WHERE tokens.name = 'Feed' AND email LIKE 'mei@%'")
        .await;
    let active = |is: bool| json!([{ "op": "replace", "path": "active", "value": is }]);
    provider.patch(&path, active(false)).await.expect(200);
    // The answer came when it was in effect.
    assert_eq!(is_good().await, 401);
    // What they made for the organisation is the organisation's.
    let kept = format!(
        "SELECT count(*) FROM tokens WHERE id = '{}' AND standing = 'active' AND responsible_id IS NOT NULL",
        feed.id
    );
    assert_eq!(app.count(&kept).await, 1);
    assert!(mei.visit("/profile").await.path.starts_with("/sign-in"));
    provider.patch(&path, active(true)).await.expect(200);
    app.settle().await;
    assert_eq!(is_good().await, 200);
    // Whoever deactivates by hand is seen by the provider.
    let version = provider.get(&path).await.etag();
    app.sql("UPDATE memberships SET deactivated_at = '2026-11-22T14:00Z' WHERE role = 'member'")
        .await;
    let said = provider.get(&path).await;
    assert_ne!(said.etag(), version);
    assert_eq!(said.expect(200)["active"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let found = provider.find("/Users", "active eq true").await.expect(200);
    let path = format!("/Users/{}", text(&found["Resources"][0]["id"]));
    let off = json!([{ "op": "replace", "value": { "active": false, "title": "x" } }]);
    provider.patch(&path, off).await.refuse(409, "");
    provider.delete(&path).await.refuse(409, "");
    let ada = provider.get(&path).await.expect(200);
    assert_eq!((&ada["active"], ada.get("title")), (&json!(true), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_made_as_a_whole_or_not_at_all() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let path = format!("/Users/{}", provider.user("jo@x.example").await);
    let before = provider.get(&path).await.expect(200);
    let entries = app.count("SELECT count(*) FROM journal").await;
    for (last, kind) in [
        (
            json!({ "op": "replace", "path": "no path", "value": 1 }),
            "invalidPath",
        ),
        (
            json!({ "op": "replace", "path": "id", "value": "1" }),
            "mutability",
        ),
        (json!({ "op": "remove", "path": "userName" }), "mutability"),
        (
            json!({ "op": "replace", "path": "active", "value": "?" }),
            "invalidValue",
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"x\"]", "value": {} }),
            "noTarget",
        ),
    ] {
        let operations = json!([
            { "op": "replace", "path": "active", "value": false },
            { "op": "add", "path": "title", "value": "Engineer" },
            last,
        ]);
        provider.patch(&path, operations).await.refuse(400, kind);
    }
    assert_eq!(provider.get(&path).await.expect(200), before);
    assert_eq!(app.count("SELECT count(*) FROM journal").await, entries);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_not_the_present_one_is_not_changed() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let path = format!("/Users/{}", provider.user("jo@x.example").await);
    let first = provider.get(&path).await.etag();
    let with = |method: Method, tag: &str, body: Value| {
        let request = provider.request(method, &path).header("if-match", tag);
        provider.send(request.body(body.to_string()))
    };
    let titled = |title: &str| json!({ "userName": "jo@x.example", "title": title });
    let second = with(Method::PUT, &first, titled("A")).await;
    assert_eq!(second.status, 200, "{}", second.body);
    assert_eq!(second.etag(), second.body["meta"]["version"]);
    with(Method::PUT, &first, titled("B")).await.refuse(412, "");
    let change = json!({ "Operations": [{ "op": "add", "path": "title", "value": "B" }] });
    with(Method::PATCH, &first, change.clone())
        .await
        .refuse(412, "");
    with(Method::DELETE, &first, json!({}))
        .await
        .refuse(412, "");
    assert_eq!(provider.get(&path).await.expect(200)["title"], "A");
    with(Method::PATCH, &second.etag(), change)
        .await
        .expect(200);
    // What the client has already is not sent again.
    let now = provider.get(&path).await.etag();
    let request = provider.request(Method::GET, &path);
    let said = provider.send(request.header("if-none-match", &now)).await;
    assert_eq!((said.status, said.body), (304, Value::Null));
    with(Method::DELETE, "*", json!({})).await.expect(204);
}

/// They are answered with the user, and change without the user.
#[tokio::test(flavor = "multi_thread")]
async fn the_version_of_a_user_is_that_of_their_groups_too() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let (jo, eve) = (
        provider.user("jo@x.example").await,
        provider.user("eve@x.example").await,
    );
    let path = format!("/Users/{jo}");
    let shown = async || {
        let said = provider.get(&path).await;
        assert_eq!(said.etag(), said.body["meta"]["version"]);
        for less in [
            "?attributes=userName",
            "?excludedAttributes=groups",
            "?attributes=meta",
        ] {
            assert_eq!(
                provider.get(&format!("{path}{less}")).await.etag(),
                said.etag()
            );
        }
        let list = provider
            .find("/Users", "userName eq \"jo@x.example\"")
            .await
            .expect(200);
        assert_eq!(list["Resources"][0]["meta"], said.body["meta"]);
        let meta = "/Users?attributes=meta&filter=userName%20eq%20%22jo@x.example%22";
        let list = provider.get(meta).await.expect(200);
        assert_eq!(list["Resources"][0]["meta"], said.body["meta"]);
        said.etag()
    };
    let mut seen = vec![shown().await];
    let group = format!("/Groups/{}", provider.group("Readers", &[&eve]).await);
    assert_eq!(
        shown().await,
        seen[0],
        "another's groups are none of theirs"
    );
    let member = json!([{ "value": jo }]);
    for operation in [
        json!({ "op": "add", "path": "members", "value": member }),
        json!({ "op": "replace", "path": "displayName", "value": "Writers" }),
        json!({ "op": "remove", "path": format!("members[value eq \"{jo}\"]") }),
        json!({ "op": "add", "path": "members", "value": member }),
    ] {
        provider.patch(&group, json!([operation])).await.expect(204);
        let tag = shown().await;
        assert_ne!(&tag, seen.last().unwrap(), "{operation}");
        seen.push(tag);
    }
    assert_eq!(seen[3], seen[0], "as it was before");
    let stale = provider
        .request(Method::GET, &path)
        .header("if-none-match", &seen[3]);
    assert_eq!(
        provider.send(stale).await.expect(200)["groups"][0]["display"],
        "Writers"
    );
    let known = provider
        .request(Method::GET, &path)
        .header("if-none-match", &seen[4]);
    assert_eq!(provider.send(known).await.status, 304);

    let put = |tag: &str| {
        let body = json!({ "userName": "jo@x.example", "title": "Editor" });
        let request = provider.with_body(Method::PUT, &path, &body);
        provider.send(request.header("if-match", tag))
    };
    put(&seen[3]).await.refuse(412, "");
    let changed = put(&seen[4]).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.etag(), shown().await);
    let delete = provider
        .request(Method::DELETE, &path)
        .header("if-match", &seen[4]);
    provider.send(delete).await.refuse(412, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_tells_what_was_provisioned() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let path = format!("/Users/{}", provider.user("jo@x.example").await);
    app.state.clock.advance(TimeDelta::minutes(1));
    let value = json!({ "displayName": "Jo", "phoneNumbers": [{ "value": "+1 555 0100" }] });
    provider
        .patch(&path, json!([{ "op": "add", "value": value }]))
        .await
        .expect(200);
    let entries = app
        .sql("SELECT action, changes::text FROM journal WHERE subject_name = 'jo@x.example' ORDER BY id")
        .await;
    let actions: Vec<&str> = entries.iter().map(|row| row.get(0)).collect();
    assert_eq!(actions, ["member.added", "member.provisioned"]);
    let changes: &str = entries[1].get(1);
    assert!(
        changes.contains("displayName") && changes.contains("phoneNumbers"),
        "{changes}"
    );
    assert!(!changes.contains("555"), "{changes}");
    let user = provider.get(&path).await.expect(200);
    assert_eq!(user["meta"]["lastModified"], "2026-11-22T14:01:00.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organizations_users_and_groups_do_not_exist() {
    let app = App::start().await;
    let northwind = Provider::new(&app).await;
    let (user, group) = (
        northwind.user("jo@x.example").await,
        northwind.group("Engines", &[]).await,
    );
    let contoso = app.another_organization("Contoso").await;
    let contoso = Provider::of(&app, contoso).await;
    let theirs = contoso.user("ce@x.example").await;
    for path in [format!("/Users/{user}"), format!("/Groups/{group}")] {
        let body = json!({ "userName": "x@x.example", "displayName": "x" });
        contoso.get(&path).await.refuse(404, "");
        contoso.put(&path, &body).await.refuse(404, "");
        let change = json!([{ "op": "replace", "path": "displayName", "value": "x" }]);
        contoso.patch(&path, change).await.refuse(404, "");
        contoso.delete(&path).await.refuse(404, "");
    }
    // Nor is anybody of one organisation in a group of the other.
    let own = contoso.group("Own", &[&theirs, &user]).await;
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]);
    let own = format!("/Groups/{own}");
    contoso.patch(&own, add).await.expect(204);
    let members = contoso.get(&own).await.expect(200)["members"].clone();
    assert_eq!(members.as_array().unwrap().len(), 1);
    assert_eq!(members[0]["value"], theirs);
    for filter in [
        "userName pr or not (userName pr)".to_owned(),
        format!("id eq \"{user}\" or id eq \"{theirs}\""),
        "groups.display co \"e\" or groups.display eq \"Own\"".to_owned(),
    ] {
        assert_eq!(contoso.named(&filter).await, ["ce@x.example"], "{filter}");
    }
    let found = contoso
        .find("/Groups", "displayName pr or members pr")
        .await;
    assert_eq!(found.expect(200)["totalResults"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_keeps_nobody_active() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let long = "x".repeat(5_000);
    let user = json!({ "userName": "j@x.example", "title": long, "displayName": long,
        "userType": long, "emails": [{ "value": "x".repeat(1_400) }, { "value": "j@x.example", "primary": true }],
        "name": { "familyName": long, "givenName": long, "formatted": long },
        ENTERPRISE: { "department": long } });
    let user = provider.post("/Users", &user).await.expect(201);
    assert_eq!(user["title"], long);
    let change = json!([{ "op": "replace", "path": "active", "value": false }]);
    let path = format!("/Users/{}", text(&user["id"]));
    let user = provider.patch(&path, change).await.expect(200);
    assert_eq!(user["active"], false);
    for attribute in ["title", "userType", "name.formatted", "emails.value"] {
        let filter = format!("{attribute} sw \"xxx\"");
        assert_eq!(provider.named(&filter).await, ["j@x.example"], "{filter}");
    }
}

/// One that waited until a migration had ended goes on with the function that it began.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_whom_an_older_version_adds_is_found_by_every_text() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let older = include_str!("../../migrations/2026-11-26-000023_keep_user_documents_apart/up.sql");
    let from = older
        .find("CREATE OR REPLACE FUNCTION scim_user_of")
        .unwrap();
    let length = older[from..].find("END $$;").unwrap() + "END $$;".len();
    let function = &older[from..from + length];
    app.client().await.batch_execute(function).await.unwrap();
    app.add_member(app.organization, "jun@x.example", Role::Member)
        .await;
    for filter in [
        "name.formatted pr and userName sw \"jun\"",
        "emails.value sw \"jun\"",
        "emails[type eq \"work\" and primary eq true] and userName sw \"jun\"",
    ] {
        assert_eq!(provider.named(filter).await, ["jun@x.example"], "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_of_a_user_is_answered_to_changes_too() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let jo = json!({ "userName": "jo@x.example", "title": "Engineer" });
    let made = provider
        .post("/Users?attributes=title", &jo)
        .await
        .expect(201);
    assert!(
        made.get("userName").is_none() && made["title"] == "Engineer",
        "{made}"
    );
    let path = format!("/Users/{}?excludedAttributes=title,meta", text(&made["id"]));
    let changed = provider.put(&path, &jo).await.expect(200);
    assert!(
        changed.get("title").is_none() && changed.get("meta").is_none(),
        "{changed}"
    );
    assert_eq!(changed["userName"], "jo@x.example");
}

/// Nor is anybody deactivated: whoever has no value for it says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_back_because_nothing_is_said_of_it() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let path = format!("/Users/{}", provider.user("jo@x.example").await);
    for active in [true, false] {
        let set = json!([{ "op": "replace", "path": "active", "value": active }]);
        provider.patch(&path, set).await.expect(200);
        for silent in [
            json!({ "op": "replace", "path": "active", "value": null }),
            json!({ "op": "replace", "path": "active", "value": "" }),
            json!({ "op": "replace", "value": { "active": null, "title": "Weaver" } }),
            json!({ "op": "remove", "path": "active" }),
        ] {
            let said = provider.patch(&path, json!([silent])).await.expect(200);
            assert_eq!(said["active"], active, "{silent}");
        }
        let whole = json!({ "userName": "jo@x.example", "active": null });
        let said = provider.put(&path, &whole).await.expect(200);
        assert_eq!(said["active"], active);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_is_not_taken_for_who_they_were() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let id = provider.user("jo@x.example").await;
    let path = format!("/Users/{id}");
    let before = provider.get(&path).await.etag();
    for title in ["Engineer", "Lead"] {
        let promoted = json!([{ "op": "replace", "path": "title", "value": title }]);
        provider.patch(&path, promoted).await.expect(200);
    }
    provider.delete(&path).await;
    app.state.clock.advance(chrono::TimeDelta::milliseconds(1));
    assert_eq!(provider.user("jo@x.example").await, id);
    let request = provider.request(reqwest::Method::GET, &path);
    let read = request.header("if-none-match", &before);
    assert_eq!(provider.send(read).await.status, 200);
    let request = provider.request(reqwest::Method::DELETE, &path);
    let gone = provider.send(request.header("if-match", &before)).await;
    gone.refuse(412, "");
}

/// As it is answered, so it is looked for.
#[tokio::test(flavor = "multi_thread")]
async fn times_are_found_by_what_is_answered() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    provider.user("jo@x.example").await;
    provider.group("Weavers", &[]).await;
    app.sql("UPDATE scim_users SET modified_at = '2026-11-22T14:00:00.114875Z'")
        .await;
    app.sql("UPDATE groups SET modified_at = '2026-11-22T14:00:00.114875Z'")
        .await;
    for endpoint in ["/Users", "/Groups"] {
        let all = provider.get(endpoint).await.expect(200);
        let at = text(&all["Resources"][0]["meta"]["lastModified"]);
        let later = at.replace("114Z", "1145Z");
        assert_ne!(at, later);
        for (operator, at, finds) in [
            ("eq", &at, true),
            ("ge", &at, true),
            ("gt", &at, false),
            ("ne", &at, false),
            ("ne", &later, true),
            ("lt", &later, true),
            ("ge", &later, false),
            ("eq", &later, false),
        ] {
            let filter = format!("meta.lastModified {operator} \"{at}\"");
            let found = provider.find(endpoint, &filter).await.expect(200);
            let expected = if finds {
                &all["totalResults"]
            } else {
                &json!(0)
            };
            assert_eq!(found["totalResults"], *expected, "{filter}");
        }
    }
}

/// In lower case some letters are two.
#[tokio::test(flavor = "multi_thread")]
async fn an_email_that_grows_in_lower_case_is_refused() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let long = format!("{}@x.example", "İ".repeat(180));
    let user = json!({ "userName": "jo", "emails": [{ "value": long, "primary": true }] });
    provider
        .post("/Users", &user)
        .await
        .refuse(400, "invalidValue");
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
}

/// A user who is gone keeps no email (RFC 7644, section 3.6), and of other organisations nothing is told.
#[tokio::test(flavor = "multi_thread")]
async fn an_email_that_nobody_has_any_more_is_given_to_another() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let gone = provider.user("gone@x.example").await;
    let heir = format!("/Users/{}", provider.user("heir@x.example").await);
    let rename = |email: &str| {
        json!([{ "op": "replace", "value": {
            "userName": email, "emails": [{ "value": email, "primary": true }] } }])
    };
    let taken = provider.patch(&heir, rename("gone@x.example")).await;
    taken.refuse(409, "uniqueness");
    provider.delete(&format!("/Users/{gone}")).await;
    provider
        .patch(&heir, rename("gone@x.example"))
        .await
        .expect(200);
    let id = app.user("gone@x.example").await;
    assert_eq!(heir, format!("/Users/{id}"));

    let contoso = app.another_organization("Contoso").await;
    app.add_member(contoso, "boss@contoso.example", Role::Admin)
        .await;
    let boss = app.user("boss@contoso.example").await;
    for email in ["boss@contoso.example", "nobody@contoso.example"] {
        let said = provider.patch(&heir, rename(email)).await.expect(200);
        assert_eq!(said["userName"], email);
    }
    assert_eq!(app.user("boss@contoso.example").await, boss);
    // How old an account is elsewhere is not told.
    app.state.clock.advance(chrono::TimeDelta::hours(1));
    let known = json!({ "userName": "boss@contoso.example" });
    let linked = provider.post("/Users", &known).await.expect(201);
    assert!(text(&linked["meta"]["version"]).starts_with("W/\"1-"));
}

/// RFC 7643, section 2.2: values are told apart by case where their schema says so.
#[tokio::test(flavor = "multi_thread")]
async fn values_are_added_once_and_removed_whatever_their_case() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let user_path = format!("/Users/{}", provider.user("jo@x.example").await);
    let email = |value: &str| json!([{ "value": value, "type": "work" }]);
    let add = |value: &str| json!([{ "op": "add", "path": "emails", "value": email(value) }]);
    provider
        .patch(&user_path, add("rc@x.example"))
        .await
        .expect(200);
    let user = provider
        .patch(&user_path, add("RC@x.example"))
        .await
        .expect(200);
    assert_eq!(user["emails"], email("rc@x.example"));
    let remove =
        json!([{ "op": "remove", "path": "emails", "value": [{ "value": "RC@X.example" }] }]);
    let user = provider.patch(&user_path, remove).await.expect(200);
    assert!(user.get("emails").is_none(), "{user}");
    // Of what is no text, case counts.
    for (path, values) in [
        ("x509Certificates", ["QUJD", "QujD"]),
        ("photos", ["https://x.example/a", "https://x.example/A"]),
    ] {
        let values = values.map(|value| json!({ "value": value }));
        let each = values
            .clone()
            .map(|value| json!({ "op": "add", "path": path, "value": [value] }));
        let user = provider.patch(&user_path, json!(each)).await.expect(200);
        assert_eq!(user[path], json!(values));
    }
}
