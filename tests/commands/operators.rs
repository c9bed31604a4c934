//! What operators do to what there is: tokens, members, products, and their lists.

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{add, found, place, token};
use crate::support::catalogue::query;
use crate::support::process::Finished;
use crate::support::{Place, cluster};

const IN_EFFECT: &str = "In effect on 1 of 1 instance after ";

/// Runs a command for Northwind; the first two words name it.
pub fn run(place: &Place, words: &[&str]) -> Finished {
    let (command, rest) = words.split_at(2);
    place.run(&[command, &["--organization=northwind"], rest].concat())
}

/// What a command prints in JSON.
pub fn json(place: &Place, words: &[&str]) -> Vec<Value> {
    let printed = run(place, &[words, &["--json"]].concat()).succeeded();
    let parse = |line| serde_json::from_str(line).unwrap();
    printed.lines().map(parse).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_listed_for_people_and_for_programs() {
    let place = place().await;
    found(&place);
    assert_eq!(run(&place, &["token", "list"]).succeeded(), "");
    token(&place, &["--name=東京 backup", "--scope=all"]);
    token(
        &place,
        &[
            "--name=Okta",
            "--scope=admin:scim",
            "--expires=2099-01-01T00:00:00Z",
        ],
    );
    let list = run(&place, &["token", "list"]).succeeded();
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    let words = |line: &str| -> Vec<String> {
        line.split("  ")
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .map(Into::into)
            .collect()
    };
    assert_eq!(
        words(lines[0]),
        [
            "ID",
            "NAME",
            "PREFIX",
            "STATUS",
            "ACCESS",
            "EXPIRES",
            "LAST USED"
        ]
    );
    assert_eq!(
        words(lines[1])[3..],
        ["Active", "SCIM provisioning", "1 Jan 2099", "Never"]
    );
    assert_eq!(words(lines[2])[1], "東京 backup");
    // Each of the two characters is two columns wide.
    let column = |line: &str| line.chars().take_while(|c| *c != 'w').count();
    assert_eq!(column(lines[1]), column(lines[2]) + 2, "{list}");

    let rows = json(&place, &["token", "list", "--sort=name", "--status=active"]);
    assert_eq!(
        (&rows[0]["name"], &rows[1]["name"]),
        (&"Okta".into(), &"東京 backup".into())
    );
    assert_eq!(rows[0]["scopes"], serde_json::json!(["admin:scim"]));
    assert_eq!(rows[0]["access_level"], "scim");
    assert_eq!(json(&place, &["token", "list", "--search=okt"]).len(), 1);
    assert_eq!(
        json(&place, &["token", "list", "--status=revoked"]).len(),
        0
    );
    let shown = json(&place, &["token", "show", "OKTA"]).remove(0);
    assert_eq!(shown, rows[0]);
    let id = shown["id"].as_str().unwrap();
    let shown = run(&place, &["token", "show", id]).succeeded();
    assert!(shown.contains("Name               Okta\n"), "{shown}");
}

/// The old one has stopped by then: whoever breaks off the wait would be left without any.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_is_told_before_any_instance_is_waited_for() {
    let place = place().await;
    found(&place);
    let server = place.serve_with(&["--lease-seconds=60"]);
    token(&place, &["--name=Okta", "--scope=all"]);
    server.process.signal(Signal::SIGSTOP);
    let rotate = ["token", "rotate", "Okta", "--organization=northwind"];
    let rotation = place.start(&rotate);
    let secret = format!("wxt_{}", rotation.line("wxt_"));
    server.process.signal(Signal::SIGCONT);
    // Had it been waited for first, its lease would have run out.
    let receipt = rotation.finish().errors;
    assert!(receipt.starts_with(IN_EFFECT), "{receipt}");
    assert!(!receipt.contains("did not answer"), "{receipt}");
    assert_eq!(server.asked_by(&secret).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_access_away_is_in_effect_when_the_command_ends() {
    let place = place().await;
    found(&place);
    let server = place.serve();
    let secret = token(&place, &["--name=Okta", "--scope=all"]);
    let status = async |secret: &str| server.asked_by(secret).await.status().as_u16();
    assert_eq!(status(&secret).await, 200);

    let disabled = run(&place, &["token", "disable", "okta"]);
    assert!(disabled.errors.starts_with(IN_EFFECT), "{disabled:?}");
    assert!(disabled.succeeded().starts_with("“Okta” is disabled."));
    assert_eq!(status(&secret).await, 401);
    let again = run(&place, &["token", "disable", "Okta"]).refused();
    assert!(
        again.starts_with("This token is inactive already"),
        "{again}"
    );
    run(&place, &["token", "enable", "Okta"]).succeeded();

    let rotated = run(&place, &["token", "rotate", "Okta"]);
    assert!(rotated.errors.starts_with(IN_EFFECT), "{rotated:?}");
    let new = rotated.succeeded().trim_end().to_owned();
    assert_eq!((status(&secret).await, status(&new).await), (401, 200));
    let newest = json(&place, &["token", "rotate", "Okta", "--overlap=24h"]).remove(0);
    let newest_secret = newest["secret"].as_str().unwrap();
    assert_eq!(
        (status(&new).await, status(newest_secret).await),
        (200, 200)
    );
    assert!(newest["token"]["old_secret_until"].is_string());

    let revoked = json(&place, &["token", "revoke", "Okta"]).remove(0);
    assert_eq!(revoked["token"]["status"], "revoked");
    assert!(
        revoked["receipt"]["summary"]
            .as_str()
            .unwrap()
            .starts_with(IN_EFFECT)
    );
    assert_eq!(
        (status(&new).await, status(newest_secret).await),
        (401, 401)
    );
    let by_name = run(&place, &["token", "revoke", "Okta"]).refused();
    assert!(
        by_name.starts_with("Northwind has no API token with this"),
        "{by_name}"
    );
    let id = revoked["token"]["id"].as_str().unwrap();
    assert_eq!(
        json(&place, &["token", "delete", id])[0]["token"],
        Value::Null
    );
    assert!(!run(&place, &["token", "show", id]).refused().contains(id));

    let export = place
        .run(&["export", "--organization=northwind"])
        .succeeded();
    let told = |action: &str| {
        export
            .lines()
            .any(|line| line.contains(action) && line.contains("Command line"))
    };
    for action in ["disabled", "enabled", "rotated", "revoked", "deleted"] {
        assert!(told(&format!("token.{action}")), "{action}: {export}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_organization_is_not_found() {
    let place = place().await;
    found(&place);
    place
        .run(&["organization", "create", "--name=Contoso"])
        .succeeded();
    token(&place, &["--name=Okta", "--scope=all"]);
    let id = json(&place, &["token", "list"])[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for verb in ["show", "disable", "revoke", "delete", "rotate"] {
        for which in ["Okta", &id] {
            let arguments = ["token", verb, "--organization=contoso", which];
            let refusal = place.run(&arguments).refused();
            assert!(
                refusal.starts_with("Contoso has no API token"),
                "{verb}: {refusal}"
            );
        }
    }
    assert_eq!(json(&place, &["token", "list", "--status=active"]).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_go_and_change_roles_and_one_always_administers() {
    let place = place().await;
    found(&place);
    add(&place, "ada@northwind.example", "admin");
    add(&place, "mei@northwind.example", "member");
    let last =
        "This is the last active administrator who can sign in. Make somebody else one first.\n";
    for words in [
        &["user", "role", "ada@northwind.example", "member"][..],
        &["user", "deactivate", "ada@northwind.example"],
        &["user", "remove", "ADA@northwind.example"],
    ] {
        assert_eq!(run(&place, words).refused(), last, "{words:?}");
    }
    let role = run(&place, &["user", "role", "mei@northwind.example", "admin"]);
    assert_eq!(
        role.succeeded(),
        "mei@northwind.example is an administrator now.\n"
    );
    let server = place.serve();
    let left = json(&place, &["user", "deactivate", "ada@northwind.example"]).remove(0);
    assert!(
        left["receipt"]["summary"]
            .as_str()
            .unwrap()
            .starts_with(IN_EFFECT),
        "{left}"
    );
    let again = run(&place, &["user", "deactivate", "ada@northwind.example"]).refused();
    assert_eq!(again, "ada@northwind.example is deactivated already.\n");
    let deactivated = json(&place, &["user", "list", "--view=deactivated"]);
    assert_eq!(deactivated[0]["email"], "ada@northwind.example");
    assert_eq!(deactivated.len(), 1);
    let back = run(&place, &["user", "reactivate", "ada@northwind.example"]);
    assert_eq!(back.succeeded(), "ada@northwind.example is active again.\n");
    let removed = run(&place, &["user", "remove", "ada@northwind.example"]);
    assert_eq!(removed.succeeded(), "ada@northwind.example is removed.\n");
    let members = run(&place, &["user", "list"]).succeeded();
    assert!(
        members.contains("mei@northwind.example") && !members.contains("ada@"),
        "{members}"
    );
    let gone = run(&place, &["user", "role", "ada@northwind.example", "admin"]).refused();
    assert_eq!(gone, "ada@northwind.example is no member.\n");
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_leaves_their_api_tokens_to_somebody_or_has_them_revoked() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    for email in [
        "ada@northwind.example",
        "mei@northwind.example",
        "jun@northwind.example",
    ] {
        add(&place, email, "admin");
    }
    let secrets =
        ["One", "Two"].map(|name| token(&place, &[&format!("--name={name}"), "--scope=all"]));
    // Those that commands make are nobody's.
    let answers_for = |name: &str, email: &str| {
        format!(
            "UPDATE tokens SET responsible_id = (SELECT id FROM users WHERE email = '{email}')
             WHERE name = '{name}'"
        )
    };
    cluster::execute(&address, &answers_for("One", "mei@northwind.example")).await;
    cluster::execute(&address, &answers_for("Two", "jun@northwind.example")).await;
    let server = place.serve();
    let deactivate = ["user", "deactivate", "mei@northwind.example"];
    let undecided = run(&place, &deactivate).refused();
    assert!(
        undecided.starts_with("mei@northwind.example answers for 1 API token. Say --hand-to"),
        "{undecided}"
    );
    for (heir, why) in [
        (
            "mei@northwind.example",
            "Tokens can be handed to another active administrator only.",
        ),
        (
            "eve@northwind.example",
            "eve@northwind.example is no member.",
        ),
    ] {
        let hand = [&deactivate[..], &["--hand-to", heir]].concat();
        assert_eq!(
            run(&place, &hand).refused(),
            format!(
                "{why}
"
            )
        );
    }
    let both = ["--hand-to=ada@northwind.example", "--revoke-api-tokens"];
    let both = run(&place, &[&deactivate[..], &both].concat()).refused();
    assert!(both.contains("cannot be used with"), "{both}");
    assert_eq!(
        json(&place, &["user", "list", "--view=deactivated"]).len(),
        0
    );

    let hand = [&deactivate[..], &["--hand-to=ada@northwind.example"]].concat();
    let left = json(&place, &hand).remove(0);
    assert_eq!(
        (&left["api_tokens"], &left["sessions"]),
        (&1.into(), &0.into())
    );
    assert!(left["member"]["deactivated_at"].is_string(), "{left}");
    assert_eq!(left["member"]["api_tokens"], 0);
    let remove = [
        "user",
        "remove",
        "jun@northwind.example",
        "--revoke-api-tokens",
    ];
    let left = json(&place, &remove).remove(0);
    assert_eq!(left["api_tokens"], 1);
    assert_eq!(left["member"]["email"], "jun@northwind.example");

    let status = async |secret: &str| server.asked_by(secret).await.status().as_u16();
    assert_eq!(
        (status(&secrets[0]).await, status(&secrets[1]).await),
        (200, 401)
    );
    let heir = "SELECT email FROM tokens JOIN users ON users.id = responsible_id
        WHERE tokens.name = 'One'";
    let heir: String = query(&address, heir).await[0].get(0);
    assert_eq!(heir, "ada@northwind.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn api_tokens_of_people_who_are_gone_are_found_and_handed_over() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    for email in ["ada@northwind.example", "mei@northwind.example"] {
        add(&place, email, "admin");
    }
    token(&place, &["--name=One", "--scope=all"]);
    let responsible = ["user", "responsible"];
    assert_eq!(
        run(&place, &responsible).succeeded(),
        "",
        "a command's is nobody's"
    );
    let answers_for =
        "UPDATE tokens SET responsible_id = (SELECT id FROM users WHERE email LIKE 'mei%')";
    cluster::execute(&address, answers_for).await;
    let listed = run(&place, &responsible).succeeded();
    assert!(
        listed.contains("mei@northwind.example") && listed.contains("Active"),
        "{listed}"
    );
    let gone = ["user", "responsible", "--gone"];
    assert_eq!(run(&place, &gone).succeeded(), "");
    cluster::execute(
        &address,
        "DELETE FROM memberships USING users WHERE id = user_id AND email LIKE 'mei%'",
    )
    .await;
    let gone = json(&place, &gone).remove(0);
    assert_eq!(
        (&gone["email"], &gone["presence"]),
        (&"mei@northwind.example".into(), &"removed".into())
    );

    let hand_over = ["user", "hand-over", "mei@northwind.example"];
    let undecided = run(&place, &hand_over).refused();
    assert!(undecided.contains("<--to <EMAIL>|--revoke>"), "{undecided}");
    let to_nobody = run(
        &place,
        &[&hand_over[..], &["--to=mei@northwind.example"]].concat(),
    )
    .refused();
    assert_eq!(to_nobody, "mei@northwind.example is no member.\n");
    let handed = run(
        &place,
        &[&hand_over[..], &["--to=ada@northwind.example"]].concat(),
    );
    assert_eq!(
        handed.succeeded(),
        "1 API token of mei@northwind.example handed over.\n"
    );
    let unknown = run(&place, &[&hand_over[..], &["--revoke"]].concat()).refused();
    assert_eq!(
        unknown,
        "mei@northwind.example is no member and answers for no API token.\n"
    );
    let revoke = ["user", "hand-over", "ada@northwind.example", "--revoke"];
    let revoked = json(&place, &revoke).remove(0);
    assert_eq!(revoked["api_tokens"], 1);
    assert!(revoked["receipt"].is_object(), "{revoked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn products_organizations_and_groups_are_listed() {
    let place = place().await;
    found(&place);
    let create = ["product", "create", "--name=Storefront", "--key=shop"];
    assert_eq!(
        run(&place, &create).succeeded(),
        "“Storefront” is created.\n"
    );
    let taken = run(&place, &create).refused();
    assert!(
        taken.starts_with("--key: Another product has the key “shop”."),
        "{taken}"
    );
    let wrong = run(&place, &["product", "create", "--name=", "--key=wxt"]).refused();
    assert_eq!(wrong.lines().count(), 2, "{wrong}");
    let products = json(&place, &["product", "list"]);
    assert_eq!(
        (&products[0]["key"], &products[0]["tokens"]),
        (&"shop".into(), &0.into())
    );
    assert_eq!(
        run(&place, &["product", "delete", "shop"]).succeeded(),
        "“Storefront” is deleted.\n"
    );
    let none = run(&place, &["product", "delete", "shop"]).refused();
    assert!(none.starts_with("There is no product \"shop\"."), "{none}");
    let list = place.run(&["organization", "list", "--json"]).succeeded();
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(
        (&list["slug"], &list["name"]),
        (&"northwind".into(), &"Northwind".into())
    );
    assert_eq!(json(&place, &["group", "list"]).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_made_and_filled_and_make_administrators() {
    let place = place().await;
    found(&place);
    add(&place, "mei@northwind.example", "member");
    let create = ["group", "create", "--name=Platform", "--admin"];
    assert_eq!(run(&place, &create).succeeded(), "“Platform” is created.\n");
    let taken = run(&place, &create).refused();
    assert_eq!(taken, "Another group has this name. Choose another name.\n");
    let add = ["group", "add", "platform", "mei@northwind.example"];
    let said = "mei@northwind.example is in “Platform”";
    assert_eq!(run(&place, &add).succeeded(), format!("{said}.\n"));
    assert_eq!(run(&place, &add).succeeded(), format!("{said} already.\n"));
    let group = json(&place, &["group", "list"]).remove(0);
    assert_eq!(
        (&group["role"], &group["members"]),
        (&"admin".into(), &1.into())
    );
    let mei = json(&place, &["user", "list", "--view=administrators"]).remove(0);
    assert_eq!(
        (&mei["role"], &mei["effective_role"]),
        (&"member".into(), &"admin".into())
    );
    // Nobody else administers.
    for words in [
        &["group", "delete", "Platform"][..],
        &["group", "remove", "Platform", "mei@northwind.example"],
    ] {
        let refusal = run(&place, words).refused();
        assert!(
            refusal.starts_with("Nobody would be left to administer"),
            "{refusal}"
        );
    }
    let none = run(&place, &["group", "delete", "Nobody"]).refused();
    assert!(
        none.starts_with("Northwind has no group \"Nobody\"."),
        "{none}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebodys_mcp_token_is_found_and_revoked() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    for email in ["ada@northwind.example", "mei@northwind.example"] {
        add(&place, email, "member");
    }
    let secret = "an-old-secret-of-24-chars";
    let file = format!(
        "name,secret,owner\nLaptop,{secret},mei@northwind.example\n\
         Phone,another-old-secret-of-24,ada@northwind.example\n"
    );
    let import = ["import", "-", "--organization=northwind"];
    place.run_with_input(&import, &file).succeeded();
    token(&place, &["--name=Okta", "--scope=admin:scim"]);
    let server = place.serve();
    assert_eq!(server.asked_by(secret).await.status(), 200);

    let list = json(&place, &["mcp-token", "list", "--owner=MEI@"]);
    let [laptop] = &list[..] else {
        panic!("{list:?}");
    };
    assert_eq!(laptop["name"], "Laptop");
    let id = laptop["id"].as_str().unwrap();
    let done = run(&place, &["mcp-token", "revoke", id]);
    assert!(done.errors.starts_with(IN_EFFECT), "{}", done.errors);
    let told = "“Laptop” of mei@northwind.example is revoked.";
    assert!(done.succeeded().starts_with(told));
    assert_eq!(server.asked_by(secret).await.status(), 401);
    let again = run(&place, &["mcp-token", "revoke", id]).refused();
    assert!(again.contains("revoked already"), "{again}");
    let api = &json(&place, &["token", "show", "Okta"])[0]["id"];
    let other = run(&place, &["mcp-token", "revoke", api.as_str().unwrap()]).refused();
    assert!(other.starts_with("Northwind has no MCP token"), "{other}");
}
