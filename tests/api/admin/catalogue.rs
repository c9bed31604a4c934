//! `/api/v1/resources/catalogue`: all resources at once.

use reqwest::Method;
use serde_json::json;
use tokendesk::catalogue::Scope;
use tokendesk::catalogue::resources::default_catalogue;

use crate::api::client::{Program, Reply};
use crate::support::App;

const CATALOGUE: &str = "/api/v1/resources/catalogue";
const RESET: &str = "/api/v1/resources/reset";
const SMALL: &str = r#"
[[resource]]
name = "Invoices"
path = "/api/invoices/**"
operations = [{ name = "read", methods = ["GET"], scope = "connect:read" }]
"#;

async fn put(program: &Program, tag: &str, text: &str) -> Reply {
    let headers = [("if-match", tag)];
    program
        .send_toml(Method::PUT, CATALOGUE, &headers, text.to_owned())
        .await
}

async fn names(program: &Program) -> Vec<String> {
    let list = program.get("/api/v1/resources").await;
    let items = list.body["items"].as_array().unwrap().iter();
    items
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_is_imported_as_it_was_and_reset() {
    let app = App::start().await;
    let program = Program::with(&app, "Terraform", &[Scope::AdminWrite]).await;
    let exported = program.get(CATALOGUE).await;
    assert_eq!(exported.header("content-type"), "application/toml");
    let text = exported.body.as_str().unwrap().to_owned();
    let all = default_catalogue().len();
    assert_eq!(text.matches("[[resource]]").count(), all);
    let tag = exported.header("etag");
    assert_eq!(program.get("/api/v1/resources").await.header("etag"), tag);

    let same = put(&program, tag, &text).await;
    assert_eq!(
        (same.status, &same.body["changed"]),
        (200, &json!(0)),
        "{}",
        same.body
    );
    let other = put(&program, tag, SMALL).await;
    assert_eq!(other.body["changed"], json!(all + 1), "{}", other.body);
    let summary = other.body["receipt"]["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("In effect on 1 of 1 instance"),
        "{summary}"
    );
    assert_eq!(names(&program).await, ["Invoices"]);
    let late = put(&program, tag, &text).await;
    assert_eq!((late.status, late.code()), (412, "precondition_failed"));
    assert_eq!(names(&program).await, ["Invoices"]);

    let send = async |tag: &str| {
        let headers = [("if-match", tag)];
        program.send(Method::POST, RESET, &headers, None).await
    };
    assert_eq!(send(tag).await.status, 412);
    let tag = program.get(CATALOGUE).await;
    let reset = send(tag.header("etag")).await;
    assert_eq!(reset.body["changed"], json!(all + 1), "{}", reset.body);
    assert_eq!(program.get(CATALOGUE).await.body, json!(text));
    // Without a version it is not asked for one.
    assert_eq!(put(&program, "*", SMALL).await.status, 200);
    assert_eq!(program.post(RESET, &json!({})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_catalogue_changes_nothing_and_says_all_that_is_wrong() {
    let app = App::start().await;
    let program = Program::with(&app, "Terraform", &[Scope::AdminWrite]).await;
    let before = names(&program).await;
    let clash = SMALL
        .replace("Invoices", "Bills")
        .replace("/invoices", "/{any}");
    let clashing = format!("{SMALL}{}", clash.replace("{any}/**", "invoices/**"));
    let two_wrong = format!("{SMALL}{SMALL}")
        .replace("GET", "G E T?")
        .replace("connect:read", "nonsense");
    for (text, what) in [
        (clashing.as_str(), &["Invoices", "Bills"][..]),
        (&two_wrong, &["Line 2", "Line 7"]),
        ("[[resource", &["Line 1"]),
        ("[[resource]]\nnonsense = 1", &["nonsense"]),
        (" \n", &["export"]),
    ] {
        let refused = put(&program, "*", text).await;
        assert_eq!((refused.status, refused.code()), (422, "invalid"), "{text}");
        let errors = refused.body["errors"].to_string();
        assert!(what.iter().all(|what| errors.contains(what)), "{errors}");
        assert_eq!(refused.body["field"], "body");
    }
    let json = program
        .send(Method::PUT, CATALOGUE, &[], Some(&json!({})))
        .await;
    assert_eq!((json.status, json.code()), (415, "unsupported_media_type"));
    let detail = json.body["detail"].as_str().unwrap();
    assert!(detail.contains("application/toml"), "{detail}");
    let huge = "#".repeat(1024 * 1024 + 1);
    assert_eq!(put(&program, "*", &huge).await.status, 413);
    assert_eq!(names(&program).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_of_nothing_goes_round_too() {
    let app = App::start().await;
    let program = Program::with(&app, "Terraform", &[Scope::AdminWrite]).await;
    let none = put(&program, "*", "# Nothing yet.").await;
    assert_eq!(none.status, 200, "{}", none.body);
    let exported = program.get(CATALOGUE).await;
    let text = exported.body.as_str().unwrap().to_owned();
    let again = put(&program, exported.header("etag"), &text).await;
    assert_eq!((again.status, &again.body["changed"]), (200, &json!(0)));
    assert!(names(&program).await.is_empty());
}
