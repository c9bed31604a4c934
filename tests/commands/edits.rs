//! What operators edit, as administrators do in the console.

use serde_json::{Value, json};

use super::operators::{json as objects, run};
use super::{found, place, token};

const IN_EFFECT: &str = "In effect on 1 of 1 instance after ";

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_edited_and_what_is_not_named_stays() {
    let place = place().await;
    found(&place);
    let server = place.serve();
    let secret = token(
        &place,
        &["--name=Okta", "--scope=admin:scim", "--expires=90d"],
    );
    token(&place, &["--name=Taken", "--scope=all"]);
    let before = objects(&place, &["token", "show", "Okta"]).remove(0);
    let renamed = objects(&place, &["token", "edit", "okta", "--name=Entra"]).remove(0);
    let after = &renamed["token"];
    assert_eq!(after["name"], "Entra");
    for same in ["id", "scopes", "expires_at", "allowed_ip_ranges", "prefix"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(server.asked_by(&secret).await.status(), 200);

    // Its address is not among them, at once and everywhere.
    let narrowed = [
        "token",
        "edit",
        "Entra",
        "--ip",
        "203.0.113.0/24",
        "2001:db8::/32",
    ];
    let narrowed = objects(&place, &narrowed).remove(0);
    let receipt = narrowed["receipt"]["summary"].as_str().unwrap();
    assert!(receipt.starts_with(IN_EFFECT), "{receipt}");
    assert_eq!(server.asked_by(&secret).await.status(), 403);
    let widened = ["token", "edit", "Entra", "--any-ip", "--expires=never"];
    let widened = [&widened[..], &["--scope", "admin:read", "connect:read"]].concat();
    assert_eq!(run(&place, &widened).succeeded(), "“Entra” is saved.\n");
    let answer: Value = server.asked_by(&secret).await.json().await.unwrap();
    assert_eq!(answer["scopes"], json!(["admin:read", "connect:read"]));
    assert_eq!(
        (&answer["expires_at"], &answer["allowed_ip_ranges"]),
        (&Value::Null, &json!([]))
    );

    let wrong = [
        "token",
        "edit",
        "Entra",
        "--name=",
        "--scope=render",
        "--ip=10.1.2.3/8",
    ];
    let wrong = run(
        &place,
        &[&wrong[..], &["--expires=2001-01-01T00:00:00Z"]].concat(),
    )
    .refused();
    let flags: Vec<&str> = wrong
        .lines()
        .filter_map(|line| line.split(':').next())
        .collect();
    assert_eq!(flags, ["--name", "--scope", "--expires", "--ip"], "{wrong}");
    let taken = run(&place, &["token", "edit", "Entra", "--name=TAKEN"]).refused();
    assert!(
        taken.starts_with("--name: a token named \"TAKEN\" already exists."),
        "{taken}"
    );
    let nothing = run(&place, &["token", "edit", "Entra"]).refused();
    assert!(nothing.contains("required"), "{nothing}");
    let revoked = objects(&place, &["token", "revoke", "Entra"]).remove(0);
    let id = revoked["token"]["id"].as_str().unwrap();
    let late = run(&place, &["token", "edit", id, "--name=Late"]).refused();
    assert_eq!(late, "A revoked token cannot be changed.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overlap_of_a_rotation_is_ended() {
    let place = place().await;
    found(&place);
    let server = place.serve();
    let old = token(&place, &["--name=Okta", "--scope=all"]);
    let end = ["token", "end-overlap", "Okta"];
    let none = run(&place, &end).refused();
    assert_eq!(none, "No old secret of “Okta” works any more.\n");
    let rotate = ["token", "rotate", "Okta", "--overlap=24h"];
    let new = run(&place, &rotate).succeeded().trim_end().to_owned();
    let status = async |secret: &str| server.asked_by(secret).await.status().as_u16();
    assert_eq!((status(&old).await, status(&new).await), (200, 200));
    let ended = run(&place, &end);
    assert!(ended.errors.starts_with(IN_EFFECT), "{ended:?}");
    assert_eq!(
        ended.succeeded(),
        "The old secret of “Okta” has stopped working.\n"
    );
    assert_eq!((status(&old).await, status(&new).await), (401, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_linked_to_a_product_and_listed_by_it() {
    let place = place().await;
    found(&place);
    let product = ["product", "create", "--name=Storefront", "--key=shop"];
    run(&place, &product).succeeded();
    token(&place, &["--name=Okta", "--scope=all"]);
    let linked = [
        "token",
        "create",
        "--name=Shop",
        "--scope=connect:read",
        "--product=shop",
    ];
    let secret = run(&place, &linked).succeeded();
    assert!(secret.starts_with("shop_"), "{secret}");
    let listed = objects(&place, &["token", "list", "--product=shop"]);
    assert_eq!(
        (listed.len(), &listed[0]["product"]["key"]),
        (1, &"shop".into())
    );
    for words in [
        &["token", "list", "--product=shoe"][..],
        &[
            "token",
            "create",
            "--name=x",
            "--scope=all",
            "--product=shoe",
        ],
        &["product", "edit", "shoe", "--name=Shoes"],
    ] {
        let unknown = run(&place, words).refused();
        assert_eq!(unknown, "There is no product \"shoe\". There are: shop\n");
    }

    let renamed = objects(&place, &["product", "edit", "shop", "--name=Shop"]).remove(0);
    assert_eq!(
        (&renamed["name"], &renamed["key"]),
        (&"Shop".into(), &"shop".into())
    );
    let fixed = run(&place, &["product", "edit", "shop", "--key=store"]).refused();
    assert!(
        fixed.starts_with("--key: Tokens are linked to “Shop”"),
        "{fixed}"
    );
    run(&place, &["product", "create", "--name=Docs", "--key=docs"]).succeeded();
    let taken = run(&place, &["product", "edit", "docs", "--key=shop"]).refused();
    assert!(
        taken.starts_with("--key: Another product has the key “shop”."),
        "{taken}"
    );
    let moved = objects(&place, &["product", "edit", "docs", "--key=pages"]).remove(0);
    assert_eq!(
        (&moved["name"], &moved["key"]),
        (&"Docs".into(), &"pages".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_renamed_and_gets_a_role() {
    let place = place().await;
    found(&place);
    for name in ["Platform", "Owners"] {
        run(&place, &["group", "create", "--name", name]).succeeded();
    }
    let edited = [
        "group",
        "edit",
        "platform",
        "--name=Operations",
        "--role=admin",
    ];
    let edited = objects(&place, &edited).remove(0);
    assert_eq!(
        (&edited["name"], &edited["role"]),
        (&"Operations".into(), &"admin".into())
    );
    let lowered = objects(&place, &["group", "edit", "operations", "--role=none"]).remove(0);
    assert_eq!(
        (&lowered["name"], &lowered["role"]),
        (&"Operations".into(), &Value::Null)
    );
    let taken = run(&place, &["group", "edit", "operations", "--name=OWNERS"]).refused();
    assert!(
        taken.starts_with("--name: Another group has this name."),
        "{taken}"
    );
    let empty = run(&place, &["group", "edit", "operations", "--name="]).refused();
    assert!(empty.starts_with("--name: "), "{empty}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_listed_and_revoked() {
    let place = place().await;
    found(&place);
    let server = place.serve();
    let invite = [
        "user",
        "create",
        "--email=jun@x.example",
        "--name=Jun",
        "--role=member",
    ];
    let invited = objects(&place, &invite).remove(0);
    assert_eq!(invited["delivery"], "by_hand");
    let link = invited["link"].as_str().unwrap();
    let path = &link[link.find("/invitations/").unwrap()..];
    let listed = objects(&place, &["invitation", "list"]).remove(0);
    assert_eq!(listed, invited["invitation"]);
    let id = listed["id"].as_str().unwrap();
    let revoke = ["invitation", "revoke", id];
    assert_eq!(
        run(&place, &revoke).succeeded(),
        "The invitation of jun@x.example is revoked.\n"
    );
    let again = run(&place, &revoke).refused();
    assert!(
        again.starts_with("Northwind has no invitation with this ID"),
        "{again}"
    );
    assert_eq!(run(&place, &["invitation", "list"]).succeeded(), "");
    assert_eq!(server.browser().visit(path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn mcp_servers_are_added_edited_and_removed() {
    let place = place().await;
    found(&place);
    let create = [
        "mcp-server",
        "create",
        "--name=widgets",
        "--url=https://mcp.example.com/mcp",
    ];
    let create = [&create[..], &["--description=Widgets"]].concat();
    let server = place.serve();
    let created = run(&place, &create);
    assert!(created.errors.starts_with(IN_EFFECT), "{created:?}");
    assert_eq!(created.succeeded(), "“widgets” is added.\n");
    server.stop();
    let taken = run(&place, &create).refused();
    assert!(
        taken.starts_with("--name: Another server has this name."),
        "{taken}"
    );
    let wrong = ["mcp-server", "create", "--name=tokendesk", "--url=ftp://x"];
    assert_eq!(run(&place, &wrong).refused().lines().count(), 2);
    let edit = ["mcp-server", "edit", "Widgets", "--name=gadgets"];
    let edited = objects(&place, &edit).remove(0);
    assert_eq!(edited["name"], "gadgets");
    assert_eq!(edited["receipt"]["summary"], "In effect.");
    assert_eq!(edited["url"], "https://mcp.example.com/mcp");
    assert_eq!(edited["description"], "Widgets");
    let gone = run(&place, &edit).refused();
    assert!(
        gone.starts_with("Northwind has no MCP server \"Widgets\"."),
        "{gone}"
    );
    let delete = ["mcp-server", "delete", "gadgets"];
    assert_eq!(run(&place, &delete).succeeded(), "“gadgets” is removed.\n");
    assert_eq!(objects(&place, &["mcp-server", "list"]).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_created_edited_and_deleted() {
    let place = place().await;
    found(&place);
    let server = place.serve();
    let secret = token(&place, &["--name=Reader", "--scope=connect:read"]);
    let verifier = token(&place, &["--name=Verifier", "--scope=tokens:verify"]);
    let asked = async |method: &str, path: &str| {
        let request = reqwest::Client::new()
            .post(format!("{}/api/v1/verify", server.url))
            .bearer_auth(&verifier)
            .json(&json!({ "token": secret, "method": method, "path": path }));
        let verdict: Value = request.send().await.unwrap().json().await.unwrap();
        verdict["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(asked("GET", "/alerts/7").await, "unknown_resource");
    let create = [
        "resource",
        "create",
        "--name=Alerts",
        "--path=/alerts/**",
        "--operation=Read all=GET,QUERY connect:read",
        "--operation=change=PUT below connect:write",
    ];
    let created = run(&place, &create);
    assert!(created.errors.starts_with(IN_EFFECT), "{created:?}");
    assert_eq!(created.succeeded(), "“Alerts” is created.\n");
    assert_eq!(asked("GET", "/alerts/7").await, "valid");
    assert_eq!(asked("PUT", "/alerts/7").await, "insufficient_scope");

    let edit = ["resource", "edit", "alerts", "--preflight"];
    let operations = ["--operation=change=PUT connect:read"];
    let edited = objects(&place, &[&edit[..], &operations].concat()).remove(0);
    let receipt = edited["receipt"]["summary"].as_str().unwrap();
    assert!(receipt.starts_with(IN_EFFECT), "{receipt}");
    assert_eq!(asked("GET", "/alerts/7").await, "unknown_resource");
    assert_eq!(asked("PUT", "/alerts/7").await, "valid");
    let renamed = objects(&place, &["resource", "edit", "Alerts", "--name=Alarms"]).remove(0);
    let expected = json!({ "name": "Alarms", "path": "/alerts/**", "preflight": true,
        "version": 3, "operations": edited["operations"] });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(renamed[field], *value, "{field}");
    }
    let off = ["resource", "edit", "alarms", "--no-preflight"];
    assert_eq!(objects(&place, &off).remove(0)["preflight"], false);

    let before = objects(&place, &["resource", "list"]);
    for (words, why) in [
        (
            &["--name=Alarms", "--path=/x"][..],
            "--name: Two resources are named “Alarms”.",
        ),
        (
            &["--name=X", "--path=/alerts/**"],
            "--path: “Alarms” (/alerts/**) and “X”",
        ),
        (&["--name=X", "--path=alerts"], "--path: "),
        (
            &["--name=X", "--path=/x", "--operation=y=GET below all"],
            "--operation \"y\", place: ",
        ),
        (
            &["--name=X", "--path=/x", "--operation=y=GET any"],
            "--operation \"y\", scope: ",
        ),
        (
            &["--name=X", "--path=/x", "--operation=y"],
            "write it as \"list=GET connect:read\"",
        ),
        (
            &["--name=X", "--tools", "--operation=y=GET all"],
            "--operation \"y\", methods: ",
        ),
        (&["--name=X", "--tools", "--path=/x"], "cannot be used with"),
        (&["--name=X"], "--path"),
    ] {
        let create = ["resource", "create", "--operation=list=GET connect:read"];
        let refusal = run(&place, &[&create[..], words].concat()).refused();
        assert!(refusal.contains(why), "{words:?}: {refusal}");
    }
    let nobody = run(&place, &["resource", "edit", "Alerts", "--tools"]).refused();
    assert!(
        nobody.starts_with("Northwind has no resource \"Alerts\"."),
        "{nobody}"
    );
    assert_eq!(objects(&place, &["resource", "list"]), before);

    let delete = ["resource", "delete", "ALARMS"];
    assert_eq!(run(&place, &delete).succeeded(), "“Alarms” is deleted.\n");
    assert_eq!(asked("PUT", "/alerts/7").await, "unknown_resource");
    let tools = ["--name=Tools", "--tools", "--operation=search=connect:read"];
    let tools = [&["resource", "create"], &tools[..]].concat();
    assert_eq!(objects(&place, &tools).remove(0)["path"], Value::Null);
    let entries = place
        .run(&["export", "--organization=northwind"])
        .succeeded();
    let actions: Vec<&str> = entries
        .lines()
        .filter(|line| line.contains("resource."))
        .collect();
    assert_eq!(actions.len(), 6, "{entries}");
    assert!(
        actions.iter().all(|line| line.contains("Command line")),
        "{entries}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_are_exported_imported_and_reset() {
    let place = place().await;
    found(&place);
    let export = ["resource", "export", "--organization=northwind"];
    let exported = place.run(&export).succeeded();
    let import = |text: &str| {
        let import = ["resource", "import", "-", "--organization=northwind"];
        place.run_with_input(&import, text)
    };
    assert_eq!(
        import(&exported).succeeded(),
        "Imported. Nothing was different.\n"
    );

    let own = "[[resource]]\nname = \"Own\"\npath = \"/own\"\noperations = [\n  \
               { name = \"read\", methods = [\"GET\"], scope = \"connect:read\" },\n]\n";
    let server = place.serve();
    let imported = import(own);
    assert!(imported.errors.starts_with(IN_EFFECT), "{imported:?}");
    let imported = imported.succeeded();
    assert!(
        imported.ends_with("resources added, changed or removed.\n"),
        "{imported}"
    );
    server.stop();
    assert_eq!(place.run(&export).succeeded(), own);
    assert_eq!(objects(&place, &["resource", "list"])[0]["path"], "/own");

    let clash = own.replace("Own", "Other");
    let wrong = own.replace("connect:read", "nonsense");
    for (text, why) in [
        (format!("{own}{clash}"), "cover the same paths"),
        (wrong, "Line 1, “Own”, operation 1, scope: Choose a scope."),
        (" \n".to_owned(), "-: there is no resource in it."),
        ("nonsense".to_owned(), "Line 1: "),
    ] {
        let refusal = import(&text).refused();
        assert!(refusal.contains(why), "{refusal}");
    }
    let no_file = [
        "resource",
        "import",
        "/nowhere.toml",
        "--organization=northwind",
    ];
    assert!(place.run(&no_file).refused().starts_with("/nowhere.toml: "));
    assert_eq!(place.run(&export).succeeded(), own);
    run(&place, &["resource", "reset"]).succeeded();
    assert_eq!(place.run(&export).succeeded(), exported);
}
