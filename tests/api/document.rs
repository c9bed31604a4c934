//! `/openapi.json`, and a client that knows nothing else.

use std::path::Path;
use std::process::Command;

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

/// What it sent stays reproducible by its seed.
async fn fuzz(app: &App, secret: &str, more: &[&str]) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let scratch = Scratch::new();
    let address = format!("{}/openapi.json", app.url);
    let authorization = format!("Authorization: Bearer {secret}");
    let mut command = Command::new("python3");
    command
        .args([
            "-c",
            // A catalogue is text.
            "import schemathesis; from schemathesis.cli import schemathesis as run;
schemathesis.serializer.alias('application/toml', 'text/plain'); run()",
        ])
        .arg("--config-file")
        .arg(tests.join("api/schemathesis.toml"))
        .args(["run", &address])
        .args(["--header", &authorization])
        .args(more)
        .env("PYTHONPATH", tests.join("site-packages"))
        .env("NO_PROXY", "*")
        .current_dir(&scratch.root);
    let run = tokio::task::spawn_blocking(move || command.output());
    let output = run.await.unwrap().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{complaints}");
}

/// With all checks. The credential takes no token away from who uses it.
#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing() {
    const SECRET: &str = "a-secret-of-the-environment-for-fuzzing";
    let flag = format!("--auth-secret={SECRET}");
    let app = App::start_with(&["--rate-limit-per-token=1000000", &flag]).await;
    fuzz(&app, SECRET, &[]).await;
}

/// What no credential but a token is let in to.
#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing_with_a_token() {
    let app = App::start_with(&["--rate-limit-per-token=1000000"]).await;
    let (_, secret) = app.token("Fuzzer").await;
    let user = format!("x-user-email: {ADA}");
    let tags = ["--include-tag", "Gate", "--include-tag", "User"];
    fuzz(
        &app,
        secret.reveal(),
        &[&tags[..], &["--header", &user]].concat(),
    )
    .await;
}
