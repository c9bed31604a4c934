//! Every route of the Admin API, the User API and the gate that programs call: who gets in, and who
//! does not. The document and this table have the same routes.

use reqwest::Method;
use serde_json::Value;
use tokendesk::access::{OrganizationId, Role};
use tokendesk::catalogue::Scope;

use super::client::{Program, Reply};
use crate::support::app::ADA;
use crate::support::{App, things};

/// Who may.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Who {
    /// An API token with `admin:read`, or `AUTH_SECRET`.
    AdminRead,
    /// An API token with `admin:write`, or `AUTH_SECRET`.
    AdminWrite,
    /// An API token with `connect:read` for a user, or the user's with `widgets:read`.
    UserRead,
    /// An API token with `connect:write` for a user, or the user's with `widgets:write`.
    UserWrite,
    /// Any token.
    Anyone,
    /// An API token with `tokens:verify`.
    Verifier,
}
use Who::{AdminRead, AdminWrite, Anyone, UserRead, UserWrite, Verifier};

struct Route(&'static str, &'static str, Who, u16, &'static str);

/// Method, path, who may, what they are answered, and with which body.
#[rustfmt::skip]
const TABLE: &[Route] = &[
    Route("GET", "/api/v1/tokens", AdminRead, 200, ""),
    Route("POST", "/api/v1/tokens", AdminWrite, 201, r#"{"name":"New","scopes":["admin:read"]}"#),
    Route("POST", "/api/v1/tokens/revocations", AdminWrite, 200, r#"{"ids":["ID"]}"#),
    Route("GET", "/api/v1/tokens/{id}", AdminRead, 200, ""),
    Route("PATCH", "/api/v1/tokens/{id}", AdminWrite, 200, r#"{"name":"Edited"}"#),
    Route("DELETE", "/api/v1/tokens/{id}", AdminWrite, 200, ""),
    Route("GET", "/api/v1/tokens/{id}/explanation", AdminRead, 200, ""),
    Route("GET", "/api/v1/mcp-tokens/{id}/explanation", AdminRead, 200, ""),
    Route("GET", "/api/v1/tokens/{id}/usage", AdminRead, 200, ""),
    Route("POST", "/api/v1/tokens/{id}/rotation", AdminWrite, 201, "{}"),
    Route("POST", "/api/v1/tokens/{id}/overlap-end", AdminWrite, 200, ""),
    Route("POST", "/api/v1/tokens/{id}/disabling", AdminWrite, 200, ""),
    Route("POST", "/api/v1/tokens/{id}/enabling", AdminWrite, 200, ""),
    Route("POST", "/api/v1/tokens/{id}/revocation", AdminWrite, 200, ""),
    Route("GET", "/api/v1/products", AdminRead, 200, ""),
    Route("POST", "/api/v1/products", AdminWrite, 201, r#"{"name":"New","key":"new"}"#),
    Route("GET", "/api/v1/products/{id}", AdminRead, 200, ""),
    Route("PATCH", "/api/v1/products/{id}", AdminWrite, 200, r#"{"name":"Edited"}"#),
    Route("DELETE", "/api/v1/products/{id}", AdminWrite, 204, ""),
    Route("GET", "/api/v1/resources", AdminRead, 200, ""),
    Route("POST", "/api/v1/resources", AdminWrite, 201, r#"{"name":"New","path":"/new","operations":[{"name":"read","methods":["GET"],"scope":"connect:read"}]}"#),
    Route("GET", "/api/v1/resources/{id}", AdminRead, 200, ""),
    Route("PATCH", "/api/v1/resources/{id}", AdminWrite, 200, r#"{"name":"Edited"}"#),
    Route("DELETE", "/api/v1/resources/{id}", AdminWrite, 200, ""),
    Route("GET", "/api/v1/resources/catalogue", AdminRead, 200, ""),
    Route("PUT", "/api/v1/resources/catalogue", AdminWrite, 200, "[[resource]]\nname = 'New'\npath = '/new'\n\
         operations = [{ name = 'read', methods = ['GET'], scope = 'connect:read' }]"),
    Route("POST", "/api/v1/resources/reset", AdminWrite, 200, ""),
    Route("GET", "/api/v1/mcp-tokens", AdminRead, 200, ""),
    Route("GET", "/api/v1/mcp-tokens/{id}", AdminRead, 200, ""),
    Route("POST", "/api/v1/mcp-tokens/{id}/revocation", AdminWrite, 200, ""),
    Route("GET", "/api/v1/mcp-servers", AdminRead, 200, ""),
    Route("POST", "/api/v1/mcp-servers", AdminWrite, 201, r#"{"name":"new","url":"https://mcp.example.com/"}"#),
    Route("GET", "/api/v1/mcp-servers/{id}", AdminRead, 200, ""),
    Route("PATCH", "/api/v1/mcp-servers/{id}", AdminWrite, 200, r#"{"name":"edited"}"#),
    Route("DELETE", "/api/v1/mcp-servers/{id}", AdminWrite, 200, ""),
    Route("GET", "/api/v1/members", AdminRead, 200, ""),
    Route("GET", "/api/v1/members/{id}", AdminRead, 200, ""),
    Route("PATCH", "/api/v1/members/{id}", AdminWrite, 200, r#"{"role":"member"}"#),
    Route("DELETE", "/api/v1/members/{id}", AdminWrite, 200, ""),
    Route("POST", "/api/v1/members/{id}/deactivation", AdminWrite, 200, "{}"),
    Route("POST", "/api/v1/members/{id}/reactivation", AdminWrite, 200, ""),
    Route("GET", "/api/v1/responsible-people", AdminRead, 200, ""),
    Route("POST", "/api/v1/responsible-people/{id}/handover", AdminWrite, 200, r#"{"api_tokens":"revoke"}"#),
    Route("GET", "/api/v1/groups", AdminRead, 200, ""),
    Route("POST", "/api/v1/groups", AdminWrite, 201, r#"{"name":"New"}"#),
    Route("GET", "/api/v1/groups/{id}", AdminRead, 200, ""),
    Route("PATCH", "/api/v1/groups/{id}", AdminWrite, 200, r#"{"name":"Edited"}"#),
    Route("DELETE", "/api/v1/groups/{id}", AdminWrite, 204, ""),
    Route("GET", "/api/v1/groups/{id}/members", AdminRead, 200, ""),
    Route("PUT", "/api/v1/groups/{id}/members/{user_id}", AdminWrite, 204, ""),
    Route("DELETE", "/api/v1/groups/{id}/members/{user_id}", AdminWrite, 204, ""),
    Route("GET", "/api/v1/invitations", AdminRead, 200, ""),
    Route("POST", "/api/v1/invitations", AdminWrite, 201, r#"{"email":"new@new.example","name":"New"}"#),
    Route("GET", "/api/v1/invitations/{id}", AdminRead, 200, ""),
    Route("DELETE", "/api/v1/invitations/{id}", AdminWrite, 204, ""),
    Route("GET", "/api/v1/audit-events", AdminRead, 200, ""),
    Route("GET", "/api/v1/me", UserRead, 200, ""),
    Route("GET", "/api/v1/me/mcp-servers", UserRead, 200, ""),
    Route("GET", "/api/v1/me/mcp-tokens", UserRead, 200, ""),
    Route("POST", "/api/v1/me/mcp-tokens", UserWrite, 201, r#"{"name":"New","scopes":["widgets:write"]}"#),
    Route("GET", "/api/v1/me/mcp-tokens/{id}", UserRead, 200, ""),
    Route("POST", "/api/v1/me/mcp-tokens/{id}/revocation", UserWrite, 200, ""),
    Route("GET", "/api/v1/token", Anyone, 200, ""),
    Route("POST", "/api/v1/verify", Verifier, 200, r#"{"token":"ID"}"#),
    Route("POST", "/oauth/introspect", Verifier, 200, "token=ID"),
];

/// Method and path of each.
pub fn routes() -> impl Iterator<Item = String> {
    TABLE.iter().map(Route::shown)
}

impl Route {
    fn is_users(&self) -> bool {
        matches!(self.2, UserRead | UserWrite)
    }

    /// The scope that an API token needs.
    fn scope(&self) -> Option<Scope> {
        match self.2 {
            AdminRead => Some(Scope::AdminRead),
            AdminWrite => Some(Scope::AdminWrite),
            UserRead => Some(Scope::ConnectRead),
            UserWrite => Some(Scope::ConnectWrite),
            Anyone => None,
            Verifier => Some(Scope::TokensVerify),
        }
    }

    /// All scopes with which an API token does not get in.
    fn too_little(&self) -> Vec<Scope> {
        self.scope().map_or_else(Vec::new, things::too_little_for)
    }

    /// `id` is two, with a slash between them, where the path has two.
    async fn send(&self, program: &Program, id: &str, headers: &[(&str, &str)]) -> Reply {
        let Self(method, path, _, _, body) = self;
        let (first, second) = id.split_once('/').unwrap_or((id, id));
        let path = path.replace("{id}", first).replace("{user_id}", second);
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        match body.replace("ID", first) {
            text if text.is_empty() => program.send(method, &path, headers, None).await,
            text if text.starts_with('{') => {
                let body: Value = serde_json::from_str(&text).unwrap();
                program.send(method, &path, headers, Some(&body)).await
            }
            toml if toml.starts_with("[[") => program.send_toml(method, &path, headers, toml).await,
            form => program.send_form(&path, form).await,
        }
    }

    /// As a user is named.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        if self.is_users() {
            &[("x-user-email", ADA)]
        } else {
            &[]
        }
    }

    /// As mounted.
    fn shown(&self) -> String {
        format!("{} {}", self.0, self.1)
    }

    /// The ID of something of the organisation's with which the route can be used.
    async fn thing(&self, app: &App, organization: OrganizationId, name: &str) -> String {
        let kind = self.1.split('/').nth(3).unwrap_or_default();
        let purpose = (self.0, self.1);
        things::make(app, organization, kind, purpose, name).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_too_little_gets_in_nowhere() {
    let app = App::start_with(&["--rate-limit-per-token=100000"]).await;
    app.add_member(app.organization, "mei@northwind.example", Role::Member)
        .await;
    let (_, left) = app.mcp_token("mei@northwind.example", "Left").await;
    let bad = things::bad_tokens(&app).await;
    let bad_mcp = things::bad_mcp_tokens(&app).await;
    let mcp = app.mcp_token(ADA, "Laptop").await.1;
    let mut weak = Vec::new();
    for scope in Scope::ALL.iter().filter(|scope| scope.is_for_api_tokens()) {
        weak.push((*scope, Program::with(&app, scope.as_str(), &[*scope]).await));
    }
    let narrow = "UPDATE tokens SET scopes = '{render}' WHERE name = 'Render'";
    let render = app.mcp_token(ADA, "Render").await.1;
    app.sql(narrow).await;
    app.sql("UPDATE memberships SET deactivated_at = now() WHERE role = 'member'")
        .await;
    app.settle().await;
    let before = app.count("SELECT count(*) FROM journal").await;
    for (number, route) in TABLE.iter().enumerate() {
        let shown = route.shown();
        let id = uuid::Uuid::from_u128(number as u128).to_string();
        let refused = async |secret: &str, status: u16, code: &str| {
            let reply = route
                .send(&Program::new(&app, secret), &id, route.headers())
                .await;
            assert_eq!(
                (reply.status, reply.code()),
                (status, code),
                "{shown}: {}",
                reply.body
            );
            assert_eq!(
                reply.header("content-type"),
                "application/problem+json",
                "{shown}"
            );
        };
        refused("", 401, "missing").await;
        refused("wxt_nonsense", 401, "unknown").await;
        refused("some-other-secret-of-the-environment", 401, "unknown").await;
        for (status, code, secret) in &bad {
            refused(secret.reveal(), *status, code).await;
        }
        for (code, secret) in &bad_mcp {
            refused(secret.reveal(), 401, code).await;
        }
        for (scope, program) in &weak {
            if route.too_little().contains(scope) {
                let reply = route.send(program, &id, route.headers()).await;
                let answer = (reply.status, reply.code());
                assert_eq!(answer, (403, "insufficient_scope"), "{shown}: {scope}");
            }
        }
        refused(left.reveal(), 401, "owner_inactive").await;
        if route.2 == Anyone {
            continue;
        }
        if !route.is_users() {
            refused(mcp.reveal(), 403, "insufficient_scope").await;
            continue;
        }
        refused(render.reveal(), 403, "insufficient_scope").await;
        let strong = &weak[0].1;
        for (headers, status, code) in [
            (&[][..], 400, "malformed"),
            (&[("x-user-email", "nonsense")], 400, "malformed"),
            (
                &[("x-user-email", "eve@northwind.example")],
                404,
                "not_found",
            ),
            (
                &[("x-user-email", "mei@northwind.example")],
                404,
                "not_found",
            ),
        ] {
            let reply = route.send(strong, &id, headers).await;
            assert_eq!(
                (reply.status, reply.code()),
                (status, code),
                "{shown} {headers:?}"
            );
        }
        let both = Program::of(&app, &mcp);
        let reply = route.send(&both, &id, route.headers()).await;
        assert_eq!((reply.status, reply.code()), (400, "malformed"), "{shown}");
    }
    assert_eq!(app.count("SELECT count(*) FROM journal").await, before);
}

/// It may have waited for a connection since the gate let it in, and an instance that hears of nothing
/// goes on for as long as its lease.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_only_the_gate_takes_for_good_changes_nothing() {
    let app = App::start_with(&["--rate-limit-per-token=100000"]).await;
    let program = Program::with(&app, "Okta", &[Scope::All]).await;
    app.sql("ALTER TABLE tokens DISABLE TRIGGER announce_update")
        .await;
    for (number, route) in TABLE.iter().enumerate() {
        if !matches!(route.2, AdminWrite | UserWrite) {
            continue;
        }
        let shown = route.shown();
        let name = format!("northwinds-{number}");
        let id = route.thing(&app, app.organization, &name).await;
        // What makes the gate look again has been heard of.
        app.settle().await;
        assert_eq!(
            program.get("/api/v1/token").await.status,
            200,
            "it is known"
        );
        app.sql("UPDATE tokens SET standing = 'disabled' WHERE name = 'Okta'")
            .await;
        let before = app.contents().await;
        let reply = route.send(&program, &id, route.headers()).await;
        assert_eq!(
            (reply.status, reply.code()),
            (403, "forbidden"),
            "{shown}: {}",
            reply.body
        );
        assert_eq!(app.contents().await, before, "{shown}");
        app.sql("UPDATE tokens SET standing = 'active' WHERE name = 'Okta'")
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_scope_gets_in_everywhere() {
    const SECRET: &str = "a-secret-of-the-environment-for-tests";
    let flag = format!("--auth-secret={SECRET}");
    let app = App::start_with(&["--rate-limit-per-token=100000", &flag]).await;
    for (number, route) in TABLE.iter().enumerate() {
        // One that is used up is not used again.
        let fresh = async |who: &str| {
            app.sql("DELETE FROM tokens WHERE name IN ('New', 'Edited')")
                .await;
            app.sql("DELETE FROM products WHERE name IN ('New', 'Edited')")
                .await;
            app.sql("DELETE FROM resources WHERE name IN ('New', 'Edited')")
                .await;
            for table in ["mcp_servers", "products", "groups", "invitations"] {
                app.sql(&format!("DELETE FROM {table}")).await;
            }
            route
                .thing(&app, app.organization, &format!("{who} {number}"))
                .await
        };
        let expected = route.3;
        let (token, secret) = app
            .token_with(&format!("Program {number}"), |new| {
                // Of those for whom any will do, one of the least.
                let scope = route.scope().unwrap_or(Scope::ConnectRead);
                new.scopes = Some([scope].into_iter().collect());
            })
            .await;
        let program = Program::of(&app, &secret);
        let reply = route
            .send(&program, &fresh("one").await, route.headers())
            .await;
        assert_eq!(reply.status, expected, "{}: {}", route.shown(), reply.body);
        let is_counted = reply.header("ratelimit").starts_with("\"minute\";r=");
        let is_of_gate = matches!(route.2, Anyone | Verifier);
        assert!(is_counted != is_of_gate, "{}", route.shown());
        let other = match route.2 {
            AdminRead | AdminWrite => Program::new(&app, SECRET),
            UserRead | UserWrite | Anyone => {
                Program::of(&app, &app.mcp_token(ADA, &format!("own {number}")).await.1)
            }
            Verifier => Program::of(&app, &app.token(&format!("all {number}")).await.1),
        };
        let reply = route.send(&other, &fresh("other").await, &[]).await;
        assert_eq!(reply.status, expected, "{}: {}", route.shown(), reply.body);
        app.sql(&format!("DELETE FROM tokens WHERE id = '{}'", token.id))
            .await;
        app.sql("DELETE FROM tokens WHERE owner_id IS NOT NULL")
            .await;
    }
    for path in ["/api/v1/me", "/api/v1/token"] {
        let refused = Program::new(&app, SECRET).get(path).await;
        let answer = (refused.status, refused.code());
        assert_eq!(answer, (401, "unknown"), "it is no user and no token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_organizations_does_not_exist() {
    let app = App::start_with(&["--rate-limit-per-token=100000"]).await;
    let contoso = app.another_organization("Contoso").await;
    app.add_member(contoso, "eve@contoso.example", Role::Admin)
        .await;
    let (_, secret) = app.token_of(contoso, "Theirs", |_| {}).await;
    let theirs = Program::of(&app, &secret);
    let eve = [("x-user-email", "eve@contoso.example")];
    for (number, route) in TABLE.iter().enumerate() {
        let name = format!("Northwind’s {number}").replace('’', "");
        let id = route.thing(&app, app.organization, &name).await;
        let headers: &[_] = if route.is_users() { &eve } else { &[] };
        let before = app.count("SELECT count(*) FROM journal").await;
        let reply = route.send(&theirs, &id, headers).await;
        let told = reply.body.to_string();
        assert!(!told.contains("Northwind"), "{}: {told}", route.shown());
        if route.0 == "GET" {
            let thing = id.split('/').next_back().unwrap_or_default();
            assert!(!told.contains(thing), "{}: {told}", route.shown());
        }
        if route.1.contains("{id}") {
            assert_eq!(reply.status, 404, "{}: {told}", route.shown());
            assert_eq!(app.count("SELECT count(*) FROM journal").await, before);
        }
        if route.1.ends_with("/revocations") {
            assert_eq!(reply.body["ids"][0]["outcome"], "unknown", "{told}");
        }
        if route.is_users() {
            let reply = route.send(&theirs, &id, &[("x-user-email", ADA)]).await;
            assert_eq!(reply.status, 404, "{}", route.shown());
        }
        app.sql("DELETE FROM mcp_servers").await;
    }
}

/// With the version that was read, and with another.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_changed_is_of_the_version_that_was_read() {
    let app = App::start_with(&["--rate-limit-per-token=100000"]).await;
    let (_, secret) = app.token("All").await;
    let program = Program::of(&app, &secret);
    let document = program.get("/openapi.json").await.body;
    for (number, route) in TABLE.iter().enumerate() {
        let Some((before, after)) = route.1.split_once("/{id}") else {
            continue;
        };
        let shown = route.shown();
        if before.ends_with("/responsible-people") {
            // Who answers for tokens is no thing with a version.
            continue;
        }
        let id = route
            .thing(&app, app.organization, &format!("{number}"))
            .await;
        let thing = format!("{before}/{}", id.split('/').next().unwrap());
        let read = program
            .send(Method::GET, &thing, route.headers(), None)
            .await;
        let tag = read.header("etag").to_owned();
        assert!(tag.starts_with('"'), "{shown}: {}", read.body);
        if route.0 == "GET" {
            assert!(!after.is_empty() || read.status == 200, "{shown}");
            continue;
        }
        let operation = &document["paths"][route.1][route.0.to_lowercase()];
        let parameters = operation["parameters"].as_array().unwrap();
        let is_told = parameters.iter().any(|it| it["name"] == "If-Match");
        assert!(is_told, "{shown}");
        let send = async |tag: &str| {
            let headers = [route.headers(), &[("if-match", tag)]].concat();
            route.send(&program, &id, &headers).await
        };
        let before = app.count("SELECT count(*) FROM journal").await;
        for other in ["\"999\"", "\"x\"", "1"] {
            let refused = send(other).await;
            let answer = (refused.status, refused.code());
            assert_eq!(answer, (412, "precondition_failed"), "{shown}: {other}");
        }
        assert_eq!(app.count("SELECT count(*) FROM journal").await, before);
        let done = send(&format!("\"998\", {tag}")).await;
        assert_eq!(done.status, route.3, "{shown}: {}", done.body);
        app.sql("DELETE FROM mcp_servers").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_the_table_have_the_same_routes() {
    let app = App::start().await;
    let document = Program::new(&app, "").get("/openapi.json").await;
    let mut documented = Vec::new();
    for (path, item) in document.body["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().keys();
        documented.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let mut tabled: Vec<String> = routes().collect();
    documented.sort();
    tabled.sort();
    assert_eq!(documented, tabled);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_refused_with_those_that_there_are() {
    let app = App::start_with(&["--rate-limit-per-token=100000"]).await;
    let (_, secret) = app.token("All").await;
    let program = Program::of(&app, &secret);
    for route in TABLE {
        let id = uuid::Uuid::nil().to_string();
        let path = route.1.replace("{id}", &id).replace("{user_id}", &id);
        let of_path = TABLE.iter().filter(|other| other.1 == route.1);
        let taken: Vec<&str> = of_path.map(|other| other.0).collect();
        let reply = program
            .send(Method::TRACE, &path, route.headers(), None)
            .await;
        assert_eq!(
            (reply.status, reply.code()),
            (405, "method_not_allowed"),
            "{path}"
        );
        let allowed: Vec<&str> = reply.header("allow").split(", ").collect();
        assert!(
            taken.iter().all(|method| allowed.contains(method)),
            "{path}: {allowed:?}"
        );
        assert_eq!(allowed.len(), taken.len(), "{path}: {allowed:?}");
    }
}
