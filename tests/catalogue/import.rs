//! All resources at once: export, import, reset.

use tokendesk::catalogue::resources::default_catalogue;

use crate::support::App;

const LIST: &str = "/settings/resources";
const EXPORT: &str = "/settings/resources/export";
const IMPORT: &str = "/settings/resources/import";
const RESET: &str = "/settings/resources/reset";

const SMALL: &str = r#"
[[resource]]
name = "AGENTS"
path = "/api/knowledge-base/**"
preflight = true
operations = [{ name = "list", methods = ["GET"], scope = "admin:read" }]

[[resource]]
name = "New"
operations = [{ name = "a_tool", scope = "render" }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_is_imported_as_it_was() {
    let app = App::start().await;
    let ada = app.ada().await;
    let export = ada.visit(EXPORT).await;
    assert_eq!(
        export.headers["content-type"],
        "application/toml; charset=utf-8"
    );
    let attachment = "attachment; filename=\"resources.toml\"";
    assert_eq!(export.headers["content-disposition"], attachment);
    assert_eq!(
        export.html.matches("[[resource]]").count(),
        default_catalogue().len()
    );
    let ids = app.sql("SELECT id::text FROM resources ORDER BY id").await;
    let form = ada
        .visit(IMPORT)
        .await
        .form(IMPORT)
        .fill("toml", &export.html);
    let list = form.submit().await;
    assert!(
        list.says("Imported. Nothing was different."),
        "{}",
        list.text()
    );
    assert_eq!(
        app.count("SELECT count(*) FROM journal WHERE action LIKE 'resource%'")
            .await,
        0
    );

    let form = ada.visit(IMPORT).await.form(IMPORT).fill("toml", SMALL);
    let list = form.submit().await;
    let count = default_catalogue().len() + 1;
    let told = format!(
        "Imported. {count} resources added, changed or removed. In effect on 1 of 1 instance after"
    );
    assert!(list.says(&told), "{}", list.text());
    assert_eq!(list.texts(".table__name"), ["AGENTS", "New"]);
    // Agents stayed what it was, with its ID.
    let kept = app
        .sql("SELECT id::text FROM resources WHERE name = 'AGENTS' AND version = 2")
        .await;
    assert!(
        ids.iter()
            .any(|id| id.get::<_, &str>(0) == kept[0].get::<_, &str>(0))
    );
    let log = ada.visit("/settings/audit-log").await;
    for entry in [
        "Imported resources",
        "New MCP tools; a_tool: render",
        "Webhooks /api/webhook/{*rest}; send events: POST connect:write → to none",
    ] {
        assert!(log.says(entry), "{entry}: {}", log.text());
    }

    let reset = ada.visit(RESET).await;
    assert!(reset.says("Present resources 2"), "{}", reset.text());
    let list = reset.form(RESET).submit().await;
    assert!(
        list.says(&format!(
            "Reset. {count} resources added, changed or removed. In effect on"
        )),
        "{}",
        list.text()
    );
    assert_eq!(ada.visit(EXPORT).await.html, export.html);
    assert!(
        ada.visit("/settings/audit-log")
            .await
            .says("Reset resources")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_imports_nothing_and_keeps_what_was_pasted() {
    let app = App::start().await;
    let ada = app.ada().await;
    let form = ada.visit(IMPORT).await;
    let conflict = SMALL
        .replace(
            "name = \"New\"\n",
            "name = \"New\"\npath = \"/api/knowledge-base/{*x}\"\n",
        )
        .replace("a_tool\", ", "a_tool\", methods = [\"GET\"], ");
    for (toml, errors) in [
        ("", &["Paste a catalogue."][..]),
        ("nonsense", &["Line 1: "]),
        (
            "[[resource]]\nnaem = \"x\"",
            &["Line 2: unknown field `naem`"],
        ),
        (
            "[[resource]]\npath = \"x\"\n[[resource]]\nname = \"Two\"",
            &[
                "Line 1, “”, name: Enter a name.",
                "Line 1, “”, path: Begin with /",
                "Line 3, “Two”, operations: Add",
            ],
        ),
        (
            &conflict,
            &[
                "“AGENTS” (/api/knowledge-base/**) and “New” (/api/knowledge-base/{*x}) cover the same paths",
            ],
        ),
    ] {
        let page = form.form(IMPORT).fill("toml", toml).submit().await;
        assert_eq!(page.status, 422, "{toml}");
        for error in errors {
            assert!(page.says(error), "{error}: {}", page.text());
        }
        let kept = page.form(IMPORT);
        assert_eq!(kept.value("toml").trim(), toml.trim());
    }
    let count = app.count("SELECT count(*) FROM resources").await;
    assert_eq!(count, i64::try_from(default_catalogue().len()).unwrap());
    assert_eq!(
        app.count("SELECT count(*) FROM journal WHERE action LIKE 'resource%'")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_meanwhile_is_not_overwritten_unasked() {
    let app = App::start().await;
    let ada = app.ada().await;
    let (import, reset) = (ada.visit(IMPORT).await, ada.visit(RESET).await);
    let webhooks = ada.visit(LIST).await.follow("Webhooks").await;
    let deletion = format!("{}/deletion", webhooks.path);
    ada.visit(&deletion).await.form(&deletion).submit().await;

    let stale = reset.form(RESET).submit().await;
    assert_eq!(stale.status, 409);
    assert!(
        stale.says("Someone else changed the resources"),
        "{}",
        stale.text()
    );
    let stale = import.form(IMPORT).fill("toml", SMALL).submit().await;
    assert_eq!(stale.status, 422);
    assert!(
        stale.says("Someone else changed the resources"),
        "{}",
        stale.text()
    );
    let count = app.count("SELECT count(*) FROM resources").await;
    assert_eq!(count, i64::try_from(default_catalogue().len() - 1).unwrap());

    let list = stale.form(IMPORT).submit().await;
    assert_eq!(
        list.texts(".table__name"),
        ["AGENTS", "New"],
        "{}",
        list.text()
    );
    let webhooks = ada.visit(&webhooks.path).await;
    assert_eq!(webhooks.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_paths_can_go_from_one_to_another() {
    let app = App::start().await;
    let ada = app.ada().await;
    let pair = |one: &str, other: &str| {
        let entry = |name: &str, path: &str| {
            format!(
                "[[resource]]\nname = \"{name}\"\npath = \"{path}\"\noperations = [{{ name = \"x\", methods = [\"*\"], scope = \"all\" }}]\n"
            )
        };
        entry("One", one) + &entry("Two", other)
    };
    for (one, other) in [("/a", "/b"), ("/b", "/a"), ("/A", "/b/{x}")] {
        let form = ada.visit(IMPORT).await.form(IMPORT);
        let list = form.fill("toml", &pair(one, other)).submit().await;
        assert!(list.says("Imported."), "{}", list.text());
        let places = list.texts("td:first-child code").join(" ");
        assert!(places.contains(one) && places.contains(other), "{places}");
    }
}
