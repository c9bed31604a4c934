//! Whom filters find, and in which order and parts lists come.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::provider::{ENTERPRISE, Provider, encoded, text};
use crate::support::App;

/// Four users beside Ada, and a group with the first two of them.
async fn people(app: &App) -> Provider {
    let provider = Provider::new(app).await;
    let mut ids = Vec::new();
    for user in [
        json!({ "userName": "Bo@x.example", "externalId": "B1", "title": "Engineer",
            "name": { "familyName": "O'Malley" }, "nickName": "b_b",
            "emails": [{ "value": "Bo@x.example", "type": "work", "primary": true },
                { "value": "bo@home.example", "type": "home" }],
            ENTERPRISE: { "department": "Engines", "manager": { "value": "boss" } } }),
        json!({ "userName": "cy@x.example", "externalId": "C1", "title": "Painter",
            "name": { "familyName": "Ziegler", "givenName": "Cy" }, "userType": "Intern",
            "emails": [{ "value": "cy@work.example", "type": "work" }],
            "phoneNumbers": [{ "value": "+1 555 (100)", "type": "mobile" }] }),
        json!({ "userName": "di@y.example", "active": false, "name": { "familyName": "adams" },
            "displayName": "Größe %_\\" }),
        json!({ "userName": "ed@y.example", "title": "engineer 2",
            "emails": [{ "value": "ed@y.example", "primary": true }] }),
    ] {
        app.state.clock.advance(TimeDelta::hours(1));
        let created = provider.post("/Users", &user).await.expect(201);
        ids.push(text(&created["id"]));
    }
    provider.group("Writers", &[&ids[0], &ids[1]]).await;
    provider
}

/// The first letters of those who are found.
async fn initials(provider: &Provider, filter: &str) -> String {
    let names = provider.named(filter).await;
    let mut initials: Vec<char> = names
        .iter()
        .map(|name| name.to_lowercase().chars().next().unwrap())
        .collect();
    initials.sort_unstable();
    initials.into_iter().collect()
}

/// Filters, and the initials of those whom they find.
const FOUND: &[(&str, &str)] = &[
    // Columns.
    ("userName eq \"BO@x.example\"", "b"),
    ("userName ne \"bo@x.example\"", "acde"),
    ("userName co \"O@\"", "b"),
    ("userName sw \"E\"", "e"),
    ("userName ew \"@Y.example\"", "de"),
    ("userName ew \"_y.example\"", ""),
    ("userName ew \"%\"", ""),
    ("userName ew \"\\\\\"", ""),
    ("userName ew \"ED@y.example\"", "e"),
    ("userName gt \"cy@x.example\"", "de"),
    ("userName ge \"cy@x.example\"", "cde"),
    ("userName lt \"bo@x.example\"", "a"),
    ("userName le \"bo@x.example\"", "ab"),
    ("userName pr", "abcde"),
    ("userName eq \" BO@x.example \"", "b"),
    ("userName sw \" bo\"", ""),
    ("externalId eq \"B1\"", "b"),
    ("externalId eq \"b1\"", ""),
    ("externalId ne \"B1\"", "acde"),
    ("externalId sw \"B\" or externalId ew \"1\"", "bc"),
    ("externalId gt \"B1\"", "c"),
    ("externalId pr", "bc"),
    ("not (externalId pr)", "ade"),
    ("not (externalId eq \"B1\")", "acde"),
    ("externalId eq null", "ade"),
    ("active eq true", "abce"),
    ("active eq \"False\"", "d"),
    ("active ne false", "abce"),
    ("meta.created gt \"2026-11-22T15:00:00Z\"", "cde"),
    ("meta.created ge \"2026-11-22T16:00:00+01:00\"", "bcde"),
    ("meta.lastModified le \"2026-11-22T15:00:00Z\"", "ab"),
    ("meta.created eq \"2026-11-22T14:00:00Z\"", "a"),
    ("meta.created eq \"2026-11-22T14:00:00\"", "a"),
    ("meta.created ge \"0001-01-01T00:00:00Z\"", "abcde"),
    ("meta.created gt \"9999-12-31T23:59:59.9999999Z\"", ""),
    (
        "meta[created gt \"2026-11-22T14:00:00Z\" and lastModified le \"2026-11-22T15:00:00Z\"]",
        "b",
    ),
    ("meta.resourceType eq \"User\"", "abcde"),
    ("meta.resourceType ne \"User\"", ""),
    // The document.
    ("title eq \"ENGINEER\"", "b"),
    ("title ne \"engineer\"", "acde"),
    ("title co \"gine\"", "be"),
    ("title sw \"eng\"", "be"),
    ("title ew \"er\"", "bc"),
    ("title gt \"engineer\"", "ce"),
    ("title ge \"engineer\"", "bce"),
    ("title lt \"engineer 2\"", "b"),
    ("title le \"engineer 2\"", "be"),
    ("title pr", "bce"),
    ("title eq null", "ad"),
    ("title ne null", "bce"),
    ("not (title sw \"eng\")", "acd"),
    ("name.familyName eq \"o'malley\"", "b"),
    ("NAME.FAMILYNAME sw \"z\"", "c"),
    ("name pr", "abcd"),
    ("name.formatted ew \"LOVELL\"", "a"),
    ("userType eq \"intern\"", "c"),
    ("userType ne \"intern\"", "abde"),
    ("nickName co \"_\"", "b"),
    ("nickName sw \"b%\"", ""),
    ("displayName ew \"%_\\\\\"", "d"),
    ("displayName co \"GRÖSSE\"", ""),
    ("displayName co \"GRÖßE\"", "d"),
    // Plural attributes: any value.
    ("emails eq \"bo@x.example\"", "b"),
    ("emails.value co \"@X.example\"", "b"),
    ("emails.value sw \"HOME\"", ""),
    ("emails.value sw \"bo@\"", "b"),
    ("emails.value ew \".example\"", "abce"),
    ("not (emails.value ew \"home.example\")", "acde"),
    ("emails co \"work\"", "c"),
    ("emails.type eq \"home\"", "b"),
    ("emails.type ne \"work\"", "b"),
    ("emails.primary eq true", "abe"),
    ("emails pr", "abce"),
    ("not (emails pr)", "d"),
    ("emails.type pr", "abc"),
    ("phoneNumbers.value ew \"(100)\"", "c"),
    ("phoneNumbers co \"+1\"", "c"),
    // One value that meets all of it.
    ("emails[type eq \"work\" and value co \"home\"]", ""),
    ("emails[type eq \"home\" and value co \"home\"]", "b"),
    ("emails[type eq \"WORK\" and not (primary eq true)]", "c"),
    ("emails[not (type pr)]", "e"),
    ("emails[type ne \"work\"]", "be"),
    ("emails[value sw \"ed\" or value sw \"cy\"]", "ce"),
    (
        "emails[value ew \".example\" and (type eq \"home\" or primary eq true)]",
        "abe",
    ),
    (
        "emails[value eq \"cy@work.example\" and type eq \"work\"]",
        "c",
    ),
    ("emails[type eq \"work\"].value eq \"cy@work.example\"", "c"),
    ("emails[value eq null]", ""),
    ("name[not (givenName pr)]", "bd"),
    ("name[familyName ne \"adams\"]", "abc"),
    ("not (name[familyName eq \"adams\"])", "abce"),
    ("manager[not (displayName pr)]", "b"),
    ("name.givenName eq \"CY\"", "c"),
    ("name.givenName ne \"cy\"", "abde"),
    ("name.familyName ge \"o\"", "bc"),
    // Extensions and schemas.
    ("department eq \"engines\"", "b"),
    ("department ne \"Engines\"", "acde"),
    (
        "department ew \"nes\" and not (department co \"motor\")",
        "b",
    ),
    (
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department sw \"eng\"",
        "b",
    ),
    (
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"boss\"",
        "b",
    ),
    (
        "urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"b\"",
        "b",
    ),
    (
        "schemas eq \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"",
        "b",
    ),
    (
        "schemas ne \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"",
        "acde",
    ),
    ("schemas co \"ENTERPRISE\"", "b"),
    ("schemas ew \":user\"", "abcde"),
    ("schemas sw \"urn:ietf\" and schemas co \"extension\"", "b"),
    (
        "schemas gt \"urn:ietf:params:scim:schemas:core:2.0:User\"",
        "b",
    ),
    (
        "schemas le \"urn:ietf:params:scim:schemas:core:2.0:User\"",
        "abcde",
    ),
    ("schemas co \"group\"", ""),
    ("meta.resourceType co \"se\"", "abcde"),
    ("meta.resourceType sw \"use\"", ""),
    // Groups.
    ("groups pr", "bc"),
    ("not (groups pr)", "ade"),
    ("groups.display eq \"WRITERS\"", "bc"),
    ("groups[display sw \"wri\" and type eq \"direct\"]", "bc"),
    ("groups.value eq \"nonsense\"", ""),
    ("groups.type eq \"DIRECT\"", "bc"),
    // Together.
    ("title pr and userType eq \"intern\"", "c"),
    ("title pr or userType eq \"intern\"", "bce"),
    (
        "title pr and not (emails co \"x.example\" or emails co \"work\")",
        "e",
    ),
    (
        "userName sw \"b\" or userName sw \"c\" and title sw \"e\"",
        "b",
    ),
    (
        "(userName sw \"b\" or userName sw \"c\") and title sw \"p\"",
        "c",
    ),
    ("not (not (userName sw \"b\"))", "b"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_operator_finds_whom_it_should() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = people(&app).await;
    for &(filter, found) in FOUND {
        assert_eq!(initials(&provider, filter).await, found, "{filter}");
    }
    for filter in [
        "nonsense eq \"x\"",
        "meta.version eq \"x\"",
        "meta.location pr and meta.location sw \"x\"",
        "groups.$ref eq \"x\"",
        "active gt true",
    ] {
        provider
            .find("/Users", filter)
            .await
            .refuse(400, "invalidFilter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_found_by_what_they_and_their_members_are() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = people(&app).await;
    let found = provider
        .find("/Users", "userName sw \"bo\"")
        .await
        .expect(200);
    let bo = text(&found["Resources"][0]["id"]);
    app.state.clock.advance(TimeDelta::hours(1));
    let empty = json!({ "displayName": "Empty", "externalId": "E" });
    provider.post("/Groups", &empty).await.expect(201);
    for (filter, names) in [
        ("displayName eq \"WRITERS\"".to_owned(), vec!["Writers"]),
        ("displayName ne \"writers\"".to_owned(), vec!["Empty"]),
        ("displayName co \"t\"".to_owned(), vec!["Writers", "Empty"]),
        (
            "displayName sw \"w\" and displayName ew \"s\"".to_owned(),
            vec!["Writers"],
        ),
        ("schemas co \"group\"".to_owned(), vec!["Writers", "Empty"]),
        ("schemas ew \":user\"".to_owned(), vec![]),
        ("externalId eq \"E\"".to_owned(), vec!["Empty"]),
        ("not (externalId pr)".to_owned(), vec!["Writers"]),
        (format!("members.value eq \"{bo}\""), vec!["Writers"]),
        (
            format!("members[value eq \"{bo}\" and type eq \"User\"]"),
            vec!["Writers"],
        ),
        (format!("members ne \"{bo}\""), vec!["Writers"]),
        ("displayName eq \" writers \"".to_owned(), vec!["Writers"]),
        (
            format!("members.value eq \"{}\"", bo.to_uppercase()),
            vec![],
        ),
        (
            "members.display eq \"cy ZIEGLER\"".to_owned(),
            vec!["Writers"],
        ),
        ("members.display sw \"bo@\"".to_owned(), vec![]),
        ("not (members pr)".to_owned(), vec!["Empty"]),
        (
            "meta.created gt \"2026-11-22T18:00:00Z\"".to_owned(),
            vec!["Empty"],
        ),
    ] {
        let list = provider.find("/Groups", &filter).await.expect(200);
        let list: Vec<&str> = list["Resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["displayName"].as_str().unwrap())
            .collect();
        assert_eq!(list, names, "{filter}");
    }
}

/// The database has seen so many users that it expects them still.
async fn expect_many_users(app: &App) {
    for statement in [
        "ALTER TABLE scim_users SET (autovacuum_enabled = false),
            DROP CONSTRAINT scim_users_organization_id_user_id_fkey",
        "INSERT INTO scim_users (organization_id, user_id, user_name, active, created_at, modified_at, title)
            SELECT id, gen_random_uuid(), 'gone' || number, true, now(), now(), 'None'
            FROM organizations, generate_series(1, 40000) AS number",
        "ANALYZE scim_users",
        "DELETE FROM scim_users WHERE user_name LIKE 'gone%'",
    ] {
        app.sql(statement).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_sorted_and_come_in_parts_with_the_whole_number() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = people(&app).await;
    let page = async |query: &str| {
        let list = provider.get(&format!("/Users?{query}")).await.expect(200);
        let names: String = list["Resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| text(&user["userName"]).to_lowercase().remove(0))
            .collect();
        let number = |name: &str| list[name].as_i64().unwrap();
        assert_eq!(number("itemsPerPage"), i64::try_from(names.len()).unwrap());
        (names, number("totalResults"), number("startIndex"))
    };
    let sorted = [
        ("", "abcde"),
        ("sortBy=userName&sortOrder=descending", "edcba"),
        ("sortBy=title", "becad"),
        // Who has none comes last, or first.
        ("sortBy=title&sortOrder=descending", "daceb"),
        ("sortBy=name.familyName", "dabce"),
        // By the primary address, or else the first.
        ("sortBy=emails", "abced"),
        ("sortBy=externalId&sortOrder=ascending", "bcade"),
        ("sortBy=meta.created&sortOrder=descending", "edcba"),
        ("sortBy=meta.lastModified", "abcde"),
        ("sortBy=active", "dabce"),
        ("sortBy=department", "bacde"),
        ("sortBy=userType", "cabde"),
        ("sortBy=name.formatted", "abcde"),
    ];
    let parts = [
        ("startIndex=2&count=2", ("bc", 5, 2)),
        ("startIndex=5&count=2", ("e", 5, 5)),
        ("startIndex=6", ("", 5, 6)),
        ("startIndex=9223372036854775807", ("", 5, i64::MAX)),
        ("count=0", ("", 5, 1)),
        ("startIndex=-3&count=-2", ("", 5, 1)),
    ];
    // All who are found are collected, or an order is walked along until the page is full: by how
    // many the database expects.
    for are_many in [false, true] {
        if are_many {
            expect_many_users(&app).await;
        }
        for filter in ["", "filter=userName%20pr&"] {
            for (query, names) in sorted {
                let found = page(&format!("{filter}{query}")).await;
                assert_eq!(found, (names.to_owned(), 5, 1), "{filter}{query}");
            }
            for (query, (names, total, start)) in parts {
                let found = page(&format!("{filter}{query}")).await;
                assert_eq!(found, (names.to_owned(), total, start), "{filter}{query}");
            }
        }
        let filtered = "filter=title%20pr&sortBy=userName&startIndex=2&count=1";
        assert_eq!(page(filtered).await, ("c".into(), 3, 2));
        let nobody = "filter=title%20eq%20%22none%22&sortBy=userName";
        assert_eq!(page(nobody).await, (String::new(), 0, 1));
    }
    for bad in ["sortBy=nonsense", "sortBy=name"] {
        provider
            .get(&format!("/Users?{bad}"))
            .await
            .refuse(400, "invalidPath");
    }
    provider
        .get("/Users?count=x")
        .await
        .refuse(400, "invalidValue");

    // The same in a body.
    let search = json!({ "filter": "title pr", "sortBy": "userName", "startIndex": 2, "count": 1,
        "attributes": ["userName"] });
    let list = provider.post("/Users/.search", &search).await.expect(200);
    assert_eq!(list["totalResults"], 3);
    let user = &list["Resources"][0];
    assert_eq!(user.as_object().unwrap().len(), 3);
    assert_eq!(user["userName"], "cy@x.example");
    let search = json!({ "filter": "members pr", "excludedAttributes": ["members"] });
    let list = provider.post("/Groups/.search", &search).await.expect(200);
    assert_eq!(list["Resources"][0]["displayName"], "Writers");
    assert_eq!(list["Resources"][0].get("members"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_are_returned_as_asked_for() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = people(&app).await;
    let found = provider
        .find("/Users", "userName sw \"bo\"")
        .await
        .expect(200);
    let path = format!("/Users/{}", text(&found["Resources"][0]["id"]));
    let keys = async |query: &str| -> Vec<String> {
        let user = provider.get(&format!("{path}?{query}")).await.expect(200);
        let mut keys: Vec<String> = user.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(keys("attributes=title").await, ["id", "schemas", "title"]);
    assert_eq!(
        keys("attributes=groups,emails.type").await,
        ["emails", "groups", "id", "schemas"]
    );
    let rest = keys("excludedAttributes=groups,emails,id,meta").await;
    assert!(rest.contains(&"id".to_owned()) && rest.contains(&"title".to_owned()));
    assert!(!rest.contains(&"groups".to_owned()) && !rest.contains(&"meta".to_owned()));
    let department = provider
        .get(&format!("{path}?attributes={ENTERPRISE}:department"))
        .await
        .expect(200);
    assert_eq!(department[ENTERPRISE], json!({ "department": "Engines" }));
    let change = json!([{ "op": "replace", "path": "title", "value": "Fitter" }]);
    let changed = provider
        .patch(&format!("{path}?attributes=title"), change)
        .await;
    let changed: Value = changed.expect(200);
    assert_eq!(changed["title"], "Fitter");
    assert_eq!(changed.get("userName"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_read_whatever_the_case_of_its_names_and_with_nulls() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    for number in 0..3 {
        provider.user(&format!("{number}@northwind.example")).await;
    }
    let body = json!({ "Filter": "userName sw \"1\"", "STARTINDEX": 1, "attributes": null,
        "excludedAttributes": null, "sortBy": null, "count": null });
    let found = provider.post("/Users/.search", &body).await.expect(200);
    assert_eq!(found["totalResults"], 1, "{found}");
    let everything = provider.post("/.search", &body).await.expect(200);
    assert_eq!(everything["totalResults"], 1, "{everything}");
    let path = format!("/Users?FILTER={}&Count=0", encoded("userName sw \"1\""));
    let found = provider.get(&path).await.expect(200);
    assert_eq!(
        (&found["totalResults"], &found["itemsPerPage"]),
        (&json!(1), &json!(0))
    );
    for no_search in [json!([]), json!([["userName"]]), json!("userName pr")] {
        let refused = provider.post("/Users/.search", &no_search).await;
        refused.refuse(400, "invalidSyntax");
    }
}
