//! A filter is decided twice: in memory for the values that a change is for, and by the database
//! for lists. Both find the same.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use tokendesk::scim::criterion::Criterion;
use tokendesk::scim::filter::{Filter, Operator};
use tokendesk::scim::path::Path;
use tokendesk::scim::schema::{Kind, Place, USER};

use super::provider::Provider;
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

#[tokio::test(flavor = "multi_thread")]
async fn the_database_finds_whom_the_criterion_is_met_by() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let provider = Provider::new(&app).await;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let mut users = Vec::new();
    for number in 0..40 {
        let mut some = || {
            let some = proptest::collection::vec(values(), 0..3);
            some.new_tree(&mut runner).unwrap().current()
        };
        let name = format!("{number:02}@x.example");
        let user = json!({ "userName": name, "phoneNumbers": some(), "emails": some() });
        users.push(provider.post("/Users", &user).await.expect(201));
    }
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

/// Texts of which a user has one, whether they have a column of their own or not.
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
            if attribute.name != "userName" && attribute.kind == Kind::Text {
                places.push(place(extension, attribute, None));
            }
            let texts = attribute.subs().iter().filter(|it| it.kind == Kind::Text);
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
        let sorted = provider
            .get(&format!("/Users?sortBy={path}"))
            .await
            .expect(200);
        let sorted = sorted["Resources"].as_array().unwrap().iter();
        let sorted: Vec<Option<String>> = sorted
            .filter(|user| user["userName"] != "ada@northwind.example")
            .map(text)
            .collect();
        let (some, none) = sorted.split_at(there.len());
        assert_eq!(json!(some), json!(there), "{path}");
        assert!(none.iter().all(Option::is_none), "{path}: {none:?}");
    }
}

fn of(place: Place, filter: &str) -> Criterion {
    let filter = tokendesk::scim::filter::value_filter(filter).unwrap();
    Criterion::of_value(&filter, place).unwrap()
}
