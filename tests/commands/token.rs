//! `token create`.

use serde_json::{Value, json};

use super::{found, place, token};

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_alone_is_printed_and_works_at_once() {
    let place = place().await;
    found(&place);
    let server = place.serve();
    let arguments = [
        &["--name=  Okta SCIM ", "--scope", "admin:scim", "admin:read"],
        &[
            "--expires=2099-02-20T14:30:00.9Z",
            "--ip",
            "127.0.0.0/8",
            "2001:db8::/32",
        ][..],
    ]
    .concat();
    let secret = token(&place, &arguments);
    let answer = server.asked_by(&secret).await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["name"], "Okta SCIM");
    assert_eq!(answer["organization"]["name"], "Northwind");
    assert_eq!(
        answer["allowed_ip_ranges"],
        json!(["127.0.0.0/8", "2001:db8::/32"])
    );
    assert_eq!(answer["expires_at"], "2099-02-20T14:30:00Z");
    let scopes = answer["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("admin:read")) && scopes.contains(&json!("admin:scim")));

    let elsewhere = token(
        &place,
        &["--name=Elsewhere", "--scope=all", "--ip=203.0.113.0/24"],
    );
    assert_eq!(server.asked_by(&elsewhere).await.status(), 403);
    let mut mistyped = secret;
    mistyped.pop();
    assert_eq!(server.asked_by(&mistyped).await.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_mistakes_are_named_at_once() {
    let place = place().await;
    found(&place);
    let arguments = [
        &["token", "create", "--organization=northwind", "--name="],
        &["--scope", "admin:read", "admin:delete", "everything"][..],
        &[
            "--expires=2001-01-01T00:00:00Z",
            "--ip",
            "10.0.0.0/33",
            "nowhere",
        ],
    ]
    .concat();
    let refusal = place.run(&arguments).refused();
    let named: Vec<&str> = refusal
        .lines()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    let flags = ["--name", "--scope", "--scope", "--expires", "--ip", "--ip"];
    assert_eq!(named, flags, "{refusal}");
    for value in [
        "\"admin:delete\"",
        "\"everything\"",
        "not in the future",
        "10.0.0.0/33",
        "nowhere",
    ] {
        assert!(refusal.contains(value), "{value} is not in {refusal}");
    }
    let unknown = ["--name=x", "--scope=all", "--expires=tomorrow"];
    let arguments = [
        &["token", "create", "--organization=northwind"],
        &unknown[..],
    ]
    .concat();
    let refusal = place.run(&arguments).refused();
    assert!(refusal.contains("none of 30d, 90d, 1y, never"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_is_refused() {
    let place = place().await;
    found(&place);
    token(&place, &["--name=Okta SCIM", "--scope=all"]);
    let again = [
        "token",
        "create",
        "--organization=northwind",
        "--name=OKTA scim",
        "--scope=all",
    ];
    let refusal = place.run(&again).refused();
    let sentence = "--name: a token named \"OKTA scim\" already exists. Choose another name.\n";
    assert_eq!(refusal, sentence);

    place
        .run(&["organization", "create", "--name=Contoso"])
        .succeeded();
    let elsewhere = [
        "token",
        "create",
        "--organization=contoso",
        "--name=Okta SCIM",
        "--scope=all",
    ];
    place.run(&elsewhere).succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_secret_that_could_not_be_shown_one_is_told() {
    let place = place().await;
    place
        .run(&["organization", "create", "--name=Northwind"])
        .succeeded();
    let within = "--organization=northwind";
    let new = ["token", "create", within, "--name=Okta", "--scope=all"];
    let mut create = place.command(&new);
    let full = std::fs::File::options().write(true).open("/dev/full");
    let done = create.stdout(full.unwrap()).output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(
        said.contains("is lost") && said.contains("rotate"),
        "{said}"
    );
    let listed = place.run(&["token", "list", within]).succeeded();
    assert!(listed.contains("Okta"), "{listed}");
}
