//! Things of an organisation's for routes to be tried on, and credentials that are no good.

use chrono::TimeDelta;
use tokendesk::access::{Actor, OrganizationId, Role, UserId};
use tokendesk::catalogue::{self, Scope, resources};
use tokendesk::members::draft::InvitationDraft;
use tokendesk::members::groups::queries::{self as groups, NewGroup};
use tokendesk::members::groups::{GroupName, Keeper};
use tokendesk::members::invitations::queries::{self as invitations, Renewal};
use tokendesk::members::queries::{self as members};
use tokendesk::profile::servers::{draft::NewServer, queries as servers};
use tokendesk::tokens::draft::NewToken;
use tokendesk::tokens::overlap::Overlap;
use tokendesk::tokens::{Ranges, Secret, Token, Transition, queries as tokens};
use tokendesk::web::form::Field;

use super::App;
use super::app::ADA;

/// The ID of a new one, in the state in which it makes sense to send `method` to `path`: of a group
/// and one of its members two, with a slash between them.
pub async fn make(
    app: &App,
    organization: OrganizationId,
    kind: &str,
    (method, path): (&str, &str),
    name: &str,
) -> String {
    let actor = &Actor::command_line(organization);
    let connection = &mut *app.database().get().await.unwrap();
    let key = format!("k{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
    match kind {
        "products" => {
            let made = catalogue::create_product(connection, actor, name, &key, app.now());
            made.await.unwrap().id.to_string()
        }
        "resources" => {
            load_catalogue(app, organization).await;
            let query = format!(
                "SELECT id::text FROM resources WHERE organization_id = '{organization}' LIMIT 1"
            );
            let found = app.sql(&query).await;
            found.first().map(|row| row.get(0)).unwrap_or_default()
        }
        "mcp-servers" => {
            let new = NewServer {
                name: name.to_lowercase().replace(' ', "-"),
                url: "https://mcp.example.com/".to_owned(),
                description: String::new(),
            };
            let made = servers::create(connection, actor, &new, app.now()).await;
            let made = made.map_err(|error| format!("{error:?}"));
            made.unwrap().to_string()
        }
        "members" | "responsible-people" => {
            let user = member(app, organization, &key).await;
            if path.ends_with("/reactivation") {
                let (keep, now) = (None, app.now());
                let left = members::deactivate(connection, actor, user, keep, now).await;
                left.unwrap();
            }
            if path.ends_with("/handover") {
                let theirs = Actor::administrator(organization, user, name);
                let new = App::full_access(name);
                let made = tokens::create(connection, &theirs, &new, app.now()).await;
                assert!(made.is_ok());
            }
            user.to_string()
        }
        "groups" => {
            let user = member(app, organization, &key).await;
            let has_member = method == "DELETE" || path.ends_with("/removal");
            group(app, actor, name, user, has_member).await
        }
        "invitations" => {
            let guest = InvitationDraft {
                email: Field::new(format!("{key}@new.example")),
                name: Field::new(name),
                ..InvitationDraft::default()
            };
            let guest = guest.parse().unwrap();
            let invited =
                invitations::invite(connection, actor, &guest, Renewal::Any, app.now()).await;
            invited.unwrap().invitation.id.to_string()
        }
        "me" | "mcp-tokens" => {
            let (token, _) = app.mcp_token(ADA, name).await;
            prepare(app, actor, &token, path).await;
            token.id.to_string()
        }
        _ => {
            let read = |new: &mut NewToken| {
                new.scopes = Some([Scope::AdminRead].into_iter().collect());
            };
            let (token, _) = app.token_of(organization, name, read).await;
            prepare(app, actor, &token, path).await;
            token.id.to_string()
        }
    }
}

/// Otherwise whoever asks for it first makes it.
pub async fn load_catalogue(app: &App, organization: OrganizationId) {
    let connection = &mut *app.database().get().await.unwrap();
    let loaded = resources::queries::load(connection, organization).await;
    loaded.unwrap();
}

async fn member(app: &App, organization: OrganizationId, name: &str) -> UserId {
    let email = format!("{name}@new.example");
    app.add_member(organization, &email, Role::Admin).await;
    app.user(&email).await
}

async fn group(app: &App, actor: &Actor, name: &str, user: UserId, has_member: bool) -> String {
    let connection = &mut *app.database().get().await.unwrap();
    let (keeper, now) = (Keeper::Administrators, app.now());
    let new = NewGroup {
        name: GroupName::parse(name).unwrap(),
        role: None,
        external_id: None,
    };
    let group = groups::create(connection, actor, keeper, &new, now).await;
    let group = group.unwrap().id;
    if has_member {
        let added = groups::add_members(connection, actor, keeper, group, &[user], now).await;
        added.unwrap();
    }
    format!("{group}/{user}")
}

/// Brings the token into the state in which the route makes sense.
async fn prepare(app: &App, actor: &Actor, token: &Token, path: &str) {
    if path.ends_with("/overlap-end") {
        rotate(app, actor, token, Overlap::Day).await;
    } else if path.ends_with("/enabling") {
        apply(app, actor, token, Transition::Disabling).await;
    }
}

async fn rotate(app: &App, actor: &Actor, token: &Token, overlap: Overlap) {
    let connection = &mut *app.database().get().await.unwrap();
    let (key, now) = (token.key(), app.now());
    let rotated = tokens::rotate(connection, actor, key, token.version, overlap, now).await;
    rotated
        .map_err(|error| format!("{error:?}"))
        .map(drop)
        .unwrap();
}

async fn apply(app: &App, actor: &Actor, token: &Token, transition: Transition) {
    let connection = &mut *app.database().get().await.unwrap();
    let applied = tokens::apply(connection, actor, token.key(), transition, app.now()).await;
    applied
        .map_err(|error| format!("{error:?}"))
        .map(drop)
        .unwrap();
}

/// Tokens with full access that are no good: status and code of the answer, and the secret.
pub async fn bad_tokens(app: &App) -> Vec<(u16, &'static str, Secret)> {
    let actor = Actor::command_line(app.organization);
    let mut bad = Vec::new();
    for (transition, code) in [
        (Transition::Revocation, "revoked"),
        (Transition::Disabling, "disabled"),
        (Transition::Deletion, "unknown"),
    ] {
        let (token, secret) = app.token(code).await;
        apply(app, &actor, &token, transition).await;
        bad.push((401, code, secret));
    }
    let (token, secret) = app.token("retired").await;
    rotate(app, &actor, &token, Overlap::None).await;
    bad.push((401, "retired", secret));
    let soon = app.now() + TimeDelta::minutes(1);
    let expiring = |new: &mut NewToken| new.expires_at = Some(soon);
    bad.push((401, "expired", app.token_with("expired", expiring).await.1));
    let bound = |new: &mut NewToken| new.ranges = Ranges::parse("198.51.100.0/24").unwrap();
    bad.push((
        403,
        "ip_not_allowed",
        app.token_with("elsewhere", bound).await.1,
    ));
    app.state.clock.advance(TimeDelta::minutes(1));
    app.settle().await;
    bad
}

/// MCP tokens that were good once, each with the code that it is refused with.
pub async fn bad_mcp_tokens(app: &App) -> Vec<(&'static str, Secret)> {
    let mut bad = Vec::new();
    for (code, change) in [
        ("revoked", "UPDATE tokens SET standing = 'revoked'"),
        ("disabled", "UPDATE tokens SET standing = 'disabled'"),
        ("expired", "UPDATE tokens SET expires_at = created_at"),
        ("unknown", "DELETE FROM tokens"),
    ] {
        let (token, secret) = app.mcp_token(ADA, code).await;
        app.sql(&format!("{change} WHERE id = '{}'", token.id))
            .await;
        bad.push((code, secret));
    }
    app.settle().await;
    bad
}

/// All scopes of API tokens that do not include this one.
pub fn too_little_for(needed: Scope) -> Vec<Scope> {
    let gives = |scope: Scope| scope == needed || scope.includes().contains(&needed);
    let all = Scope::ALL.iter().copied();
    all.filter(|scope| scope.is_for_api_tokens() && !gives(*scope))
        .collect()
}
