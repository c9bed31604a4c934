//! A filter is decided twice: in memory for the values that a change is for, and by the database
//! for lists. Both find the same.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};
use tokendesk::scim::criterion::Criterion;
use tokendesk::scim::filter::{Filter, Operator};
use tokendesk::scim::path::Path;
use tokendesk::scim::schema::{Kind, Place, USER};

use super::provider::{ENTERPRISE, Provider, text};
use crate::support::App;

/// No email address among them, which only one user may have.
const TEXTS: [&str; 12] = [
    "work",
    "WORK",
    "home",
    "a x.example",
    "A x.example",
    "b x.example",
    "a\nb",
    "a b",
    "x.ex",
    "%",
    "a\\b\"c",
    "é",
];

/// A value of a plural attribute: some of its parts.
fn values() -> impl Strategy<Value = Value> {
    let text = || proptest::option::of(proptest::sample::select(&TEXTS[..]));
    let primary = proptest::option::of(any::<bool>());
    (text(), text(), text(), primary).prop_map(|(value, kind, display, primary)| {
        let mut number = Map::new();
        for (name, text) in [("value", value), ("type", kind), ("display", display)] {
            if let Some(text) = text {
                number.insert(name.to_owned(), text.into());
            }
        }
        if let Some(primary) = primary {
            number.insert("primary".to_owned(), primary.into());
        }
        Value::Object(number)
    })
}

fn filters() -> impl Strategy<Value = Filter> {
    let path = |name: &str| Path::parse(name).unwrap();
    let names = proptest::sample::select(vec!["value", "type", "display"]);
    let all = proptest::sample::select(vec!["value", "type", "display", "primary"]);
    let texts = proptest::sample::select(&TEXTS[..]);
    let operators = proptest::sample::select(Operator::ALL);
    let leaf = prop_oneof![
        4 => (names, operators, texts).prop_map(move |(name, operator, text)| {
            Filter::Compare(path(name), operator, text.into())
        }),
        1 => (any::<bool>(), any::<bool>()).prop_map(move |(is_equal, flag)| {
            let operator = if is_equal { Operator::Equal } else { Operator::NotEqual };
            Filter::Compare(path("primary"), operator, flag.into())
        }),
        1 => all.prop_map(move |name| Filter::Present(path(name))),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let some = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            some.clone().prop_map(Filter::Any),
            some.prop_map(Filter::All),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

/// With phone numbers and email addresses of every kind.
async fn some_users(provider: &Provider, runner: &mut TestRunner) -> Vec<Value> {
    let mut users = Vec::new();
    for number in 0..40 {
        let mut some = || {
            let some = proptest::collection::vec(values(), 0..4);
            some.new_tree(runner).unwrap().current()
        };
        let user = json!({ "userName": format!("{number:02}@x.example"),
            "title": if number % 3 == 0 { "Painter" } else { "Engineer" },
            "phoneNumbers": some(), "emails": some() });
        users.push(provider.post("/Users", &user).await.expect(201));
    }
    users
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_finds_whom_the_criterion_is_met_by() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = Provider::new(&app).await;
    let mut runner = TestRunner::deterministic();
    let users = some_users(&provider, &mut runner).await;
    let named = |attribute: &str, criterion: &Criterion| -> Vec<Value> {
        let is_met = |user: &&Value| {
            let values = user[attribute].as_array();
            values.is_some_and(|values| values.iter().any(|value| criterion.is_met_by(value)))
        };
        let met = users.iter().filter(is_met);
        met.map(|user| user["userName"].clone()).collect()
    };
    let others = "userName ne \"ada@northwind.example\"";
    for attribute in ["phoneNumbers", "emails"] {
        let place = USER.find(&Path::parse(attribute).unwrap()).unwrap();
        for _ in 0..200 {
            let filter = filters().new_tree(&mut runner).unwrap().current();
            let criterion = Criterion::of_value(&filter, place).unwrap();
            let filter = format!("{others} and {attribute}[{filter}]");
            let found = provider.named(&filter).await;
            assert_eq!(
                json!(found),
                json!(named(attribute, &criterion)),
                "{filter}"
            );
        }
        for operator in Operator::ALL {
            for text in TEXTS {
                let filter = Filter::Compare(Path::parse("value").unwrap(), *operator, text.into());
                let criterion = Criterion::of_value(&filter, place).unwrap();
                // Of a value that is missing nothing is said to differ.
                let criterion = Criterion::All(vec![of(place, "value pr"), criterion]);
                let filter = format!("{others} and {attribute}.{filter}");
                let found = provider.named(&filter).await;
                assert_eq!(
                    json!(found),
                    json!(named(attribute, &criterion)),
                    "{filter}"
                );
            }
        }
    }
}

/// Filters of several attributes, combined.
fn combinations() -> impl Strategy<Value = Filter> {
    let leaf = proptest::sample::select(vec![
        "active eq true",
        "title eq \"Painter\"",
        "title co \"é\"",
        "title pr",
        "department ne \"Paint\"",
        "schemas co \"enterprise\"",
        "userName co \"1\"",
        "displayName pr",
        "emails pr",
        "emails.type eq \"work\"",
        "emails.value co \"x\"",
        "emails[type eq \"home\" and value co \"a\"]",
        "phoneNumbers.type ne \"work\"",
        "phoneNumbers.value sw \"a\"",
        "addresses.country eq \"DE\"",
        "addresses[type eq \"work\" and not (country eq \"DE\") and primary eq true]",
        "addresses[type eq \"work\" and locality pr]",
        "ims pr",
        "groups.display eq \"Painters\"",
    ]);
    let leaf = leaf.prop_map(|filter| filter.parse::<Filter>().unwrap());
    leaf.prop_recursive(3, 8, 3, |inner| {
        let some = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            some.clone().prop_map(Filter::Any),
            some.prop_map(Filter::All),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

/// Some have so long texts, or so many kinds of addresses, that no index takes them.
async fn varied_users(provider: &Provider, runner: &mut TestRunner) {
    let mut ids = Vec::new();
    for number in 0..60 {
        let mut some = |values: Vec<Value>| {
            let some = proptest::sample::subsequence(values, 0..=2);
            some.new_tree(runner).unwrap().current()
        };
        let value = |value: &str, kind: &str| json!({ "value": value, "type": kind });
        let mut user = json!({ "userName": format!("{number:02}@x.example"),
            "active": number % 7 != 0,
            "emails": some(vec![value("a x", "home"), value("b", "work"), value("x", "other")]),
            "phoneNumbers": some(vec![value("a", "work"), value("b", "mobile"), json!({ "value": "a" })]),
            "ims": some(vec![value("a", "xmpp"), value("b", "xmpp")]),
            "addresses": some(vec![
                json!({ "type": "work", "country": "DE", "locality": "A" }),
                json!({ "type": "work", "country": "FR", "primary": true }),
                json!({ "country": "DE", "locality": "B", "primary": false })]) });
        match number % 5 {
            0 => user["title"] = "Painter".into(),
            1 => user["title"] = "é".repeat(300).into(),
            2 => user[ENTERPRISE] = json!({ "department": "Paint" }),
            3 => {
                let long = "é".repeat(300);
                user["title"] = "Painter".into();
                user["userType"] = long.clone().into();
                user["timezone"] = long.clone().into();
                user["displayName"] = long.clone().into();
                user[ENTERPRISE] = json!({ "department": long.clone(), "costCenter": long });
            }
            _ => {}
        }
        ids.push(text(
            &provider.post("/Users", &user).await.expect(201)["id"],
        ));
    }
    let painters: Vec<&String> = ids.iter().step_by(4).collect();
    provider.group("Painters", &painters).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_are_counted_as_are_listed() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = Provider::new(&app).await;
    let mut runner = TestRunner::deterministic();
    varied_users(&provider, &mut runner).await;
    assert_eq!(
        app.count("SELECT count(*) FROM scim_users WHERE NOT is_short")
            .await,
        12
    );
    for number in 0..400 {
        if number == 200 {
            let many: Vec<Value> = (0..100)
                .map(|number| json!({ "type": format!("kind {number}"), "country": "DE" }))
                .collect();
            let user = json!({ "userName": "many@x.example", "addresses": many });
            provider.post("/Users", &user).await.expect(201);
        }
        let filter = combinations().new_tree(&mut runner).unwrap().current();
        let filter = filter.to_string();
        let count = provider.count(&filter).await;
        // The list remembers what was counted, until somebody changes.
        app.sql("UPDATE directories SET revision = DEFAULT").await;
        let found = provider.named(&filter).await;
        assert_eq!(count, u64::try_from(found.len()).unwrap(), "{filter}");
    }
}

/// They are counted as all who have such an email, without those of them who are not active.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_count_puts_together_is_of_one_moment() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = Provider::new(&app).await;
    for (name, active) in [("bo", true), ("cy", true), ("di", false)] {
        let name = format!("{name}@x.example");
        let emails = json!([{ "value": name }]);
        let user = json!({ "userName": name, "active": active, "emails": emails });
        provider.post("/Users", &user).await.expect(201);
    }
    let is_over = AtomicBool::new(false);
    let client = app.client().await;
    let changes = AtomicUsize::new(0);
    let change = async {
        while !is_over.load(Ordering::Relaxed) {
            for emails in ["[]", "[{\"value\": \"di@x.example\"}]"] {
                let change = format!(
                    "UPDATE scim_documents SET document = document || '{{\"emails\": {emails}}}'
                    FROM scim_users WHERE scim_users.user_id = scim_documents.user_id AND NOT active"
                );
                client.batch_execute(&change).await.unwrap();
                changes.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    let search = async {
        let mut counts = 0;
        while counts < 300 || changes.load(Ordering::Relaxed) < 100 {
            let filter = "active eq true and emails.value co \"@x.example\"";
            assert_eq!(provider.count(filter).await, 2);
            counts += 1;
        }
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(change, search);
}

fn is_text(kind: Kind) -> bool {
    matches!(kind, Kind::Text | Kind::Reference(_))
}

/// Texts of which a user has one.
fn single_texts() -> Vec<Place> {
    let place = |extension, attribute, sub| Place {
        extension,
        attribute,
        sub,
    };
    let mut places = Vec::new();
    for schema in USER.schemas() {
        let extension = USER.extension(schema.urn);
        for attribute in schema.attributes.iter().filter(|it| !it.is_plural) {
            if attribute.name != "userName" && is_text(attribute.kind) {
                places.push(place(extension, attribute, None));
            }
            let texts = attribute.subs().iter().filter(|it| is_text(it.kind));
            places.extend(texts.map(|sub| place(extension, attribute, Some(sub))));
        }
    }
    places
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_which_a_user_has_one_are_found_and_sorted_by() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = Provider::new(&app).await;
    let mut runner = TestRunner::deterministic();
    let places = single_texts();
    assert!(places.len() > 18, "{places:?}");
    let mut users = Vec::new();
    for number in 0..30 {
        let mut user = json!({ "userName": format!("{number:02}@x.example") });
        for place in &places {
            let text = proptest::option::of(proptest::sample::select(&TEXTS[..]));
            if let Some(text) = text.new_tree(&mut runner).unwrap().current() {
                let names = place.names();
                let (last, parents) = names.split_last().unwrap();
                let parent = parents.iter().fold(&mut user, |it, name| &mut it[*name]);
                parent[*last] = text.into();
            }
        }
        users.push(provider.post("/Users", &user).await.expect(201));
    }
    for place in places {
        let names = place.names();
        let (last, parents) = names.split_last().unwrap();
        let parent = |user: &Value| parents.iter().fold(user, |it, name| &it[*name]).clone();
        let text = |user: &Value| parent(user)[*last].as_str().map(str::to_lowercase);
        let path = match place.extension {
            Some(schema) => format!("{}:{}", schema.urn, names[1..].join(".")),
            None => names.join("."),
        };
        let others = "userName ew \"@x.example\"";
        for operator in Operator::ALL {
            for text in TEXTS {
                let filter = Filter::Compare(Path::parse(&path).unwrap(), *operator, text.into());
                let criterion = Criterion::of(&filter, &USER).unwrap();
                let met = users
                    .iter()
                    .filter(|user| criterion.is_met_by(&parent(user)));
                let met: Vec<&Value> = met.map(|user| &user["userName"]).collect();
                let filter = format!("{others} and {filter}");
                assert_eq!(json!(provider.named(&filter).await), json!(met), "{filter}");
            }
        }
        let mut there: Vec<String> = users.iter().filter_map(text).collect();
        there.sort();
        let filter = format!("{others} and {path} pr");
        assert_eq!(provider.named(&filter).await.len(), there.len(), "{filter}");
        are_sorted(&provider, &path, &there, text).await;
    }
}

/// By these texts; whoever has none is last.
async fn are_sorted(
    provider: &Provider,
    path: &str,
    there: &[String],
    text: impl Fn(&Value) -> Option<String>,
) {
    let sorted = provider.get(&format!("/Users?sortBy={path}")).await;
    let sorted = sorted.expect(200);
    let sorted = sorted["Resources"].as_array().unwrap().iter();
    let sorted: Vec<Option<String>> = sorted
        .filter(|user| user["userName"] != "ada@northwind.example")
        .map(text)
        .collect();
    let (some, none) = sorted.split_at(there.len());
    assert_eq!(json!(some), json!(there), "{path}");
    assert!(none.iter().all(Option::is_none), "{path}: {none:?}");
}

/// Texts of the values of which a user has many, by attribute.
fn texts_of_values() -> Vec<(&'static str, Vec<&'static str>)> {
    let attributes = USER.schema.attributes.iter();
    let plural = attributes.filter(|it| it.is_plural && !it.is_read_only);
    plural
        .map(|attribute| {
            let subs = attribute.subs().iter();
            let texts = subs.filter(|it| is_text(it.kind));
            (attribute.name, texts.map(|it| it.name).collect())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_which_a_user_has_many_are_found_and_sorted_by() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = Provider::new(&app).await;
    let mut runner = TestRunner::deterministic();
    let attributes = texts_of_values();
    assert_eq!(attributes.len(), 8, "{attributes:?}");
    let mut users = Vec::new();
    for number in 0..30 {
        let mut user = json!({ "userName": format!("{number:02}@x.example") });
        for (attribute, subs) in &attributes {
            let one = proptest::collection::vec(
                proptest::option::of(proptest::sample::select(&TEXTS[..])),
                subs.len(),
            );
            let some = proptest::collection::vec((one, proptest::option::of(any::<bool>())), 0..3);
            let some = some.new_tree(&mut runner).unwrap().current();
            let value = |(texts, primary): (Vec<Option<&str>>, Option<bool>)| {
                let texts = subs.iter().zip(texts);
                let parts =
                    texts.filter_map(|(name, text)| Some(((*name).to_owned(), text?.into())));
                let primary = primary.map(|it| ("primary".to_owned(), it.into()));
                Value::Object(parts.chain(primary).collect())
            };
            user[*attribute] = some.into_iter().map(value).collect();
        }
        users.push(provider.post("/Users", &user).await.expect(201));
    }
    let others = "userName ew \"@x.example\"";
    for (attribute, subs) in attributes {
        let place = USER.find(&Path::parse(attribute).unwrap()).unwrap();
        let values = |user: &Value| user[attribute].as_array().cloned().unwrap_or_default();
        let has = users.iter().filter(|user| !values(user).is_empty());
        let filter = format!("{others} and {attribute} pr");
        assert_eq!(provider.named(&filter).await.len(), has.count(), "{filter}");
        for sub in subs {
            for operator in Operator::ALL {
                for text in ["WORK", "x.ex", "%", "a b"] {
                    let filter = Filter::Compare(Path::parse(sub).unwrap(), *operator, text.into());
                    let criterion = Criterion::of_value(&filter, place).unwrap();
                    let criterion =
                        Criterion::All(vec![of(place, &format!("{sub} pr")), criterion]);
                    let met = users
                        .iter()
                        .filter(|user| values(user).iter().any(|it| criterion.is_met_by(it)));
                    let met: Vec<&Value> = met.map(|user| &user["userName"]).collect();
                    let filter = format!("{others} and {attribute}.{filter}");
                    assert_eq!(json!(provider.named(&filter).await), json!(met), "{filter}");
                }
            }
            // That of the primary value, or else of the first.
            let main_text = |user: &Value| {
                let values = values(user);
                let primary = values.iter().find(|it| it["primary"] == true);
                let text = primary.or(values.first())?[sub].as_str()?;
                Some(text.to_lowercase())
            };
            let mut there: Vec<String> = users.iter().filter_map(main_text).collect();
            there.sort();
            are_sorted(&provider, &format!("{attribute}.{sub}"), &there, main_text).await;
        }
    }
}

type Meets<'a> = &'a dyn Fn(&Value) -> bool;

/// However many values of a user are met, and of however many alternatives.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_counts_each_user_once() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = Provider::new(&app).await;
    let mut runner = TestRunner::deterministic();
    let users = some_users(&provider, &mut runner).await;
    let place = USER.find(&Path::parse("phoneNumbers").unwrap()).unwrap();
    let all = provider.count("userName pr").await;
    assert_eq!(all, users.len() as u64 + 1);
    let paints = |user: &Value| user["title"] == "Painter";
    for round in 0..100 {
        let mut one = || {
            let filter = filters().new_tree(&mut runner).unwrap().current();
            let criterion = Criterion::of_value(&filter, place).unwrap();
            (filter, criterion)
        };
        let ((one, is_one), (other, is_other)) = (one(), one());
        let kind = ["work", "home", "x.ex"][round % 3];
        let is_kind = of(place, &format!("type eq \"{kind}\""));
        let has = |user: &Value, criteria: &[&Criterion]| {
            let mut values = user["phoneNumbers"].as_array().into_iter().flatten();
            values.any(|value| criteria.iter().all(|it| it.is_met_by(value)))
        };
        let asked: [(String, Meets); 7] = [
            (format!("phoneNumbers[{one}]"), &|user| {
                has(user, &[&is_one])
            }),
            (format!("phoneNumbers.type eq \"{kind}\""), &|user| {
                has(user, &[&is_kind])
            }),
            (
                format!("phoneNumbers[type eq \"{kind}\" and ({one})]"),
                &|user| has(user, &[&is_kind, &is_one]),
            ),
            (
                format!("phoneNumbers[{one}] or phoneNumbers[{other}]"),
                &|user| has(user, &[&is_one]) || has(user, &[&is_other]),
            ),
            (
                format!("phoneNumbers.type eq \"{kind}\" or phoneNumbers[{one}]"),
                &|user| has(user, &[&is_kind]) || has(user, &[&is_one]),
            ),
            (
                format!("title eq \"painter\" or phoneNumbers[{one}]"),
                &|user| paints(user) || has(user, &[&is_one]),
            ),
            (
                format!(
                    "phoneNumbers[{one}] or title eq \"painter\" and phoneNumbers[{other}] or emails pr"
                ),
                &|user| {
                    has(user, &[&is_one])
                        || paints(user) && has(user, &[&is_other])
                        || user["emails"][0].is_object()
                },
            ),
        ];
        for (filter, is_found) in asked {
            let found = users.iter().filter(|user| is_found(user)).count() as u64;
            let ada = u64::from(filter.ends_with("emails pr"));
            assert_eq!(provider.count(&filter).await, found + ada, "{filter}");
            let filter = format!("not ({filter})");
            assert_eq!(provider.count(&filter).await, all - found - ada, "{filter}");
        }
    }
}

fn of(place: Place, filter: &str) -> Criterion {
    let filter = tokendesk::scim::filter::value_filter(filter).unwrap();
    Criterion::of_value(&filter, place).unwrap()
}
