use tokendesk::catalogue::resources::path::Path;
use tokendesk::catalogue::resources::{Found, queries};

use crate::support::{App, Browser, View};

const LIST: &str = "/settings/resources";

/// Sends a form with these operations: name, methods, place, scope.
async fn send(
    browser: &Browser,
    page: &View,
    action: &str,
    fields: &[(&str, &str)],
    operations: &[[&str; 4]],
) -> View {
    let form = page.form(action);
    let mut all: Vec<(&str, &str)> = ["csrf", "organization", "version"]
        .map(|name| (name, form.value(name)))
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    all.extend(fields);
    for [name, methods, place, scope] in operations {
        all.extend([
            ("operation_name", *name),
            ("operation_methods", *methods),
            ("operation_place", *place),
            ("operation_scope", *scope),
        ]);
    }
    browser.post(action, &all).await
}

/// `list connect:read`, or nothing.
async fn found(app: &App, method: &str, path: &str) -> String {
    let connection = &mut *app.database().get().await.unwrap();
    let resources = queries::load(connection, app.organization).await.unwrap();
    match resources.find(method, &Path::parse(path).unwrap()).unwrap() {
        Found::Operation(_, operation) => format!("{} {}", operation.name, operation.scope),
        Found::Preflight(_) => "preflight".to_owned(),
        Found::Nothing => "nothing".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_created_edited_and_deleted() {
    let app = App::start().await;
    let ada = app.ada().await;
    let new = ada.visit(LIST).await.follow("Create resource").await;
    let fields = [
        ("name", "Reports"),
        ("kind", "path"),
        ("path", "/api/reports/**"),
        ("preflight", "yes"),
    ];
    let operations = [
        ["", "", "anywhere", ""],
        ["read", "get", "anywhere", "connect:read"],
        ["write", "post, PUT", "below", "connect:write"],
    ];
    let list = send(&ada, &new, LIST, &fields, &operations).await;
    assert!(
        list.says("“Reports” created. In effect on 1 of 1 instance after")
            && list.says("CORS preflight let through"),
        "{}",
        list.text()
    );
    assert_eq!(
        found(&app, "GET", "/api/reports").await,
        "read connect:read"
    );
    assert_eq!(found(&app, "PUT", "/api/reports").await, "nothing");
    assert_eq!(
        found(&app, "PUT", "/api/reports/7").await,
        "write connect:write"
    );
    assert_eq!(found(&app, "OPTIONS", "/api/reports/7").await, "preflight");

    let edit = list.follow("Reports").await;
    assert_eq!(
        edit.attributes("#operation-1-methods", "value"),
        ["POST PUT"]
    );
    assert_eq!(
        edit.attributes("#operation-1-scope option[selected]", "value"),
        ["connect:write"]
    );
    let fields = [
        ("name", "Reports"),
        ("kind", "path"),
        ("path", "/api/reports/{id}"),
    ];
    let operations = [["read", "GET", "anywhere", "admin:read"]];
    let list = send(&ada, &edit, &edit.path, &fields, &operations).await;
    let saved = "“Reports” is saved. In effect on 1 of 1 instance after";
    assert!(list.says(saved), "{}", list.text());
    assert_eq!(
        found(&app, "GET", "/api/reports/7").await,
        "read admin:read"
    );
    assert_eq!(found(&app, "GET", "/api/reports").await, "nothing");

    let deletion = ada.visit(&format!("{}/deletion", edit.path)).await;
    let list = deletion.form(&deletion.path).submit().await;
    let deleted = "“Reports” deleted. In effect on 1 of 1 instance after";
    assert!(list.says(deleted), "{}", list.text());
    assert_eq!(found(&app, "GET", "/api/reports/7").await, "nothing");

    let log = ada.visit("/settings/audit-log").await;
    for entry in [
        "Created the resource Reports path /api/reports/** preflight yes read GET connect:read \
         write POST PUT below connect:write",
        "Edited the resource Reports path /api/reports/** → to /api/reports/{id} preflight yes → to none \
         read GET connect:read → to GET admin:read write POST PUT below connect:write → to none",
        "Deleted the resource Reports",
    ] {
        assert!(log.says(entry), "{entry}: {}", log.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_another_kind() {
    let app = App::start().await;
    let ada = app.ada().await;
    let new = ada.visit("/settings/resources/new").await;
    let fields = [
        ("name", "Charts"),
        ("kind", "tools"),
        ("path", "ignored"),
        ("preflight", "yes"),
    ];
    let list = send(
        &ada,
        &new,
        LIST,
        &fields,
        &[["draw_chart", "GET", "below", "render"]],
    )
    .await;
    assert!(list.says("“Charts” created."), "{}", list.text());
    let connection = &mut *app.database().get().await.unwrap();
    let resources = queries::load(connection, app.organization).await.unwrap();
    let (resource, tool) = resources.find_tool("draw_chart").unwrap();
    assert_eq!((&*resource.name, tool.scope.as_str()), ("Charts", "render"));

    let operations = [
        ["draw_chart", "", "anywhere", "render"],
        ["get_widget", "", "anywhere", "render"],
    ];
    let fields = [("name", "Other"), ("kind", "tools")];
    let page = send(&ada, &new, LIST, &fields, &operations).await;
    assert_eq!(page.status, 422);
    assert!(
        page.says("The tool “draw_chart” is in “Charts” and in “Other”."),
        "{}",
        page.text()
    );
    assert!(
        page.says("The tool “get_widget” is in “Widgets” and in “Other”."),
        "{}",
        page.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_comes_back_whole_with_each_error_at_its_field() {
    let app = App::start().await;
    let ada = app.ada().await;
    let new = ada.visit("/settings/resources/new").await;
    let fields = [
        ("name", "a\u{7}<b>"),
        ("kind", "path"),
        ("path", "/api/*/x"),
    ];
    let operations = [
        ["read", "GET", "below", "connect:read"],
        ["", "HEAD", "anywhere", "nonsense"],
        ["read", "GET", "anywhere", "connect:read"],
        ["odd", "G@T", "anywhere", "render"],
        ["any", "* GET", "anywhere", "render"],
        ["none", "", "anywhere", "render"],
    ];
    let page = send(&ada, &new, LIST, &fields, &operations).await;
    assert_eq!(page.status, 422);
    for error in [
        "Remove the control or invisible characters",
        "End with /** for the path",
        "HEAD counts as GET. Leave it out.",
        "Enter a name.",
        "Choose a scope.",
        "“read” stands here twice.",
        "GET is “read” already.",
        "“G@T” is no method.",
        "* stands for all methods.",
        "Enter a method, such as GET",
    ] {
        assert!(page.says(error), "{error}: {}", page.text());
    }
    assert_eq!(page.attributes("#name", "value"), ["a\u{7}<b>"]);
    assert_eq!(page.attributes("#operation-3-methods", "value"), ["G@T"]);
    assert_eq!(page.attributes("[autofocus]", "id"), ["name"]);
    for described in page.attributes("[aria-invalid=true]", "aria-describedby") {
        for id in described.split(' ') {
            assert!(page.has(&format!("#{id}")), "{id}");
        }
    }
    let page = send(
        &ada,
        &new,
        LIST,
        &[("name", "x"), ("kind", "path"), ("path", "/x")],
        &[],
    )
    .await;
    assert!(
        page.status == 422 && page.says("Add at least one operation."),
        "{}",
        page.text()
    );
    let many = [["x", "GET", "anywhere", "render"]; 60];
    let page = send(
        &ada,
        &new,
        LIST,
        &[("name", "x"), ("kind", "path"), ("path", "/x")],
        &many,
    )
    .await;
    assert!(page.status == 422 && page.says("Use at most 50 operations."));
    assert_eq!(
        app.count("SELECT count(*) FROM resources WHERE name NOT LIKE '%'")
            .await,
        0
    );
    assert_eq!(
        app.count("SELECT count(*) FROM journal WHERE action LIKE 'resource%'")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_conflicts_is_refused_with_both_named() {
    let app = App::start().await;
    let ada = app.ada().await;
    let new = ada.visit("/settings/resources/new").await;
    let read = [["read", "GET", "anywhere", "connect:read"]];
    for (name, path, error) in [
        (
            "Runs",
            "/api/agent-base/{agent}/executions",
            "“Agent Executions” (/api/agent-base/{id}/executions) and “Runs” (/api/agent-base/{agent}/executions) cover the same paths",
        ),
        (
            "Runs",
            "/API/Agent-Base/{*rest}",
            "“Agents” (/api/agent-base/**) and “Runs” (/API/Agent-Base/{*rest}) cover",
        ),
        ("AGENTS", "/free", "Two resources are named “AGENTS”."),
    ] {
        let fields = [("name", name), ("kind", "path"), ("path", path)];
        let page = send(&ada, &new, LIST, &fields, &read).await;
        assert_eq!(page.status, 422, "{path}");
        assert!(page.says(error), "{error}: {}", page.text());
        assert_eq!(page.attributes("[aria-invalid=true]", "id").len(), 1);
    }
    // More specific, and so another thing.
    let fields = [
        ("name", "Agents only"),
        ("kind", "path"),
        ("path", "/api/agent-base"),
    ];
    let page = send(
        &ada,
        &new,
        LIST,
        &fields,
        &[["see", "GET", "anywhere", "admin:read"]],
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(
        found(&app, "GET", "/api/agent-base").await,
        "see admin:read"
    );
    assert_eq!(
        found(&app, "GET", "/api/agent-base/7").await,
        "list connect:read"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_editors_the_second_is_told_and_keeps_what_was_typed() {
    let app = App::start().await;
    let ada = app.ada().await;
    let list = ada.visit(LIST).await;
    let (first, second) = (list.follow("Webhooks").await, list.follow("Webhooks").await);
    let deletion = ada.visit(&format!("{}/deletion", first.path)).await;
    let send_named = async |page: &View, name: &str| {
        let fields = [
            ("name", name),
            ("kind", "path"),
            ("path", "/api/webhook/{*rest}"),
        ];
        let operations = [["send", "POST", "anywhere", "connect:write"]];
        send(&ada, page, &first.path, &fields, &operations).await
    };
    assert_eq!(send_named(&first, "Theirs").await.status, 200);
    let conflict = send_named(&second, "Mine").await;
    assert_eq!(conflict.status, 422);
    assert!(
        conflict.says("Someone else changed this resource"),
        "{}",
        conflict.text()
    );
    assert_eq!(conflict.attributes("#name", "value"), ["Mine"]);
    let stale = deletion.form(&deletion.path).submit().await;
    assert_eq!(stale.status, 409);
    assert!(
        stale.says("Someone changed this resource") && stale.says("Theirs"),
        "{}",
        stale.text()
    );
    assert_eq!(
        app.count("SELECT count(*) FROM resources WHERE name = 'Theirs'")
            .await,
        1
    );
    assert_eq!(send_named(&conflict, "Mine").await.status, 200);
    let again = ada.visit(&deletion.path).await;
    assert_eq!(again.form(&deletion.path).submit().await.status, 200);
    assert_eq!(again.form(&deletion.path).submit().await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_who_create_conflicting_ones_at_once_one_does() {
    let app = App::start().await;
    let ada = app.ada().await;
    let new = ada.visit("/settings/resources/new").await;
    let form = new.form(LIST);
    let (csrf, organization) = (
        form.value("csrf").to_owned(),
        form.value("organization").to_owned(),
    );
    let attempts: Vec<_> = (0..10)
        .map(|at| {
            let (ada, csrf, organization) = (ada.clone(), csrf.clone(), organization.clone());
            tokio::spawn(async move {
                let (name, path) = (format!("Number {at}"), format!("/x/{{p{at}}}"));
                let fields = [
                    ("csrf", &*csrf),
                    ("organization", &organization),
                    ("name", &name),
                    ("kind", "path"),
                    ("path", &path),
                    ("operation_name", "read"),
                    ("operation_methods", "GET"),
                    ("operation_place", "anywhere"),
                    ("operation_scope", "connect:read"),
                ];
                ada.post(LIST, &fields).await
            })
        })
        .collect();
    let mut created = 0;
    for attempt in attempts {
        let page = attempt.await.unwrap();
        created += i32::from(page.status == 200);
        assert!(
            page.status == 200 || page.says("cover the same paths"),
            "{}",
            page.text()
        );
    }
    assert_eq!(created, 1);
    let entries = "SELECT count(*) FROM journal WHERE action = 'resource.created'";
    assert_eq!(app.count(entries).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_only_so_many() {
    let app = App::start().await;
    let ada = app.ada().await;
    let new = ada.visit(LIST).await.follow("Create resource").await;
    let client = app.client().await;
    client
        .batch_execute(
            "INSERT INTO resources (id, organization_id, name, path)
             SELECT gen_random_uuid(), organization_id, 'Number ' || n, '/number/' || n
             FROM catalogues, generate_series(1, 250 - (SELECT count(*) FROM resources)) AS n",
        )
        .await
        .unwrap();
    let fields = [("name", "More"), ("kind", "path"), ("path", "/more")];
    let operations = [["read", "GET", "anywhere", "connect:read"]];
    let refused = send(&ada, &new, LIST, &fields, &operations).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.says("There are 250 resources"),
        "{}",
        refused.text()
    );
    let list = ada.visit(LIST).await;
    assert_eq!(list.texts(".table__name").len(), 250);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_refuses_what_no_resource_is() {
    let app = App::start().await;
    app.ada().await.visit(LIST).await;
    let client = app.client().await;
    for attempt in [
        "UPDATE resources SET name = ''",
        "UPDATE resources SET path = 'api' WHERE name = 'Agents'",
        "UPDATE resources SET path = '/a b' WHERE name = 'Agents'",
        "UPDATE resources SET path = '//**' WHERE name = 'Agents'",
        "UPDATE resources SET path = '/API/users/**' WHERE name = 'Agents'",
        "UPDATE resources SET name = 'USERS' WHERE name = 'Agents'",
        "UPDATE resources SET preflight = true WHERE path IS NULL",
        "UPDATE operations SET methods = '{get}'",
        "UPDATE operations SET methods = '{GET,*}'",
        "UPDATE operations SET methods = '{NULL}'",
        "UPDATE operations SET place = 'there'",
        "UPDATE operations SET scope = ''",
        "UPDATE operations SET name = 'list'",
    ] {
        let refused = client.batch_execute(attempt).await;
        assert!(refused.is_err(), "{attempt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_that_was_taken_with_two_slashes_means_what_it_meant() {
    let app = App::start().await;
    let ada = app.ada().await;
    ada.visit(LIST).await;
    let client = app.client().await;
    let set_back = concat!(
        include_str!("../../migrations/2026-11-27-000051_mend_patterns_of_two_slashes/down.sql"),
        "UPDATE resources SET path = '//**' WHERE name = 'Agents'"
    );
    client.batch_execute(set_back).await.unwrap();
    let migration =
        include_str!("../../migrations/2026-11-27-000051_mend_patterns_of_two_slashes/up.sql");
    client.batch_execute(migration).await.unwrap();
    let list = ada.visit(LIST).await;
    assert!(!list.text().contains("//**"), "{}", list.text());
    assert_eq!(
        app.sql("SELECT FROM resources WHERE path = '/**'")
            .await
            .len(),
        1
    );
}
