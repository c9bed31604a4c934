//! `organization create` and `user create`.

use super::{add, found, place, sign_in};

use crate::support::app::PASSWORD;
use crate::support::catalogue::query;
use crate::support::post::{Post, Temper};
use crate::support::process::Finished;
use crate::support::{Place, cluster};

#[tokio::test(flavor = "multi_thread")]
async fn organizations_get_slugs_of_their_own() {
    let place = place().await;
    let create = |name: &str| {
        let name = format!("--name={name}");
        place.run(&["organization", "create", &name])
    };
    assert_eq!(
        create("Northwind Traders").succeeded(),
        "northwind-traders\n"
    );
    assert_eq!(
        create("Northwind, Traders").succeeded(),
        "northwind-traders-2\n"
    );
    assert_eq!(create("東京").succeeded(), "organization\n");
    // What asks the gate for the tokens of all.
    assert_eq!(create("Any").succeeded(), "any-2\n");
    // Who stands in the audit log for no person.
    for of_no_person in ["command line", "auth_secret", "API token “x”", "api token"] {
        let refusal = create(of_no_person).refused();
        assert!(refusal.contains("audit log"), "{refusal}");
    }
    for wrong in ["", "  ", &"n".repeat(101)] {
        let refusal = create(wrong).refused();
        assert!(refusal.starts_with("--name: "), "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_a_password_from_standard_input_can_sign_in() {
    let place = place().await;
    found(&place);
    add(&place, "Grace@Northwind.example", "admin");
    add(&place, "alan@northwind.example", "member");
    let server = place.serve();
    let home = sign_in(&server, "grace@northwind.example", PASSWORD).await;
    assert_eq!((home.status, &*home.path), (200, "/settings/api-access"));
    let home = sign_in(&server, "alan@northwind.example", PASSWORD).await;
    assert_eq!((home.status, &*home.path), (200, "/profile"));
    let refused = sign_in(&server, "alan@northwind.example", "something else entirely").await;
    assert_eq!(refused.path, "/sign-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn weak_passwords_are_refused_and_never_repeated() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    for (weak, why) in [
        ("hunter2-hunter", "15 characters or more; these are 14"),
        ("passwordpassword", "easy to guess"),
        ("ada@northwind.example", "A few unrelated words work well"),
        (&"x".repeat(257), "at most 256 characters"),
    ] {
        let refusal = create(&place, &[], Some(weak)).refused();
        assert!(
            refusal.starts_with("The password on standard input: "),
            "{refusal}"
        );
        assert!(refusal.contains(why), "{refusal}");
        assert!(!refusal.contains(weak), "{refusal}");
    }
    assert_eq!(
        count(&address, "users").await + count(&address, "invitations").await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_password_there_is_an_invitation_that_works_once() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    let server = place.serve();
    let finished = create(&place, &["--public-url=https://tokens.example.com"], None);
    assert!(
        finished.errors.contains("it works once, until "),
        "{finished:?}"
    );
    let printed = finished.succeeded();
    let path = printed
        .strip_prefix("https://tokens.example.com")
        .unwrap()
        .trim_end();
    assert!(path.starts_with("/invitations/"), "{printed}");

    let page = server.browser().visit(path).await;
    assert!(
        page.says("Join Northwind") && page.says("an administrator"),
        "{}",
        page.text()
    );
    let again = server.browser().visit(path).await.form(path);
    let weak = page.form(path).fill("password", "too short").submit().await;
    assert!(weak.says("Use 15 characters or more"), "{}", weak.text());
    let home = weak.form(path).fill("password", PASSWORD).submit().await;
    assert_eq!(
        (home.status, &*home.path),
        (200, "/settings/api-access"),
        "{}",
        home.text()
    );

    assert_eq!(server.browser().visit(path).await.status, 404);
    let late = again
        .fill("password", "another phrase, also long")
        .submit()
        .await;
    assert_eq!(late.status, 404, "{}", late.text());
    let home = sign_in(&server, "ada@northwind.example", PASSWORD).await;
    assert_eq!(home.path, "/settings/api-access");
    assert_eq!(count(&address, "users").await, 1);
}

/// Where the mail server hangs, it takes the ten seconds that a command waits.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_sent_by_email_or_printed_with_why_it_was_not() {
    for (temper, said) in [
        (
            Temper::Obliging,
            "This link is on its way by email; it works once, until ",
        ),
        (
            Temper::Refusing,
            "The email could not be sent: the mail server refused with 550",
        ),
        (
            Temper::Hanging,
            "The email could not be sent: the mail server did not answer within 10 s",
        ),
    ] {
        let place = place().await;
        found(&place);
        let mut post = Post::open(temper).await;
        let flags = post.flags();
        let flags = [
            &flags[0],
            &*flags[1],
            "--public-url=https://tokens.example.com",
        ];
        let finished = create(&place, &flags, None);
        assert!(finished.errors.contains(said), "{finished:?}");
        assert!(!finished.errors.contains("p@ss"), "{finished:?}");
        let link = finished.succeeded();
        if temper == Temper::Obliging {
            let mail = post.heard.recv().await.unwrap();
            assert!(
                mail.iter().any(|line| *line == link.trim_end()),
                "{mail:#?}"
            );
        }
        let path = link
            .strip_prefix("https://tokens.example.com")
            .unwrap()
            .trim_end();
        let page = place.serve().browser().visit(path).await;
        assert_eq!(page.status, 200, "it works, however it gets there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_ends_after_seven_days() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    let server = place.serve_with(&["--public-url=http://localhost"]);
    let link = create(&place, &[], None).succeeded();
    let path = link[link.find("/invitations/").unwrap()..].trim_end();
    let life = "SELECT (expires_at - created_at) = interval '7 days' FROM invitations";
    assert!(query(&address, life).await[0].get::<_, bool>(0));
    drop(server);

    let server = place.serve();
    let passes = |time: &str| {
        format!(
            "UPDATE invitations SET created_at = created_at - interval '{time}', \
             expires_at = expires_at - interval '{time}'"
        )
    };
    cluster::execute(&address, &passes("6 days 23 hours")).await;
    let page = server.browser().visit(path).await;
    assert_eq!(page.status, 200);
    cluster::execute(&address, &passes("1 hour")).await;
    assert_eq!(server.browser().visit(path).await.status, 404);
    let late = page.form(path).fill("password", PASSWORD).submit().await;
    assert_eq!(late.status, 404, "{}", late.text());
    assert_eq!(count(&address, "users").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_a_member_is_not_added_again() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    add(&place, "ada@northwind.example", "admin");
    for password in [Some(PASSWORD), None] {
        let refusal = create(&place, &[], password).refused();
        assert_eq!(refusal, "ada@northwind.example is a member already.\n");
    }
    assert_eq!(count(&address, "memberships").await, 1);
    assert_eq!(count(&address, "invitations").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_an_account_joins_a_second_organization_with_it() {
    let place = place().await;
    found(&place);
    add(&place, "ada@northwind.example", "admin");
    place
        .run(&["organization", "create", "--name=Contoso"])
        .succeeded();
    let join = [
        "user",
        "create",
        "--organization=contoso",
        "--name=Ada",
        "--role=member",
    ];
    let join = [&join[..], &["--email=ada@northwind.example"]].concat();
    let joined = place.run_with_input(&join, "an unrelated long password");
    let keeps = "has an account already, whose password stays if it has one.";
    assert!(joined.errors.contains(keeps), "{joined:?}");
    let link = joined.succeeded();
    let path = &link.trim()[link.find("/invitations/").unwrap()..];
    let server = place.serve();
    let page = server.browser().visit(path).await;
    let home = page.form(path).fill("password", PASSWORD).submit().await;
    assert!(home.says("Contoso"), "{}", home.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_organization_is_answered_with_the_known_ones() {
    let place = place().await;
    let none = create(&place, &[], None).refused();
    assert!(none.starts_with("There is no organisation yet."), "{none}");
    place
        .run(&["organization", "create", "--name=Fabrikam"])
        .succeeded();
    place
        .run(&["organization", "create", "--name=Contoso"])
        .succeeded();
    for password in [Some(PASSWORD), None] {
        let refusal = create(&place, &[], password).refused();
        let known = "There is no organisation \"northwind\". There are: contoso, fabrikam\n";
        assert_eq!(refusal, known);
    }
    let token = [
        "token",
        "create",
        "--organization=northwind",
        "--name=x",
        "--scope=all",
    ];
    assert!(
        place
            .run(&token)
            .refused()
            .contains("There are: contoso, fabrikam")
    );
}

/// Makes Ada an administrator of Northwind.
fn create(place: &Place, flags: &[&str], password: Option<&str>) -> Finished {
    let arguments = [
        &[
            "user",
            "create",
            "--organization=northwind",
            "--name=Ada Lovell",
        ],
        &["--email=ada@northwind.example", "--role=admin"][..],
        flags,
    ]
    .concat();
    match password {
        Some(password) => place.run_with_input(&arguments, password),
        None => place.run(&arguments),
    }
}

async fn count(address: &tokio_postgres::Config, table: &str) -> i64 {
    query(address, &format!("SELECT count(*) FROM {table}")).await[0].get(0)
}
