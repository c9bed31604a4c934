//! Values of plural attributes are found as they are now, and in their own organisation.

use serde_json::{Value, json};

use super::provider::{Provider, text};
use crate::support::App;

#[tokio::test(flavor = "multi_thread")]
async fn values_are_found_as_they_are_now() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let jo = json!({ "userName": "jo@x.example",
        "phoneNumbers": [{ "value": "+1 555 100", "type": "mobile" }, { "value": "+1 555 200", "type": "work" }],
        "roles": [{ "value": "Painter" }] });
    let jo = provider.post("/Users", &jo).await.expect(201);
    let path = format!("/Users/{}", text(&jo["id"]));
    let finds = async |filter: &str, is_found: bool| {
        let found = provider.named(filter).await;
        assert_eq!(
            found.contains(&"jo@x.example".to_owned()),
            is_found,
            "{filter}"
        );
    };
    finds(
        "phoneNumbers[type eq \"mobile\" and value ew \"100\"]",
        true,
    )
    .await;
    finds("phoneNumbers[type eq \"work\" and value ew \"100\"]", false).await;

    let rows = "SELECT string_agg(ctid::text, ' ' ORDER BY number) FROM scim_values
        WHERE attribute = 'phoneNumbers'";
    let before: String = app.sql(rows).await[0].get(0);
    let title = json!([{ "op": "replace", "path": "title", "value": "Painter" }]);
    provider.patch(&path, title).await.expect(200);
    let after: String = app.sql(rows).await[0].get(0);
    assert_eq!(before, after, "they are not written again");

    let value = "phoneNumbers[type eq \"mobile\"].value";
    let change = json!([{ "op": "replace", "path": value, "value": "+1 555 300" }]);
    provider.patch(&path, change).await.expect(200);
    finds("phoneNumbers.value eq \"+1 555 100\"", false).await;
    finds("phoneNumbers.value eq \"+1 555 300\"", true).await;
    let change = json!([{ "op": "remove", "path": "phoneNumbers[type eq \"mobile\"]" },
        { "op": "remove", "path": "roles" }]);
    provider.patch(&path, change).await.expect(200);
    finds("phoneNumbers.type eq \"mobile\"", false).await;
    finds("phoneNumbers.type eq \"work\"", true).await;
    finds("roles pr", false).await;
    let whole = json!({ "userName": "jo@x.example", "roles": ["Engineer"] });
    provider.put(&path, &whole).await.expect(200);
    finds("phoneNumbers pr", false).await;
    finds("roles eq \"engineer\"", true).await;

    provider.delete(&path).await.expect(204);
    let left = "SELECT count(*) FROM scim_values WHERE attribute = 'roles'";
    assert_eq!(app.count(left).await, 0);
}

/// Painters by their addresses.
async fn all_are_found(provider: &Provider, told: &[(&str, Vec<&str>)]) {
    for (filter, found) in told {
        let filter = format!("title eq \"Painter\" and addresses[{filter}]");
        assert_eq!(
            provider.count(&filter).await,
            found.len() as u64,
            "{filter}"
        );
        let found: Vec<String> = found.iter().map(|it| format!("{it}@x.example")).collect();
        assert_eq!(provider.named(&filter).await, found, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_of_values_are_those_of_one_value_each() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    for (name, addresses) in [
        (
            "one",
            json!([{ "type": "work", "country": "DE" }, { "type": "home", "country": "FR" }]),
        ),
        ("odd", json!([{ "type": "work\tshop\nhome" }])),
        ("none", json!([{ "locality": "Town" }])),
        ("nobody", json!([])),
    ] {
        let name = format!("{name}@x.example");
        let user = json!({ "userName": name, "title": "Painter", "addresses": addresses });
        provider.post("/Users", &user).await.expect(201);
    }
    let told = [
        ("type eq \"WORK\" and country eq \"de\"", vec!["one"]),
        ("type eq \"work\" and country eq \"FR\"", vec![]),
        ("type eq \"home\"", vec!["one"]),
        ("type sw \"work\"", vec!["odd", "one"]),
        ("type co \"shop\"", vec!["odd"]),
        ("not (type pr)", vec!["none"]),
        ("country eq \"FR\"", vec!["one"]),
        ("country ne \"DE\"", vec!["none", "odd", "one"]),
    ];
    all_are_found(&provider, &told).await;
    let kinds: Vec<Value> = (0..100)
        .map(|number| json!({ "type": format!("k{number}"), "country": "DE" }))
        .collect();
    let many = json!({ "userName": "many@x.example", "title": "Painter", "addresses": kinds });
    provider.post("/Users", &many).await.expect(201);
    all_are_found(&provider, &told).await;
    all_are_found(&provider, &[("type eq \"k77\"", vec!["many"])]).await;
    let without = "title eq \"Painter\" and not (addresses pr)";
    assert_eq!(provider.named(without).await, ["nobody@x.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_two_organizations_is_found_in_each_by_what_it_knows() {
    let app = App::start().await;
    let northwind = Provider::new(&app).await;
    let contoso = app.another_organization("Contoso").await;
    let contoso = Provider::of(&app, contoso).await;
    for (provider, phone) in [(&northwind, "100"), (&contoso, "200")] {
        let jo = json!({ "userName": "jo@x.example", "phoneNumbers": [{ "value": phone }] });
        provider.post("/Users", &jo).await.expect(201);
    }
    let ids = "SELECT count(DISTINCT user_id) FROM scim_values WHERE attribute = 'phoneNumbers'";
    assert_eq!(app.count(ids).await, 1);
    for (provider, own, other) in [(&northwind, "100", "200"), (&contoso, "200", "100")] {
        for (filter, found) in [
            (format!("phoneNumbers eq \"{own}\""), &["jo@x.example"][..]),
            (format!("phoneNumbers eq \"{other}\""), &[]),
            (
                format!("title eq \"none\" or phoneNumbers[value eq \"{other}\"]"),
                &[],
            ),
            (
                format!("userName sw \"jo\" and not (phoneNumbers eq \"{other}\")"),
                &["jo@x.example"],
            ),
        ] {
            assert_eq!(provider.named(&filter).await, found, "{filter}");
            assert_eq!(
                provider.count(&filter).await,
                found.len() as u64,
                "{filter}"
            );
        }
        let all = provider.count("userName pr").await;
        let others = format!("not (phoneNumbers eq \"{other}\")");
        assert_eq!(provider.count(&others).await, all);
        assert_eq!(provider.count("not (phoneNumbers pr)").await, all - 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beginning_of_a_long_text_counts() {
    let app = App::start().await;
    let provider = Provider::new(&app).await;
    let (street, certificate) = ("Long Road ".repeat(500), "QUJD".repeat(2_000));
    let jo = json!({ "userName": "jo@x.example", "title": street,
        "addresses": [{ "formatted": street, "streetAddress": street }],
        "x509Certificates": [{ "value": certificate }] });
    provider.post("/Users", &jo).await.expect(201);
    for filter in [
        format!("addresses.formatted eq \"{}\"", &street[..2_000]),
        format!("title eq \"{}\"", &street[..2_000]),
        "addresses.streetAddress co \"road long\"".to_owned(),
        format!("x509Certificates eq \"{}\"", &certificate[..2_000]),
    ] {
        assert_eq!(provider.named(&filter).await, ["jo@x.example"], "{filter}");
    }
    let other = format!("x509Certificates eq \"{}\"", "QUJE".repeat(500));
    assert_eq!(provider.named(&other).await, Vec::<String>::new());
}
