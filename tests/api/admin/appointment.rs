//! An administrator can create any token: who has less than full access, from anywhere and for
//! ever, makes nobody one.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::json;
use tokendesk::access::Role;
use tokendesk::catalogue::Scope;
use tokendesk::tokens::Ranges;
use tokendesk::tokens::draft::NewToken;

use crate::api::client::{Program, Reply};
use crate::support::App;
use crate::support::app::PASSWORD;

const MEI: &str = "mei@northwind.example";
const JUN: &str = "jun@northwind.example";

/// What makes less of a token with full access.
type Lessen = fn(&mut NewToken, DateTime<Utc>);

/// The deeds that make somebody an administrator, now or later.
struct Deeds {
    mei: String,
    /// One that makes its members administrators.
    owners: String,
    sales: String,
}

impl Deeds {
    async fn prepare(app: &App) -> Self {
        let (_, secret) = app.token("Everything").await;
        let everything = Program::of(app, &secret);
        let owners = json!({ "name": "Owners", "role": "admin" });
        let owners = everything.post("/api/v1/groups", &owners).await;
        let sales = json!({ "name": "Sales" });
        let sales = everything.post("/api/v1/groups", &sales).await;
        assert_eq!((owners.status, sales.status), (201, 201));
        Self {
            mei: app.user(MEI).await.to_string(),
            owners: owners.header("location").to_owned(),
            sales: sales.header("location").to_owned(),
        }
    }

    async fn all(&self, program: &Program, name: &str) -> [Reply; 5] {
        let Self { mei, owners, sales } = self;
        let role = json!({ "role": "admin" });
        let email = format!("{name}@northwind.example");
        [
            program
                .patch(&format!("/api/v1/members/{mei}"), &role)
                .await,
            program.put(&format!("{owners}/members/{mei}")).await,
            program.patch(sales, &role).await,
            program
                .post("/api/v1/groups", &json!({ "name": name, "role": "admin" }))
                .await,
            program
                .post(
                    "/api/v1/invitations",
                    &json!({ "email": email, "name": name, "role": "admin" }),
                )
                .await,
        ]
    }
}

async fn start() -> (App, Deeds) {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let deeds = Deeds::prepare(&app).await;
    (app, deeds)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_less_than_an_administrator_makes_none() {
    let (app, deeds) = start().await;
    let now = app.now();
    let lesser: [(&str, Lessen, &str); 3] = [
        (
            "scoped",
            |new, _| {
                let every = Scope::ALL.iter().copied();
                let but_all = |scope: &Scope| *scope != Scope::All && scope.is_for_api_tokens();
                new.scopes = Some(every.filter(but_all).collect());
            },
            "has not the scope all",
        ),
        (
            "ranged",
            |new, _| new.ranges = Ranges::parse("127.0.0.0/8").unwrap(),
            "is bound to ranges",
        ),
        (
            "mortal",
            |new, now| new.expires_at = Some(now + TimeDelta::days(3_000)),
            "expires",
        ),
    ];
    let state = "SELECT (SELECT count(*) FROM memberships WHERE role = 'admin')
        + (SELECT count(*) FROM group_members) + (SELECT count(*) FROM groups WHERE role = 'admin')
        + (SELECT count(*) FROM invitations)";
    let journal = "SELECT count(*) FROM journal";
    for (name, lessen, why) in lesser {
        let (_, secret) = app.token_with(name, |new| lessen(new, now)).await;
        let before = (app.count(state).await, app.count(journal).await);
        for refused in deeds.all(&Program::of(&app, &secret), name).await {
            let told = &refused.body;
            assert_eq!(
                (refused.status, refused.code()),
                (403, "beyond_own"),
                "{told}"
            );
            assert_eq!(told["field"], "role", "{told}");
            assert!(told["detail"].as_str().unwrap().contains(why), "{told}");
        }
        assert_eq!((app.count(state).await, app.count(journal).await), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_as_much_makes_one() {
    const SECRET: &str = "a-secret-of-the-environment-for-tests";
    for flag in [None, Some(format!("--auth-secret={SECRET}"))] {
        let flags: Vec<&str> = flag.iter().map(String::as_str).collect();
        let app = App::start_with(&flags).await;
        app.add_member(app.organization, MEI, Role::Member).await;
        let deeds = Deeds::prepare(&app).await;
        let program = match flag {
            Some(_) => Program::new(&app, SECRET),
            // From before scopes existed, which counts as all.
            None => Program::of(
                &app,
                &app.token_with("old", |new| new.scopes = None).await.1,
            ),
        };
        let statuses = deeds.all(&program, "whole").await.map(|reply| reply.status);
        assert_eq!(statuses, [200, 204, 200, 201, 201]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_less_still_makes_members_and_takes_administrators_away() {
    let (app, Deeds { mei, owners, sales }) = start().await;
    app.add_member(app.organization, JUN, Role::Admin).await;
    let jun = app.user(JUN).await;
    let program = Program::with(&app, "Terraform", &[Scope::AdminWrite]).await;
    app.sql(&format!(
        "INSERT INTO group_members (organization_id, group_id, user_id)
            SELECT organization_id, id, '{mei}' FROM groups WHERE name = 'Owners'"
    ))
    .await;
    let (jun, role) = (
        format!("/api/v1/members/{jun}"),
        json!({ "role": "member" }),
    );
    let none = json!({});
    for (expected, method, path, body) in [
        // They are in it already, and so are given nothing.
        (204, Method::PUT, format!("{owners}/members/{mei}"), None),
        (204, Method::DELETE, format!("{owners}/members/{mei}"), None),
        (204, Method::PUT, format!("{sales}/members/{mei}"), None),
        // Of one that has the role already the name is edited.
        (
            200,
            Method::PATCH,
            owners.clone(),
            Some(json!({ "name": "Bosses", "role": "admin" })),
        ),
        (
            200,
            Method::PATCH,
            owners.clone(),
            Some(json!({ "role": null })),
        ),
        (
            403,
            Method::PATCH,
            owners.clone(),
            Some(json!({ "role": "admin" })),
        ),
        // What somebody was before is no gift.
        (200, Method::POST, format!("{jun}/deactivation"), Some(none)),
        (200, Method::POST, format!("{jun}/reactivation"), None),
        (200, Method::PATCH, jun.clone(), Some(role)),
        (403, Method::PATCH, jun, Some(json!({ "role": "admin" }))),
    ] {
        let reply = program
            .send(method.clone(), &path, &[], body.as_ref())
            .await;
        assert_eq!(reply.status, expected, "{method} {path}: {}", reply.body);
    }
}

/// It is known beforehand: whoever gives the role to a group that a provider fills says that all
/// who provision may make administrators.
#[tokio::test(flavor = "multi_thread")]
async fn who_provisions_fills_a_group_that_an_administrator_gave_the_role() {
    let (app, Deeds { mei, .. }) = start().await;
    let provider = Program::with(&app, "Provider", &[Scope::AdminScim]).await;
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Platform",
    });
    let group = provider.post("/scim/v2/Groups", &group).await;
    let id = group.body["id"].as_str().unwrap();
    let settings = format!("/api/v1/groups/{id}");
    let role = json!({ "role": "admin" });
    let lesser = Program::with(&app, "Lesser", &[Scope::AdminWrite]).await;
    let refused = lesser.patch(&settings, &role).await;
    assert_eq!((refused.status, refused.code()), (403, "beyond_own"));

    let (_, secret) = app.token("Full access").await;
    let everything = Program::of(&app, &secret);
    assert_eq!(everything.patch(&settings, &role).await.status, 200);
    let add = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "add", "path": "members", "value": [{ "value": mei }] }],
    });
    let added = provider.patch(&format!("/scim/v2/Groups/{id}"), &add).await;
    assert!(added.status < 300, "{}", added.body);
    let mei = everything.get(&format!("/api/v1/members/{mei}")).await;
    assert_eq!(mei.body["effective_role"], "admin", "{}", mei.body);
}

/// Whoever opens the link signs in as them, who may be an administrator by then.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_less_invites_nobody_to_choose_the_password_of_a_member() {
    let app = App::start().await;
    let provider = Program::with(&app, "Provider", &[Scope::AdminScim]).await;
    let kai = "kai@northwind.example";
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": kai,
        "displayName": "Kai", "emails": [{ "value": kai, "primary": true }],
    });
    let made = provider.post("/scim/v2/Users", &user).await;
    assert_eq!(made.status, 201, "{}", made.body);
    app.state.clock.advance(TimeDelta::minutes(1));
    let invitation = json!({ "email": kai, "name": "Kai", "role": "member" });
    let lesser = Program::with(&app, "Lesser", &[Scope::AdminWrite]).await;
    let refused = lesser.post("/api/v1/invitations", &invitation).await;
    assert_eq!((refused.status, refused.code()), (403, "beyond_own"));
    let (_, secret) = app.token("Full access").await;
    let everything = Program::of(&app, &secret);
    let invited = everything.post("/api/v1/invitations", &invitation).await;
    assert_eq!(invited.status, 201, "{}", invited.body);
    let link = invited.body["link"].as_str().unwrap();
    let link = link.strip_prefix(&app.url).unwrap();
    let page = app.browser().visit(link).await;
    let joined = page.form(link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.path, "/profile", "{}", joined.text());
    assert!(joined.says(kai));
}

/// An account that is given the email only afterwards is another one.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_does_not_lead_to_an_account_that_gets_its_email_later() {
    let app = App::start().await;
    let lesser = Program::with(&app, "Lesser", &[Scope::AdminWrite]).await;
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "kai@x.example",
        "displayName": "Kai", "emails": [{ "value": "kai@x.example", "primary": true }],
    });
    let kai = lesser.post("/scim/v2/Users", &user).await;
    assert_eq!(kai.status, 201, "{}", kai.body);
    app.sql("UPDATE memberships SET role = 'admin'").await;
    app.state.clock.advance(TimeDelta::minutes(1));
    let invitation = json!({ "email": "elsewhere@x.example", "name": "Kai" });
    let invited = lesser.post("/api/v1/invitations", &invitation).await;
    assert_eq!(invited.status, 201, "{}", invited.body);
    let change = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "emails",
            "value": [{ "value": "elsewhere@x.example", "primary": true }] }],
    });
    let path = format!("/scim/v2/Users/{}", kai.body["id"].as_str().unwrap());
    assert_eq!(lesser.patch(&path, &change).await.status, 200);
    let link = invited.body["link"].as_str().unwrap();
    let link = link.strip_prefix(&app.url).unwrap();
    let page = app.browser().visit(link).await;
    assert_eq!(page.status, 404, "{}", page.text());
    let passwords = "SELECT count(*) FROM users WHERE email = 'elsewhere@x.example'
        AND password_hash IS NOT NULL";
    assert_eq!(app.count(passwords).await, 0);
}
