//! What the pages show: organisations, people, tokens of every status, calls.

use std::fmt::Write;

use chrono::{Days, TimeDelta};
use tokendesk::access::{Actor, OrganizationId, Role};
use tokendesk::catalogue::{self, Scope};
use tokendesk::identity::queries::{self, Invitee};
use tokendesk::secret::Digest;
use tokendesk::tokens::draft::NewToken;
use tokendesk::tokens::{Ranges, Token};

use super::pages::{Page, Who};
use crate::support::app::ADA;
use crate::support::cluster::execute;
use crate::support::post::{Post, Temper};
use crate::support::{App, Chrome};

const GRACE: &str = "grace@fabrikam.example";
const MEMBER: &str = "member@northwind.example";
const CODE: &str = "an-invitation-code";
const LONG_NAME: &str = "Tailspin International Manufacturing and Logistics Holding";

pub struct World {
    app: App,
    /// Not set up.
    empty: App,
    /// With `AUTH_SECRET`, and a mail server that takes what it gets.
    mailing: App,
    /// The same without any token, and with a mail server that refuses.
    refused: App,
    /// Who is signed in.
    who: Option<Who>,
}

impl World {
    pub async fn new() -> Self {
        let (app, empty) = (App::start().await, App::start_empty(&[]).await);
        let mailing = with_mail(Temper::Obliging).await;
        let refused = with_mail(Temper::Refusing).await;
        for name in ["Okta SCIM", "Intranet feed", "Backup"] {
            mailing.token(name).await;
        }
        people(&app).await;
        tokens(&app).await;
        mcp(&app).await;
        groups(&app).await;
        Self {
            app,
            empty,
            mailing,
            refused,
            who: None,
        }
    }

    pub fn url(&self) -> &str {
        &self.app.url
    }

    /// Signs in whoever looks at the page, unless that is done.
    pub async fn enter(&mut self, chrome: &mut Chrome, page: &Page) {
        if self.who == Some(page.who) {
            return;
        }
        self.who = Some(page.who);
        chrome.at(match page.who {
            Who::Fresh => &self.empty.url,
            Who::Mailing => &self.mailing.url,
            Who::Refused => &self.refused.url,
            _ => &self.app.url,
        });
        match page.who {
            Who::Fresh | Who::Nobody => chrome.client.delete_all_cookies().await.unwrap(),
            Who::Ada | Who::Mailing | Who::Refused => chrome.sign_in(ADA).await,
            Who::Grace => chrome.sign_in(GRACE).await,
            Who::Member => chrome.sign_in(MEMBER).await,
        }
    }

    /// With what stands in braces in its place.
    pub async fn path(&self, path: &str) -> String {
        let Some((name, rest)) = path.strip_prefix('{').and_then(|path| path.split_once('}'))
        else {
            return path.replace("{code}", CODE);
        };
        let found = self
            .app
            .sql(&format!(
                "SELECT CASE WHEN owner_id IS NULL THEN '/settings/api-access/'
                     ELSE '/profile/mcp-tokens/' END || id FROM tokens WHERE name = '{name}'
                 UNION ALL SELECT '/settings/mcp-servers/' || id FROM mcp_servers WHERE name = '{name}'
                 UNION ALL SELECT '/settings/mcp-tokens/' || id FROM tokens WHERE 'any ' || name = '{name}'
                 UNION ALL SELECT '/settings/members/' || id FROM users WHERE name = '{name}'
                 UNION ALL SELECT '/settings/groups/' || id FROM groups WHERE name = '{name}'"
            ))
            .await;
        let path: String = found[0].get(0);
        format!("{path}{rest}")
    }

    pub async fn execute(&self, sql: &str) {
        execute(&self.app.address, sql).await;
    }
}

async fn with_mail(temper: Temper) -> App {
    let secret = "--auth-secret=0123456789abcdef0123456789abcdef";
    Post::open(temper).await.app_with(&[secret]).await
}

async fn people(app: &App) {
    let tailspin = app.another_organization(LONG_NAME).await;
    app.add_member(tailspin, ADA, Role::Admin).await;
    let fabrikam = app.another_organization("Fabrikam").await;
    app.add_member(fabrikam, GRACE, Role::Admin).await;
    app.add_member(app.organization, MEMBER, Role::Member).await;
    let guest = Invitee {
        email: "quentin.featherstonehaugh-warrington@northwind.example",
        name: "Quentin Featherstonehaugh",
        role: Role::Admin,
    };
    let connection = &mut *app.database().get().await.unwrap();
    let actor = Actor::command_line(app.organization);
    let code = Digest::of(CODE);
    queries::invite(connection, &actor, &guest, &code, app.now())
        .await
        .unwrap();
}

async fn tokens(app: &App) {
    let widgets = product(app, app.organization).await;
    let scopes = |scopes: &[Scope]| Some(scopes.iter().copied().collect());
    for number in 1..=20 {
        app.token(&format!("Integration {number}")).await;
    }
    add(app, "Before scopes", |_| {}).await;
    add(app, "Old crawler", |new| {
        new.scopes = scopes(&[Scope::ConnectRead]);
    })
    .await;
    add(app, "Paused import", |new| {
        new.scopes = scopes(&[Scope::ConnectWrite]);
    })
    .await;
    add(app, "Conference 2026", |new| {
        new.expires_at = Some(app.now() + TimeDelta::hours(1));
    })
    .await;
    add(app, "CRM sync", |new| {
        new.scopes = scopes(&[Scope::ConnectWrite, Scope::AdminRead]);
    })
    .await;
    add(app, "Intranet feed", |new| {
        new.scopes = scopes(&[Scope::ConnectRead]);
        new.expires_at = Some(app.now() + TimeDelta::days(6));
    })
    .await;
    add(app, "Billing export", |new| {
        new.scopes = scopes(&[Scope::AdminRead]);
        new.product = Some(widgets.clone());
    })
    .await;
    let unbroken =
        "A-rather-long-name-without-a-single-space-as-programs-like-to-choose-it-for-us-all";
    add(app, unbroken, |new| {
        new.ranges = Ranges::parse("192.0.2.7").unwrap();
    })
    .await;
    let okta = add(app, "Okta SCIM", |new| {
        new.scopes = scopes(&[Scope::AdminScim]);
        new.expires_at = Some(app.now() + TimeDelta::days(200));
        new.ranges = Ranges::parse("203.0.113.0/24\n2001:db8:40::/48").unwrap();
    })
    .await;
    calls(app, &okta).await;
    let at =
        |change: &str, name: &str| format!("UPDATE tokens SET {change} WHERE name = '{name}';");
    let changes = [
        at("scopes = NULL, created_by_name = ''", "Before scopes"),
        at("standing = 'revoked'", "Old crawler"),
        at("standing = 'disabled'", "Paused import"),
        "UPDATE tokens SET expires_at = created_at WHERE name = 'Conference 2026';".to_owned(),
    ];
    execute(&app.address, &changes.concat()).await;
}

/// Tokens of a member and of Ada, and a server.
async fn mcp(app: &App) {
    for (owner, name) in [
        (ADA, "Claude Code"),
        (ADA, "Cursor on the old laptop"),
        (ADA, "Zed"),
        (MEMBER, "Windsurf"),
    ] {
        app.mcp_token(owner, name).await;
    }
    let organization = app.organization;
    let changes = format!(
        "UPDATE tokens SET standing = 'revoked' WHERE name = 'Zed';
         UPDATE tokens SET standing = 'disabled' WHERE name = 'Cursor on the old laptop';
         UPDATE token_usage SET allowed = 1204, last_used_at = '{}', last_user_agent = 'claude-code/2.1 (cli)'
             WHERE token_id = (SELECT id FROM tokens WHERE name = 'Claude Code');
         INSERT INTO mcp_servers VALUES (gen_random_uuid(), '{organization}', 'widget-builder',
             'https://widgets.northwind.example/mcp', 'Build and preview widgets.', now());",
        app.now() - TimeDelta::minutes(12),
    );
    execute(&app.address, &changes).await;
}

/// A group of administrators, one of an identity provider's, and somebody who was deactivated.
async fn groups(app: &App) {
    let organization = app.organization;
    for email in [
        "mei.tanaka@northwind.example",
        "noor.al-rashid-van-der-heijden@research.northwind.example",
    ] {
        app.add_member(organization, email, Role::Member).await;
    }
    app.add_member(organization, "rosa@northwind.example", Role::Admin)
        .await;
    let changes = format!(
        "UPDATE users SET name = 'Mei Tanaka' WHERE email LIKE 'mei.%';
         UPDATE users SET name = 'Noor al-Rashid van der Heijden' WHERE email LIKE 'noor.%';
         UPDATE memberships SET deactivated_at = '{}' FROM users WHERE id = user_id AND name LIKE 'Noor %';
         UPDATE tokens SET responsible_id = (SELECT id FROM users WHERE name = 'Mei Tanaka')
             WHERE name LIKE 'Integration 1%';
         UPDATE tokens SET responsible_id = (SELECT id FROM users WHERE name = 'Ada Lovell')
             WHERE name LIKE 'Integration 2%';
         INSERT INTO groups (id, organization_id, name, role, created_at, managed) VALUES
             (gen_random_uuid(), '{organization}', 'Platform', 'admin', '{}', false),
             (gen_random_uuid(), '{organization}', 'All employees', NULL, '{}', true),
             (gen_random_uuid(), '{organization}', repeat('SG-EMEA_Marketing.', 14), NULL, '{}', true),
             (gen_random_uuid(), '{organization}', 'Nobody yet', NULL, '{}', false);
         INSERT INTO group_members SELECT '{organization}', groups.id, user_id FROM groups, memberships, users
             WHERE users.id = user_id AND groups.organization_id = memberships.organization_id
                 AND (groups.name = 'All employees' OR groups.name = 'Platform' AND users.name LIKE 'Mei%');",
        app.now() - TimeDelta::days(40),
        app.now(),
        app.now(),
        app.now(),
        app.now(),
    );
    execute(&app.address, &changes).await;
    app.mcp_token("mei.tanaka@northwind.example", "Claude Desktop")
        .await;
}

async fn product(app: &App, organization: OrganizationId) -> catalogue::Product {
    let connection = &mut *app.database().get().await.unwrap();
    let actor = Actor::command_line(organization);
    catalogue::create_product(connection, &actor, "Storefront", "shop", app.now())
        .await
        .unwrap();
    catalogue::create_product(connection, &actor, "Widget Builder", "prod", app.now())
        .await
        .unwrap()
}

async fn add(app: &App, name: &str, change: impl FnOnce(&mut NewToken)) -> Token {
    app.token_with(name, change).await.0
}

/// A month of them, the weekends quiet, some denied.
async fn calls(app: &App, token: &Token) {
    let mut statements = String::new();
    let (mut total, mut refused) = (0, 0);
    for ago in 0..30_u64 {
        let day = app.now().date_naive() - Days::new(ago);
        let (allowed, denied) = match ago % 7 {
            0 | 6 => (120, 0),
            weekday => (1000 + weekday * 137, if weekday == 3 { 210 } else { 0 }),
        };
        (total, refused) = (total + allowed, refused + denied);
        write!(
            statements,
            "INSERT INTO usage_days VALUES ('{}', '{day}', {allowed}, {denied});",
            token.id
        )
        .unwrap();
    }
    // Of each of the four days with denied calls, and so 210 a day.
    for (code, operation, network, calls) in [
        ("ip_not_allowed", "SCIM: all", "198.51.100.0/24", 120),
        ("insufficient_scope", "Agents: delete", "203.0.113.0/24", 52),
        ("retired", "SCIM: all", "2001:db8:40::/48", 36),
        ("unknown_resource", "forward", "203.0.113.0/24", 1),
        (
            "wrong_product",
            "Widgets: a-tool-with-a-long-name-in-one-word",
            "2001:db8:4007::/48",
            1,
        ),
    ] {
        for ago in [3, 10, 17, 24] {
            let at = app.now() - TimeDelta::days(ago);
            write!(
                statements,
                "INSERT INTO usage_hours VALUES ('{}', '{at}', '{code}', '{operation}', '{network}', {calls}, '{at}');",
                token.id
            )
            .unwrap();
        }
    }
    write!(
        statements,
        "UPDATE token_usage SET allowed = {total}, denied = {refused}, last_used_at = '{}',
             last_used_from = '203.0.113.24', last_user_agent = 'Okta SCIM Client 1.0.0'
         WHERE token_id = '{}';",
        app.now() - TimeDelta::minutes(3),
        token.id
    )
    .unwrap();
    execute(&app.address, &statements).await;
}
