//! `--json`: every command has it, and tells what the Admin API tells.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory};
use serde_json::Value;
use tokendesk::commands::CommandLine;

use super::{add, found, place, token};
use crate::support::{Place, cluster};

/// Each command once, in an order in which each has something to do, with what stands on its
/// standard input. `ID` is that of what the step before printed.
const STEPS: [(&str, &str); 52] = [
    ("migrate", ""),
    ("organization create --name=Northwind", ""),
    ("organization list", ""),
    (
        "user create NORTHWIND --name=Ada --email=ada@x.example --role=admin",
        PASSWORD,
    ),
    (
        "user create NORTHWIND --name=Mei --email=mei@x.example --role=admin",
        PASSWORD,
    ),
    (
        "user create NORTHWIND --name=Jun --email=jun@x.example --role=member",
        "",
    ),
    ("invitation list NORTHWIND", ""),
    ("invitation revoke NORTHWIND ID", ""),
    ("user list NORTHWIND", ""),
    ("user link NORTHWIND mei@x.example", ""),
    ("user role NORTHWIND mei@x.example member", ""),
    ("group create NORTHWIND --name=Platform", ""),
    ("group list NORTHWIND", ""),
    (
        "group edit NORTHWIND platform --name=Operations --role=admin",
        "",
    ),
    ("group add NORTHWIND operations mei@x.example", ""),
    ("user list NORTHWIND --group=operations", ""),
    ("group remove NORTHWIND operations mei@x.example", ""),
    ("group delete NORTHWIND operations", ""),
    ("user deactivate NORTHWIND mei@x.example", ""),
    ("user reactivate NORTHWIND mei@x.example", ""),
    ("product create NORTHWIND --name=Storefront --key=shop", ""),
    ("product edit NORTHWIND shop --name=Shop", ""),
    ("product list NORTHWIND", ""),
    ("token create NORTHWIND --name=Okta --scope=admin:scim", ""),
    ("token edit NORTHWIND okta --name=Entra --any-ip", ""),
    ("token list NORTHWIND", ""),
    ("user responsible NORTHWIND", ""),
    (
        "user hand-over NORTHWIND mei@x.example --to=ada@x.example",
        "",
    ),
    ("user remove NORTHWIND mei@x.example", ""),
    ("token show NORTHWIND entra", ""),
    ("token rotate NORTHWIND entra --overlap=24h", ""),
    ("token end-overlap NORTHWIND entra", ""),
    ("token disable NORTHWIND entra", ""),
    ("token enable NORTHWIND entra", ""),
    ("token revoke NORTHWIND entra", ""),
    ("token delete NORTHWIND ID", ""),
    ("product delete NORTHWIND shop", ""),
    ("import - NORTHWIND --dry-run", TOKENS),
    ("import - NORTHWIND", TOKENS),
    ("mcp-token list NORTHWIND", ""),
    ("mcp-token revoke NORTHWIND ID", ""),
    (
        "resource create NORTHWIND --name=Alerts --tools --operation=alert=connect:write",
        "",
    ),
    (
        "resource edit NORTHWIND alerts --name=Alarms --preflight",
        "",
    ),
    ("resource delete NORTHWIND alarms", ""),
    ("resource list NORTHWIND", ""),
    ("resource export NORTHWIND", ""),
    ("resource import - NORTHWIND", CATALOGUE),
    ("resource reset NORTHWIND", ""),
    (
        "mcp-server create NORTHWIND --name=widgets --url=https://mcp.example.com/",
        "",
    ),
    ("mcp-server list NORTHWIND", ""),
    ("mcp-server edit NORTHWIND widgets --name=gadgets", ""),
    ("mcp-server delete NORTHWIND gadgets", ""),
];
const PASSWORD: &str = "correct horse battery staple";
const TOKENS: &str = "name,secret,scopes,owner\nOld,an-old-secret-of-24-chars,admin:read,\n\
                      Laptop,another-old-secret-of-mine,,ada@x.example\n";
const CATALOGUE: &str = "[[resource]]\nname = \"Agents\"\npath = \"/agents\"\n\
                         operations = [{ name = \"list\", methods = [\"GET\"], scope = \"connect:read\" }]\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_command_prints_objects_and_nothing_else() {
    let address = cluster::database().await;
    let (place, other) = (Place::database(&address), place().await);
    let mut run = BTreeSet::new();
    let mut id = String::new();
    for (step, input) in STEPS {
        let words = step
            .replace("NORTHWIND", "--organization=northwind")
            .replace("ID", &id);
        if step.starts_with("user responsible") {
            // A command's token is nobody's.
            cluster::execute(
                &address,
                "UPDATE tokens SET responsible_id = users.id FROM users WHERE email LIKE 'mei%'",
            )
            .await;
        }
        let objects = objects(&place, &words, input);
        let first = &objects[0];
        let things = [first, &first["token"], &first["invitation"]];
        let found = things.iter().find_map(|thing| thing["id"].as_str());
        id = found.unwrap_or_default().to_owned();
        run.insert(name_in(step));
    }
    run.extend(["export", "demo"].map(str::to_owned));
    objects(&place, "export --organization=northwind", "");
    let filled = objects(&other, "demo --tokens=1", "").remove(0);
    assert_eq!(filled["api_tokens"], 1, "{filled}");

    let mut all = BTreeSet::new();
    collect(&CommandLine::command(), "", &mut all);
    all.remove("serve");
    assert_eq!(run, all);
}

fn objects(place: &Place, words: &str, input: &str) -> Vec<Value> {
    let words: Vec<&str> = words.split_whitespace().chain(["--json"]).collect();
    let printed = place.run_with_input(&words, input).succeeded();
    let object = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        assert!(value.is_object(), "{words:?}: {line}");
        value
    };
    let objects: Vec<Value> = printed.lines().map(object).collect();
    assert!(!objects.is_empty(), "{words:?} printed nothing");
    objects
}

/// The command that a step begins with.
fn name_in(step: &str) -> String {
    let is_name =
        |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && *word != "-";
    let words: Vec<&str> = step.split(' ').take(2).take_while(is_name).collect();
    words.join(" ")
}

/// The names of all commands that do something.
fn collect(command: &Command, name: &str, all: &mut BTreeSet<String>) {
    for inner in command.get_subcommands() {
        let name = format!("{name} {}", inner.get_name()).trim().to_owned();
        if inner.has_subcommands() {
            collect(inner, &name, all);
        } else {
            all.insert(name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_those_of_the_admin_api() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    add(&place, "ada@northwind.example", "admin");
    for words in [
        "user create NORTHWIND --name=Jun --email=jun@x.example --role=member",
        "group create NORTHWIND --name=Platform --admin",
        "group add NORTHWIND platform ada@northwind.example",
        "product create NORTHWIND --name=Storefront --key=shop",
        "token create NORTHWIND --name=Shop --scope=connect:read --product=shop --ip=10.0.0.0/8",
        "mcp-server create NORTHWIND --name=widgets --url=https://mcp.example.com/",
    ] {
        objects(
            &place,
            &words.replace("NORTHWIND", "--organization=northwind"),
            "",
        );
    }
    let tokens = "name,secret,owner\nLaptop,an-old-secret-of-24-chars,ada@northwind.example\n";
    objects(&place, "import - --organization=northwind", tokens);
    let secret = token(&place, &["--name=Reader", "--scope=admin:read"]);
    let server = place.serve();
    for (words, path) in [
        ("user list", "members"),
        ("invitation list", "invitations"),
        ("group list", "groups"),
        ("product list", "products"),
        ("resource list", "resources"),
        ("mcp-server list", "mcp-servers"),
        ("mcp-token list --owner=ADA", "mcp-tokens?owner=ADA"),
        ("token list --product=shop", "tokens?q=Shop"),
    ] {
        let printed = objects(&place, &format!("{words} --organization=northwind"), "");
        let address = format!("{}/api/v1/{path}", server.url);
        let request = reqwest::Client::new().get(address).bearer_auth(&secret);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(Value::Array(printed), answer["items"], "{words}");
    }
}
