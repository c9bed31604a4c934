//! Groups.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use super::provider::{Provider, members_of, text};
use crate::support::App;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_members_are_pushed_at_once() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    app.sql(
        "INSERT INTO users (id, email, name, created_at)
            SELECT md5(n::text)::uuid, n || '@x.example', 'Number ' || n, '2026-11-22T14:00Z'
            FROM generate_series(1, 1000) AS n",
    )
    .await;
    let everybody = format!(
        "INSERT INTO memberships (organization_id, user_id, role, created_at)
            SELECT '{}', id, 'member', created_at FROM users WHERE name LIKE 'Number %'",
        app.organization
    );
    app.sql(&everybody).await;
    let ids = app
        .sql("SELECT id::text FROM users WHERE name LIKE 'Number %'")
        .await;
    let members: Vec<Value> = ids
        .iter()
        .map(|row| json!({ "value": row.get::<_, &str>(0), "display": "x", "$ref": null }))
        .collect();
    let path = format!("/Groups/{}", provider.group("Everybody", &[]).await);
    let start = Instant::now();
    let add = json!([{ "op": "add", "path": "members", "value": members }]);
    provider.patch(&path, add).await.expect(204);
    let pushed = start.elapsed();
    assert_eq!(app.count("SELECT count(*) FROM group_members").await, 1_000);
    // Each by an operation of its own.
    let one_by_one: Vec<Value> = members
        .iter()
        .take(999)
        .map(|member| {
            let id = text(&member["value"]);
            json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") })
        })
        .collect();
    provider.patch(&path, one_by_one.into()).await.expect(204);
    assert_eq!(app.count("SELECT count(*) FROM group_members").await, 1);
    let whole = json!({ "displayName": "Everybody", "members": members });
    let group = provider.put(&path, &whole).await.expect(200);
    assert_eq!(group["members"].as_array().unwrap().len(), 1_000);
    assert!(pushed.as_secs() < 5, "{pushed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_have_names_of_all_languages() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    for name in [
        "Team ❤\u{fe0f}",
        "👩\u{200d}💻 Devs",
        "می\u{200c}خواهم",
        "צוות\u{200f} A",
    ] {
        let group = provider.group(name, &[]).await;
        let filter = format!("displayName eq \"{name}\"");
        let found = provider.find("/Groups", &filter).await.expect(200);
        assert_eq!(found["totalResults"], 1, "{name}");
        assert_eq!(found["Resources"][0]["displayName"], name);
        let rename = json!([{ "op": "replace", "value": { "id": group, "displayName": format!("{name}!") } }]);
        provider
            .patch(&format!("/Groups/{group}"), rename)
            .await
            .expect(204);
    }
    let user = json!({ "userName": "jo@x.example", "displayName": "می\u{200c}خواهم" });
    provider.post("/Users", &user).await.expect(201);
    let named = "SELECT count(*) FROM users WHERE name = 'می\u{200c}خواهم'";
    assert_eq!(app.count(named).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_removed_by_their_ids_and_what_they_are() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let [bo, cy] = [provider.user("bo@x.example"), provider.user("cy@x.example")];
    let (bo, cy) = (bo.await, cy.await);
    let path = format!("/Groups/{}", provider.group("Writers", &[&bo, &cy]).await);
    let remove = |filter: String| json!([{ "op": "remove", "path": format!("members[{filter}]") }]);
    for filter in [
        r#"type eq "User""#.to_owned(),
        r#"type eq "User" and type eq "User""#.to_owned(),
        format!("value ne \"{bo}\""),
        format!("value eq \"{bo}\" and value eq \"{cy}\""),
    ] {
        let refused = provider.patch(&path, remove(filter)).await;
        refused.refuse(400, "invalidFilter");
    }
    let one = format!("type eq \"user\" and value eq \"{bo}\"");
    provider.patch(&path, remove(one)).await.expect(204);
    let group = provider.get(&path).await.expect(200);
    assert_eq!(members_of(&group), [cy]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_the_providers_from_its_first_change_on() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let user = provider.user("jo@x.example").await;
    let by_hand = |id: u128, name: &str, role: &str| {
        format!(
            "INSERT INTO groups (id, organization_id, name, role, created_at)
                VALUES ('{}', '{}', '{name}', {role}, '2026-11-22T14:00Z')",
            uuid::Uuid::from_u128(id),
            app.organization
        )
    };
    app.sql(&by_hand(1, "Writers", "NULL")).await;
    app.sql(&by_hand(2, "Administrators", "'admin'")).await;
    let all = provider.get("/Groups?sortBy=displayName").await.expect(200);
    assert_eq!(all["totalResults"], 2);
    let path = |at: usize| format!("/Groups/{}", text(&all["Resources"][at]["id"]));
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]);
    provider.patch(&path(1), add.clone()).await.expect(204);
    let managed = "SELECT count(*) FROM groups WHERE managed AND name = 'Writers'";
    assert_eq!(app.count(managed).await, 1);
    let told = "SELECT changes::text FROM journal WHERE action = 'group.edited'";
    let told = app.sql(told).await[0].get::<_, String>(0);
    assert!(told.contains("kept_by") && told.contains("SCIM"), "{told}");
    let version = "SELECT version FROM groups WHERE managed";
    let version: i32 = app.sql(version).await[0].get(0);
    assert!(version > 2, "taken on, and with a member: {version}");
    // Whoever may provision makes nobody an administrator.
    provider.patch(&path(0), add.clone()).await.refuse(409, "");
    provider.delete(&path(0)).await.refuse(409, "");
    assert_eq!(app.count("SELECT count(*) FROM group_members").await, 1);
    // Unless an administrator gave the role to a group of the provider's.
    app.sql("UPDATE groups SET role = 'admin' WHERE managed")
        .await;
    let ada = "SELECT user_id::text FROM memberships WHERE role = 'admin'";
    let ada = app.sql(ada).await[0].get::<_, String>(0);
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": ada }] }]);
    provider.patch(&path(1), add).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_ids_are_unique_and_versions_count() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let group = |name: &str, id: &str| json!({ "displayName": name, "externalId": id });
    let first = provider
        .post("/Groups", &group("Engines", "1"))
        .await
        .expect(201);
    provider
        .post("/Groups", &group("ENGINES", "2"))
        .await
        .refuse(409, "uniqueness");
    provider
        .post("/Groups", &group("Looms", "1"))
        .await
        .refuse(409, "uniqueness");
    provider
        .post("/Groups", &json!({}))
        .await
        .refuse(400, "invalidValue");
    let long = group(&"x".repeat(257), "2");
    provider
        .post("/Groups", &long)
        .await
        .refuse(400, "invalidValue");
    let path = format!("/Groups/{}", text(&first["id"]));
    let request = provider.request(Method::PUT, &path);
    let stale = request
        .header("if-match", "W/\"7\"")
        .body(group("x", "1").to_string());
    provider.send(stale).await.refuse(412, "");
    let changed = provider.put(&path, &group("Motors", "9")).await.expect(200);
    assert_ne!(changed["meta"]["version"], first["meta"]["version"]);
    assert_eq!(
        (&changed["displayName"], &changed["externalId"]),
        (&json!("Motors"), &json!("9"))
    );
    // As a whole or not at all.
    let operations = json!([
        { "op": "replace", "path": "displayName", "value": "Other" },
        { "op": "add", "path": "members", "value": [{ "display": "without an ID" }] },
    ]);
    provider
        .patch(&path, operations)
        .await
        .refuse(400, "invalidValue");
    assert_eq!(provider.get(&path).await.expect(200), changed);
    // What is asked for is returned.
    let user = provider.user("jo@x.example").await;
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]);
    let said = provider
        .patch(&format!("{path}?attributes=members.value"), add)
        .await;
    let said = said.expect(200);
    assert_eq!(said["members"], json!([{ "value": user }]));
    assert_eq!(said.get("displayName"), None);
}

/// A provider does not send a group again that was refused because of one of its members.
#[tokio::test(flavor = "multi_thread")]
async fn members_who_are_gone_are_passed_over() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    let provider = Provider::new(&app).await;
    let stranger = Provider::of(&app, other).await.user("eve@x.example").await;
    let (one, gone) = (
        provider.user("one@x.example").await,
        provider.user("gone@x.example").await,
    );
    provider.delete(&format!("/Users/{gone}")).await.expect(204);
    let members = json!([{ "value": gone }, { "value": one }, { "value": stranger }]);
    let new = json!({ "displayName": "Engines", "members": members });
    let group = provider.post("/Groups", &new).await.expect(201);
    let only = [one];
    assert_eq!(members_of(&group), only);
    let path = format!("/Groups/{}", text(&group["id"]));
    let again = provider.put(&path, &new).await.expect(200);
    assert_eq!(again, group);
    for op in ["add", "replace"] {
        let change = json!([{ "op": op, "path": "members", "value": members }]);
        provider.patch(&path, change).await.expect(204);
        assert_eq!(members_of(&provider.get(&path).await.expect(200)), only);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_another_without_a_member_who_is_removed() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let mei = provider.user("mei@x.example").await;
    let path = format!("/Groups/{}", provider.group("Writers", &[&mei]).await);
    let before = provider.get(&path).await.expect(200);
    let removed = provider.delete(&format!("/Users/{mei}")).await;
    removed.expect(204);
    let after = provider.get(&path).await.expect(200);
    assert_ne!(after["meta"]["version"], before["meta"]["version"]);
    assert_eq!(
        after["members"].as_array().map_or(0, Vec::len),
        0,
        "{after}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_changed_only_as_the_version_that_was_read() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let user = provider.user("jo@x.example").await;
    let path = format!("/Groups/{}", provider.group("Engines", &[]).await);
    let before = provider.get(&path).await;
    let (old, tag) = (before.etag(), before.expect(200)["meta"]["version"].clone());
    assert_eq!(text(&tag), old);
    let whole = json!({ "displayName": "Motors" });
    let add = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "add", "path": "members", "value": [{ "value": user }] }] });
    let send = async |method: Method, body: &Value, tag: &str| {
        let request = provider.with_body(method, &path, body);
        provider.send(request.header("if-match", tag)).await
    };
    let journal = "SELECT count(*) FROM journal";
    let entries = app.count(journal).await;
    for wrong in ["W/\"99\"", "\"x\""] {
        send(Method::PUT, &whole, wrong).await.refuse(412, "");
        send(Method::PATCH, &add, wrong).await.refuse(412, "");
        send(Method::DELETE, &json!({}), wrong)
            .await
            .refuse(412, "");
    }
    assert_eq!(app.count(journal).await, entries);
    let known = provider.request(Method::GET, &path);
    let known = provider.send(known.header("if-none-match", &old)).await;
    assert_eq!(known.status, 304);
    send(Method::PATCH, &add, &old).await.expect(204);
    let newer = provider.request(Method::GET, &path);
    let newer = provider.send(newer.header("if-none-match", &old)).await;
    assert_eq!(newer.status, 200);
    send(Method::PUT, &whole, &old).await.refuse(412, "");
    let present = newer.etag();
    assert_eq!(send(Method::DELETE, &json!({}), &present).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_as_asked_is_not_done() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let path = format!("/Groups/{}", provider.group("Engines", &[]).await);
    let odd = format!("{path}?count=x");
    let whole = json!({ "displayName": "Motors" });
    provider.put(&odd, &whole).await.refuse(400, "invalidValue");
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "Motors" }]);
    let odd = format!("{odd}&attributes=displayName");
    provider
        .patch(&odd, rename)
        .await
        .refuse(400, "invalidValue");
    assert_eq!(
        provider.get(&path).await.expect(200)["displayName"],
        "Engines"
    );
    // What was asked for is answered, and nothing else.
    let made = provider
        .post("/Groups?attributes=displayName", &whole)
        .await;
    let made = made.expect(201);
    assert!(
        made.get("meta").is_none() && made["displayName"] == "Motors",
        "{made}"
    );
    let (path, looms) = (
        format!("{path}?excludedAttributes=meta"),
        json!({ "displayName": "Looms" }),
    );
    let changed = provider.put(&path, &looms).await.expect(200);
    assert!(
        changed.get("meta").is_none() && changed["id"].is_string(),
        "{changed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_in_order_whatever_their_case() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    for name in ["Zebras", "alpacas", "Bisons"] {
        provider.group(name, &[]).await;
    }
    let sorted = provider.get("/Groups?sortBy=displayName").await.expect(200);
    let names: Vec<&str> = sorted["Resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["displayName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["alpacas", "Bisons", "Zebras"]);
    for (list, many) in [
        ("Groups", "members"),
        ("Users", "groups.value"),
        ("Users", "schemas"),
    ] {
        let by_many = provider.get(&format!("/{list}?sortBy={many}")).await;
        by_many.refuse(400, "invalidPath");
    }
}

/// They are answered with it.
#[tokio::test(flavor = "multi_thread")]
async fn the_version_of_a_group_is_that_of_its_members_names_too() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let jo = provider.user("jo@x.example").await;
    let path = format!("/Groups/{}", provider.group("Readers", &[&jo]).await);
    let other = format!("/Groups/{}", provider.group("Writers", &[]).await);
    let (before, others) = (
        provider.get(&path).await.etag(),
        provider.get(&other).await.etag(),
    );
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "Jo Park" }]);
    provider
        .patch(&format!("/Users/{jo}"), rename)
        .await
        .expect(200);
    let known = provider.request(Method::GET, &path);
    let known = provider.send(known.header("if-none-match", &before)).await;
    assert_eq!(known.expect(200)["members"][0]["display"], "Jo Park");
    assert_eq!(provider.get(&other).await.etag(), others);
    let retitle = json!([{ "op": "replace", "path": "title", "value": "Engineer" }]);
    let before = provider.get(&path).await.etag();
    provider
        .patch(&format!("/Users/{jo}"), retitle)
        .await
        .expect(200);
    assert_eq!(provider.get(&path).await.etag(), before);
}

/// The operations of a request are one change: one may take the place of another.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_is_replaced_by_one_request() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let mut ids = Vec::new();
    for email in ["cai@northwind.example", "cleo@northwind.example"] {
        app.add_member(app.organization, email, tokendesk::access::Role::Member)
            .await;
        ids.push(app.user(email).await.to_string());
    }
    let path = format!(
        "/Groups/{}",
        provider.group("Administrators", &[&ids[0]]).await
    );
    app.sql("UPDATE groups SET role = 'admin'").await;
    app.sql("UPDATE memberships SET role = 'member'").await;
    let add = |id: &str| json!({ "op": "add", "path": "members", "value": [{ "value": id }] });
    let remove =
        |id: &str| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") });
    let (one, other) = (&ids[0], &ids[1]);
    provider
        .patch(&path, json!([add(other), remove(one)]))
        .await
        .expect(204);
    provider
        .patch(&path, json!([remove(other), add(one)]))
        .await
        .expect(204);
    let alone = provider.patch(&path, json!([remove(one)])).await;
    alone.refuse(409, "");
    let group = provider.get(&path).await.expect(200);
    assert_eq!(members_of(&group), std::slice::from_ref(one));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_takes_no_group_from_administrators() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let group = format!(
        "INSERT INTO groups (id, organization_id, name, created_at)
            VALUES (gen_random_uuid(), '{}', 'Writers', '2026-11-22T14:00Z')",
        app.organization
    );
    app.sql(&group).await;
    let listed = provider.get("/Groups").await.expect(200)["Resources"][0].clone();
    let path = format!("/Groups/{}", text(&listed["id"]));
    let tag = provider.get(&path).await.etag();
    provider.patch(&path, json!([])).await.expect(204);
    let unknown = json!([{ "op": "replace", "path": "colour", "value": "red" }]);
    provider.patch(&path, unknown).await.expect(204);
    provider.put(&path, &listed).await.expect(200);
    assert_eq!(provider.get(&path).await.etag(), tag);
    assert_eq!(
        app.count("SELECT count(*) FROM groups WHERE managed").await,
        0
    );
    assert_eq!(
        app.count("SELECT count(*) FROM journal WHERE action = 'group.edited'")
            .await,
        0
    );
}

/// However many groups are asked for, the answer fits into memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_groups_ends_before_it_has_too_many_members() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    app.fill_directory(&[
        "INSERT INTO users (id, email, name, created_at)
            SELECT md5(n::text)::uuid, n || '@x.example', 'Number ' || n, '2026-11-22T14:00Z'
            FROM generate_series(1, 20000) AS n"
            .to_owned(),
        format!(
            "INSERT INTO memberships (organization_id, user_id, role, created_at)
                SELECT '{}', id, 'member', created_at FROM users WHERE name LIKE 'Number %'",
            app.organization
        ),
        format!(
            "INSERT INTO groups (id, organization_id, name, created_at)
                SELECT md5('group' || n)::uuid, '{}', 'Group ' || n, '2026-11-22T14:00Z'
                FROM generate_series(1, 4) AS n",
            app.organization
        ),
        "INSERT INTO group_members (organization_id, group_id, user_id)
            SELECT groups.organization_id, groups.id, users.id FROM groups, users
            WHERE users.name LIKE 'Number %' AND groups.name <> 'Group 4'"
            .to_owned(),
    ])
    .await;
    let names = |list: &Value| -> Vec<String> {
        let groups = list["Resources"].as_array().unwrap().iter();
        groups.map(|group| text(&group["displayName"])).collect()
    };
    let page = async |rest: &str| {
        let path = format!("/Groups?sortBy=displayName&count=200{rest}");
        let list = provider.get(&path).await.expect(200);
        assert_eq!(list["totalResults"], 4);
        assert_eq!(list["itemsPerPage"], names(&list).len());
        names(&list)
    };
    assert_eq!(page("").await, ["Group 1", "Group 2"]);
    assert_eq!(page("&startIndex=3").await, ["Group 3", "Group 4"]);
    assert_eq!(page("&excludedAttributes=members").await.len(), 4);
    // The same where users are listed beside them.
    let search =
        json!({ "count": 200, "sortBy": "displayName", "filter": "displayName sw \"Group\"" });
    let both = provider.post("/.search", &search).await.expect(200);
    assert_eq!(names(&both), ["Group 1", "Group 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_member_is_not_the_member() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let user = provider.user("jo@x.example").await;
    let path = format!("/Groups/{}", provider.group("Weavers", &[&user]).await);
    for part in ["display", "$ref", "value"] {
        let part = format!("members[value eq \"{user}\"].{part}");
        let remove = json!([{ "op": "remove", "path": part }]);
        provider
            .patch(&path, remove)
            .await
            .refuse(400, "mutability");
    }
    assert_eq!(members_of(&provider.get(&path).await.expect(200)), [user]);
}
