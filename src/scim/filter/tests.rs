use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parse(text: &str) -> Filter {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn compare(name: &str, operator: Operator, value: impl Into<Value>) -> Filter {
    Filter::Compare(path(name), operator, value.into())
}

/// All that stand in RFC 7644, section 3.4.2.2, figure 2, but for its misprints.
#[test]
fn the_examples_of_the_standard_are_filters() {
    for example in [
        r#"userName eq "bjensen""#,
        r#"name.familyName co "O'Malley""#,
        r#"userName sw "J""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
        "title pr",
        r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
        r#"meta.lastModified ge "2011-05-13T04:42:34Z""#,
        r#"meta.lastModified lt "2011-05-13T04:42:34Z""#,
        r#"meta.lastModified le "2011-05-13T04:42:34Z""#,
        r#"title pr and userType eq "Employee""#,
        r#"title pr or userType eq "Intern""#,
        r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
        r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType eq "Employee" and (emails.type eq "work")"#,
        r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
        r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
    ] {
        parse(example);
    }
}

#[test]
fn and_binds_more_than_or() {
    let [a, b, c] = ["a", "b", "c"].map(|name| Filter::Present(path(name)));
    let grouped = Filter::Any(vec![a.clone(), Filter::All(vec![b.clone(), c.clone()])]);
    assert_eq!(parse("a pr or b pr and c pr"), grouped);
    let grouped = Filter::All(vec![Filter::Any(vec![a, b]), c]);
    assert_eq!(parse("(a pr or b pr) and c pr"), grouped);
}

#[test]
fn words_are_taken_in_any_case_and_with_any_spaces() {
    let filter = Filter::All(vec![
        compare("userName", Operator::Equal, "x"),
        Filter::Not(Box::new(Filter::Present(path("title")))),
    ]);
    for text in [
        r#"userName eq "x" and not (title pr)"#,
        r#"userName EQ "x" AND NOT(title PR)"#,
        r#"  userName  Eq  "x"  And  Not  ( title  Pr )  "#,
    ] {
        assert_eq!(parse(text), filter, "{text}");
    }
    assert_eq!(
        parse("active eq True"),
        compare("active", Operator::Equal, true)
    );
    // Attributes that are called like words.
    assert_eq!(parse("not pr"), Filter::Present(path("not")));
    assert_eq!(
        parse("order pr or android pr").to_string(),
        "order pr or android pr"
    );
}

#[test]
fn a_sub_attribute_behind_brackets_is_one_more_condition_in_them() {
    let written = r#"emails[type eq "work"].value eq "a@b""#;
    let meant = r#"emails[type eq "work" and value eq "a@b"]"#;
    assert_eq!(parse(written), parse(meant));
}

#[test]
fn literals_are_those_of_json() {
    for (text, value) in [
        (r#"a eq "x\"y\\ \u00e9""#, json!("x\"y\\ é")),
        ("a eq 1", json!(1)),
        ("a eq -1.5e3", json!(-1.5e3)),
        ("a eq null", json!(null)),
        ("a eq FALSE", json!(false)),
    ] {
        assert_eq!(parse(text), compare("a", Operator::Equal, value), "{text}");
    }
}

#[test]
fn what_is_no_filter_says_where() {
    for (text, at) in [
        ("", 1),
        ("userName", 9),
        ("userName is \"x\"", 9),
        ("userName eq", 12),
        ("userName eq x", 13),
        ("userName eq 'x'", 13),
        ("userName eq \"x", 13),
        ("userName eq \"x\\u0000\"", 13),
        ("userName eq [1]", 13),
        ("userName eq \"x\" \"y\"", 17),
        ("é pr", 1),
        ("userName eq \"é\" or", 19),
        ("(userName pr", 13),
        ("userName pr)", 12),
        ("emails[type pr", 15),
        ("emails[type[x pr]]", 12),
        ("a.b.c pr", 1),
        ("not title pr", 4),
    ] {
        match text.parse::<Filter>() {
            Err(Syntax::Expected { at: found, .. }) => assert_eq!(found, at, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn what_is_meant_to_exhaust_is_refused() {
    let nested = |depth: usize| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
    parse(&nested(20));
    assert_eq!(nested(21).parse::<Filter>(), Err(Syntax::TooDeep));
    assert_eq!(nested(4_000).parse::<Filter>(), Err(Syntax::TooDeep));
    let many = |count: usize| vec!["a pr"; count].join(" or ");
    parse(&many(250));
    assert_eq!(many(251).parse::<Filter>(), Err(Syntax::TooMany));
    let long = format!("a eq \"{}\"", "x".repeat(10_000));
    assert_eq!(long.parse::<Filter>(), Err(Syntax::TooLong));
    // A thousand in a row are no deeper than one.
    let open = "not (".repeat(1_000);
    assert_eq!(open.parse::<Filter>(), Err(Syntax::TooDeep));
}

fn paths() -> impl Strategy<Value = Path> {
    let name = "[a-zA-Z][a-zA-Z0-9_-]{0,6}";
    let schema = proptest::option::of("urn:[a-z]{1,5}(:[a-z0-9.]{1,5}){0,3}");
    (
        schema,
        name,
        proptest::option::of(prop_oneof![name, Just("$ref".to_owned())]),
    )
        .prop_map(|(schema, attribute, sub)| Path {
            schema,
            attribute,
            sub,
        })
}

fn literals() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[^\0]{0,8}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn comparisons() -> impl Strategy<Value = Filter> {
    let operators = proptest::sample::select(Operator::ALL);
    prop_oneof![
        paths().prop_map(Filter::Present),
        (paths(), operators, literals())
            .prop_map(|(path, operator, value)| Filter::Compare(path, operator, value)),
    ]
}

fn combined(leaf: impl Strategy<Value = Filter> + 'static) -> impl Strategy<Value = Filter> {
    leaf.prop_recursive(4, 24, 3, |inner| {
        let some = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            some.clone().prop_map(Filter::Any),
            some.prop_map(Filter::All),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn filters() -> impl Strategy<Value = Filter> {
    let in_brackets = (paths(), combined(comparisons()))
        .prop_map(|(path, filter)| Filter::Has(path, Box::new(filter)));
    combined(prop_oneof![3 => comparisons(), 1 => in_brackets])
}

proptest! {
    #[test]
    fn what_is_written_out_is_read_as_the_same(filter in filters()) {
        let text = filter.to_string();
        if text.len() <= 10_000 {
            prop_assert_eq!(text.parse::<Filter>(), Ok(filter));
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[a-z \"\\\\()\\[\\].:$é0-9]{0,60}|\\PC{0,60}") {
        let _ = text.parse::<Filter>();
        let _ = value_filter(&text);
    }
}
