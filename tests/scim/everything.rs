//! Users and groups searched for at once (RFC 7644, section 3.4.3).

use serde_json::{Value, json};

use super::provider::{Provider, USER, text};
use crate::support::App;

/// What they are called, in order, and how many there are in all.
async fn search(provider: &Provider, body: Value) -> (Vec<String>, i64) {
    let list = provider.post("/.search", &body).await.expect(200);
    let resources = list["Resources"].as_array().unwrap();
    assert_eq!(list["itemsPerPage"], resources.len());
    assert_eq!(list["startIndex"], body["startIndex"].as_i64().unwrap_or(1));
    let name = |resource: &Value| match resource["meta"]["resourceType"].as_str() {
        Some("User") => text(&resource["userName"]),
        Some("Group") => text(&resource["displayName"]),
        other => panic!("{other:?} in {resource}"),
    };
    let names = resources.iter().map(name).collect();
    (names, list["totalResults"].as_i64().unwrap())
}

/// Ada, whom nobody provisioned, three users and three groups; of each some with a display name or
/// an ID at the client.
async fn world(app: &App) -> Provider {
    let provider = Provider::new(app).await;
    let group = |name: &str, id: &str| {
        json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name, "externalId": id })
    };
    let user = |name: &str, rest: Value| {
        let mut user = json!({ "schemas": [USER], "userName": format!("{name}@x.example") });
        user.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        user
    };
    for (path, body) in [
        (
            "/Users",
            user("jo", json!({ "displayName": "Bo", "externalId": "5" })),
        ),
        ("/Groups", group("alpha", "2")),
        (
            "/Users",
            user("eve", json!({ "displayName": "Delta", "title": "Editor" })),
        ),
        ("/Groups", group("Cäsar", "9")),
        ("/Groups", group("Écoles", "1")),
        ("/Users", user("mei", json!({ "externalId": "3" }))),
    ] {
        provider.post(path, &body).await.expect(201);
        app.state.clock.advance(chrono::TimeDelta::minutes(1));
    }
    provider
}

const ADA: &str = "ada@northwind.example";
const JO: &str = "jo@x.example";
const EVE: &str = "eve@x.example";
const MEI: &str = "mei@x.example";

#[tokio::test(flavor = "multi_thread")]
async fn users_and_groups_are_found_in_one_list() {
    let app = App::start().await;
    let provider = world(&app).await;
    let everybody = [ADA, JO, EVE, MEI, "alpha", "Cäsar", "Écoles"];
    assert_eq!(
        search(&provider, json!({})).await,
        (everybody.map(str::to_owned).to_vec(), 7)
    );
    for (filter, names) in [
        (r#"displayName co "a""#, &[ADA, EVE, "alpha", "Cäsar"][..]),
        (
            r#"meta.resourceType eq "Group""#,
            &["alpha", "Cäsar", "Écoles"],
        ),
        (
            r#"(meta.resourceType eq "User") or (meta.resourceType eq "Group")"#,
            &everybody,
        ),
        (
            r#"userName eq "jo@x.example" or displayName eq "ALPHA""#,
            &[JO, "alpha"],
        ),
        // What groups have not, they have no value of.
        ("userName pr", &[ADA, JO, EVE, MEI]),
        ("not (userName pr)", &["alpha", "Cäsar", "Écoles"]),
        (r#"title eq null and displayName sw "c""#, &["Cäsar"]),
        (
            r#"title ne "Editor""#,
            &[ADA, JO, MEI, "alpha", "Cäsar", "Écoles"],
        ),
        ("title ne null", &[EVE]),
        // Of several values one is to differ, and they have none.
        (r#"emails.type ne "home""#, &[ADA]),
        (r#"members.value ne "x""#, &[]),
        (
            r#"emails[type ne "home"] or members.value eq null"#,
            &everybody,
        ),
        (
            r#"emails[type eq "work"] or externalId eq "9""#,
            &[ADA, "Cäsar"],
        ),
        (r#"externalId ge "3""#, &[JO, MEI, "Cäsar"]),
        ("members pr", &[]),
    ] {
        let found = search(&provider, json!({ "filter": filter })).await;
        let count = i64::try_from(names.len()).unwrap();
        assert_eq!(
            found,
            (names.iter().map(|it| (*it).to_owned()).collect(), count),
            "{filter}"
        );
    }
}

/// What has no value comes last, and first where the order descends.
#[tokio::test(flavor = "multi_thread")]
async fn the_order_is_one_and_pages_go_over_both() {
    let app = App::start().await;
    let provider = world(&app).await;
    for (by, order) in [
        (
            "displayName",
            [ADA, "alpha", JO, "Cäsar", EVE, "Écoles", MEI],
        ),
        (
            "externalId",
            ["Écoles", "alpha", MEI, JO, "Cäsar", ADA, EVE],
        ),
        (
            "meta.created",
            [ADA, JO, "alpha", EVE, "Cäsar", "Écoles", MEI],
        ),
        ("userName", [ADA, EVE, JO, MEI, "alpha", "Cäsar", "Écoles"]),
        ("title", [EVE, ADA, JO, MEI, "alpha", "Cäsar", "Écoles"]),
    ] {
        let all = json!({ "sortBy": by });
        assert_eq!(search(&provider, all).await.0, order, "{by}");
        for descends in [false, true] {
            let sort = if descends { "descending" } else { "ascending" };
            let whole = search(&provider, json!({ "sortBy": by, "sortOrder": sort }))
                .await
                .0;
            for size in [1, 2, 3, 5] {
                let mut pages = Vec::new();
                for start in (1..=9).step_by(size) {
                    let page = json!({ "sortBy": by, "sortOrder": sort,
                        "startIndex": start, "count": size });
                    let (names, total) = search(&provider, page).await;
                    assert_eq!(total, 7);
                    pages.extend(names);
                }
                assert_eq!(pages, whole, "{by} {sort} {size}");
            }
        }
    }
    let backwards = json!({ "sortBy": "displayName", "sortOrder": "descending" });
    let order = [MEI, "Écoles", EVE, "Cäsar", JO, "alpha", ADA];
    assert_eq!(search(&provider, backwards).await.0, order);
    let users_last = json!({ "sortBy": "userName", "sortOrder": "descending" });
    let order = ["alpha", "Cäsar", "Écoles", MEI, JO, EVE, ADA];
    assert_eq!(search(&provider, users_last).await.0, order);
    let unsorted = search(&provider, json!({ "startIndex": 4, "count": 2 })).await;
    assert_eq!(unsorted, (vec![MEI.to_owned(), "alpha".to_owned()], 7));
    let counted = search(&provider, json!({ "count": 0, "sortBy": "displayName" })).await;
    assert_eq!(counted, (Vec::new(), 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_is_answered_as_by_itself_and_only_what_is_wanted() {
    let app = App::start().await;
    let provider = world(&app).await;
    let jo = text(
        &provider
            .find("/Users", "userName eq \"jo@x.example\"")
            .await
            .body["Resources"][0]["id"],
    );
    let readers = provider.group("Readers", &[&jo]).await;
    let list = json!({ "filter": format!("id eq \"{jo}\" or id eq \"{readers}\"") });
    let list = provider.post("/.search", &list).await.expect(200);
    let user = provider.get(&format!("/Users/{jo}")).await.expect(200);
    let group = provider
        .get(&format!("/Groups/{readers}"))
        .await
        .expect(200);
    assert_eq!(list["Resources"], json!([user, group]));
    let less =
        json!({ "attributes": ["displayName", "members"], "filter": "displayName sw \"Reader\"" });
    let less = provider.post("/.search", &less).await.expect(200);
    let mut wanted = group.clone();
    wanted.as_object_mut().unwrap().remove("meta");
    assert_eq!(less["Resources"], json!([wanted]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_no_schema_and_what_is_another_organizations_is_not_found() {
    let app = App::start().await;
    let provider = world(&app).await;
    for (body, kind) in [
        (json!({ "filter": "nonsense pr" }), "invalidFilter"),
        (json!({ "filter": "userName eq" }), "invalidFilter"),
        (json!({ "filter": "active gt true" }), "invalidFilter"),
        (json!({ "sortBy": "nonsense" }), "invalidPath"),
        (
            json!({ "sortBy": "userName", "sortOrder": "up" }),
            "invalidValue",
        ),
        (json!({ "count": "x" }), "invalidSyntax"),
    ] {
        provider.post("/.search", &body).await.refuse(400, kind);
    }
    provider.get("/.search").await.refuse(405, "");
    let other = app.another_organization("Contoso").await;
    let stranger = Provider::of(&app, other).await;
    for body in [
        json!({}),
        json!({ "sortBy": "displayName" }),
        json!({ "filter": "id pr" }),
    ] {
        assert_eq!(search(&stranger, body).await, (Vec::new(), 0));
    }
}
