//! The command line: the program as a process, beside others.

mod demo;
mod edits;
mod export;
mod import;
mod json;
mod link;
mod logs;
mod migrate;
mod operators;
mod people;
mod serve;
mod token;

use crate::support::app::PASSWORD;
use crate::support::{Place, Scratch, Server, View, cluster};

/// A database of its own on the server that the tests share.
async fn place() -> Place {
    Place::database(&cluster::database().await)
}

/// The organisation Northwind, made by a command.
pub fn found(place: &Place) {
    let create = ["organization", "create", "--name=Northwind"];
    assert_eq!(place.run(&create).succeeded(), "northwind\n");
}

/// A new token's secret, with what stands behind `token create --organization=northwind`.
fn token(place: &Place, rest: &[&str]) -> String {
    let create = ["token", "create", "--organization=northwind"];
    let printed = place.run(&[&create, rest].concat()).succeeded();
    let secret = printed.strip_suffix('\n').unwrap();
    assert!(
        secret.starts_with("wxt_") && secret.len() == 42,
        "{secret:?}"
    );
    secret.to_owned()
}

/// Adds a member of Northwind, who has the password of all tests.
pub fn add(place: &Place, email: &str, role: &str) {
    let (email, role) = (format!("--email={email}"), format!("--role={role}"));
    let create = [
        "user",
        "create",
        "--organization=northwind",
        "--name=Some Member",
    ];
    let arguments = [&create[..], &[&email, &role]].concat();
    let finished = place.run_with_input(&arguments, &format!("{PASSWORD}\n"));
    assert_eq!(finished.succeeded(), "");
}

async fn sign_in(server: &Server, email: &str, password: &str) -> View {
    let page = server.browser().visit("/sign-in").await;
    let form = page.form("/sign-in").fill("email", email);
    form.fill("password", password).submit().await
}

/// Each of the commands finds the private PostgreSQL that the server has started, and leaves it
/// running.
#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_beside_a_server_with_the_private_postgresql() {
    let scratch = Scratch::new();
    let place = Place::directory(&scratch);
    let server = place.serve();
    let postmaster = scratch.postmaster();

    let migrated = place.run(&["migrate"]).succeeded();
    assert_eq!(
        migrated,
        "0 migrations were run; the schema is up to date.\n"
    );
    found(&place);
    add(&place, "ada@northwind.example", "admin");
    let secret = token(&place, &["--name=Okta SCIM", "--scope=admin:scim"]);

    assert_eq!(server.asked_by(&secret).await.status(), 200);
    let home = sign_in(&server, "ada@northwind.example", PASSWORD).await;
    assert_eq!(home.texts(".token h2"), ["Okta SCIM"], "{}", home.text());
    assert_eq!(scratch.postmaster(), postmaster);
    server.stop();
    assert!(!scratch.is_running());

    // And each starts and stops it where there is no server.
    let other = token(&place, &["--name=Backup", "--scope=all"]);
    assert!(!scratch.is_running());
    let server = place.serve();
    assert_eq!(server.asked_by(&other).await.status(), 200);
    server.stop();
}
