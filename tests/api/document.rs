//! `/openapi.json`, and a client that knows nothing else.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use tokendesk::access::Role;
use tokendesk::tokens::Secret;

use super::client::Program;
use crate::support::app::ADA;
use crate::support::{App, Scratch};

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_of_openapi_3_1_and_needs_no_token() {
    let app = App::start().await;
    let document = Program::new(&app, "").get("/openapi.json").await;
    assert_eq!(document.status, 200);
    assert_eq!(document.body["openapi"], "3.1.0");
    let paths = document.body["paths"].as_object().unwrap();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let told = |field: &str| operation[field].as_str().is_some_and(|it| !it.is_empty());
            assert!(told("summary") && told("operationId"), "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_how_much_may_be_asked_for_and_which_words_there_are() {
    let app = App::start().await;
    let page = app.browser().visit("/docs/api").await;
    assert_eq!(page.attributes("body > .skip", "href"), ["#main"]);
    assert!(page.has("main#main[tabindex='-1']"));
    let of = |selector: &str| page.texts(&format!("{selector} dd > .muted"));
    let listed = of("#listTokens");
    let has = |words: &str| listed.iter().any(|kind| kind == words);
    assert!(
        has("query, integer, at most 100, default 50"),
        "{listed:#?}"
    );
    assert!(
        listed
            .iter()
            .any(|kind| kind.starts_with("query, one of: ")),
        "{listed:#?}"
    );
}

/// One is generated without a warning, and does what a program would.
#[tokio::test(flavor = "multi_thread")]
async fn a_generated_client_needs_nothing_else() {
    // What it makes of bodies that are no JSON.
    const SETTINGS: &str = "post_hooks: []\ncontent_type_overrides:\n  \
        application/toml: application/octet-stream\n";
    let app = App::start().await;
    let (_, secret) = app.token("Program").await;
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let scratch = Scratch::new();
    fs::write(scratch.root.join("settings.yaml"), SETTINGS).unwrap();
    let python = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        command
            .args(arguments)
            .env("PYTHONPATH", tests.join("site-packages"))
            .env("NO_PROXY", "*")
            .current_dir(&scratch.root);
        async move {
            let run = tokio::task::spawn_blocking(move || command.output());
            let output = run.await.unwrap().unwrap();
            let said = [output.stdout, output.stderr].concat();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&said)
            );
        }
    };
    let document = format!("{}/openapi.json", app.url);
    python(&[
        "-c",
        "from openapi_python_client.cli import app; app()",
        "generate",
        "--url",
        &document,
        "--meta=none",
        "--output-path=tokendesk_client",
        "--config=settings.yaml",
        "--fail-on-warning",
    ])
    .await;
    let program = tests.join("api/generated.py");
    let program = program.to_str().unwrap();
    python(&[program, ".", &app.url, secret.reveal(), ADA]).await;
}

/// What it sent stays reproducible by its seed. `more` goes into its configuration.
async fn fuzz(app: &App, more: &str, arguments: &[&str]) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let scratch = Scratch::new();
    let address = format!("{}/openapi.json", app.url);
    let config = fs::read_to_string(tests.join("api/schemathesis.toml")).unwrap();
    // It is found there.
    let place = scratch.root.join("schemathesis.toml");
    fs::write(place, config + more).unwrap();
    let mut command = Command::new("python3");
    command
        .args([
            "-c",
            "from schemathesis.cli import schemathesis as run; run()",
        ])
        .args(["run", &address])
        .args(arguments)
        .env("PYTHONPATH", tests.join("site-packages"))
        .env("SCHEMATHESIS_HOOKS", tests.join("api/schemathesis.py"))
        .env("NO_PROXY", "*")
        .current_dir(&scratch.root);
    let run = tokio::task::spawn_blocking(move || command.output());
    let output = run.await.unwrap().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{complaints}");
}

/// All of the Admin API, and nothing that asks a token about itself or acts for a user.
const ADMIN: [&str; 4] = ["--exclude-tag", "Gate", "--exclude-tag", "User"];

/// By a credential that it cannot take away from itself.
#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing() {
    const SECRET: &str = "a-secret-of-the-environment-for-fuzzing";
    let flag = format!("--auth-secret={SECRET}");
    let app = App::start_with(&["--rate-limit-per-token=1000000", &flag]).await;
    // An heir, and what has an owner.
    let mei = "mei@northwind.example";
    app.add_member(app.organization, mei, Role::Admin).await;
    app.mcp_token(mei, "Laptop").await;
    let header = format!("Authorization: Bearer {SECRET}");
    let arguments = [&ADMIN[..], &["--header", &header]].concat();
    fuzz(&app, "", &arguments).await;
}

/// What no credential but a token is let in to.
#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing_with_a_token() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let (_, secret) = app.token("Fuzzer").await;
    let header = format!("Authorization: Bearer {}", secret.reveal());
    let user = format!("x-user-email: {ADA}");
    let tags = ["--include-tag", "Gate", "--include-tag", "User"];
    let headers = ["--header", &header, "--header", &user];
    fuzz(&app, "", &[tags, headers].concat()).await;
}

/// The two tokens go on: what would take them away is left out.
#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_gets_nothing_that_is_another_organizations() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let contoso = app.another_organization("Contoso").await;
    let (_, ours) = app.token("Peer").await;
    let (_, theirs) = app.token_of(contoso, "Peer", |_| {}).await;
    let peer = |name: &str, secret: &Secret| {
        let value = format!("Bearer {}", secret.reveal());
        json!({ "name": name, "fixedHeaders": [{ "name": "Authorization", "value": value }] })
    };
    let peers = json!({ "auth": [peer("northwind", &ours), peer("contoso", &theirs)] });
    let scratch = Scratch::new();
    let place = scratch.root.join("peers.json");
    fs::write(&place, peers.to_string()).unwrap();
    let config = format!("[auth.wfc]\npath = {place:?}\npeers = [\"northwind\", \"contoso\"]\n");
    let taking = [
        "editToken",
        "rotateToken",
        "disableToken",
        "revokeToken",
        "deleteToken",
        "revokeTokens",
    ];
    let excluded = taking.iter().flat_map(|id| ["--exclude-operation-id", id]);
    let arguments: Vec<&str> = ADMIN.into_iter().chain(excluded).collect();
    fuzz(&app, &config, &arguments).await;
}
