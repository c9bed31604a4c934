//! Every page in every state that looks different, and the way there. To sweep another one,
//! add it.

use Step::{Click, Fill, Follow, Meanwhile, Visit};
use Who::{Ada, Fresh, Grace, Mailing, Member, Nobody, Refused};

pub struct Page {
    /// For findings and pictures.
    pub name: &'static str,
    /// As mounted.
    pub route: &'static str,
    pub status: u16,
    pub who: Who,
    pub steps: &'static [Step],
}

/// Who looks at it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Who {
    /// On a server that is not set up.
    Fresh,
    Nobody,
    /// Administrator of two organisations, in one with many tokens.
    Ada,
    /// Administrator of an organisation without any.
    Grace,
    /// Not an administrator.
    Member,
    /// Administrator where `AUTH_SECRET` is set, and mail is sent.
    Mailing,
    /// The same without tokens, where mail is refused.
    Refused,
}

#[derive(Clone, Copy)]
pub enum Step {
    /// `{code}` stands for an invitation's code, `{Okta SCIM}` for that token's page.
    Visit(&'static str),
    Fill(&'static str, &'static str),
    /// Something that stays on the page.
    Click(&'static str),
    /// What bears these words, to another page.
    Follow(&'static str),
    /// What someone else does.
    Meanwhile(&'static str),
}

const LIST: &str = "/settings/api-access";
const NEW: &str = "/settings/api-access/new";
const SHOW: &str = "/settings/api-access/{id}";
const EDIT: &str = "/settings/api-access/{id}/edit";
const ROTATION: &str = "/settings/api-access/{id}/rotation";
const OVERLAP_END: &str = "/settings/api-access/{id}/overlap-end";
const TRANSITION: &str = "/settings/api-access/{id}/{transition}";
const EXPLANATION: &str = "/settings/api-access/{id}/explanation";
const MCP_EXPLANATION: &str = "/settings/mcp-tokens/{id}/explanation";
const AUDIT_LOG: &str = "/settings/audit-log";
const PRODUCTS: &str = "/settings/products";
const PRODUCT: &str = "/settings/products/{id}";
const RESOURCES: &str = "/settings/resources";
const RESOURCE: &str = "/settings/resources/{id}";
const MCP: &str = "/profile/mcp-tokens/{id}";
const MCP_TRANSITION: &str = "/profile/mcp-tokens/{id}/{transition}";
const SERVERS: &str = "/settings/mcp-servers";
const MEMBERS: &str = "/settings/members";
const MEMBER: &str = "/settings/members/{id}";
const EXIT: &str = "/settings/members/{id}/{exit}";
const HANDOVER: &str = "/settings/members/{id}/handover";
const REACTIVATION: &str = "/settings/members/{id}/reactivation";
const INVITATIONS: &str = "/settings/members/invitations";
const GROUPS: &str = "/settings/groups";
const GROUP: &str = "/settings/groups/{id}";
const ONE_RESOURCE: &str = "[[resource]]\nname = \"Reports\"\npath = \"/api/reports/**\"\noperations = [\n  { name = \"read\", methods = [\"GET\"], scope = \"connect:read\" },\n]\n";
const INVITATION: &str = "/invitations/{code}";

const fn page(
    name: &'static str,
    route: &'static str,
    who: Who,
    status: u16,
    steps: &'static [Step],
) -> Page {
    Page {
        name,
        route,
        status,
        who,
        steps,
    }
}

#[rustfmt::skip]
pub const PAGES: &[Page] = &[
    page("setup", "/setup", Fresh, 200, &[Visit("/setup")]),
    page("setup-errors", "/setup", Fresh, 422, &[Visit("/setup"), Fill("#code", "wrong"), Follow("Create organisation")]),

    page("sign-in", "/sign-in", Nobody, 200, &[Visit("/sign-in")]),
    page("sign-in-wrong", "/sign-in", Nobody, 422, &[
        Visit("/sign-in"), Fill("#email", "ada@northwind.example"), Fill("#password", "wrong"), Follow("Sign in"),
    ]),
    page("sign-in-throttled", "/sign-in", Nobody, 429, &[
        Meanwhile("UPDATE sign_in_throttle SET blocked_until = '2026-11-22 14:01:00+00'"),
        Visit("/sign-in"), Fill("#email", "ada@northwind.example"), Fill("#password", "wrong"), Follow("Sign in"),
        Meanwhile("DELETE FROM sign_in_throttle"),
    ]),
    page("invitation", INVITATION, Nobody, 200, &[Visit("/invitations/{code}")]),
    page("invitation-errors", INVITATION, Nobody, 422, &[
        Visit("/invitations/{code}"), Fill("#name", ""), Fill("#password", "password"), Follow("Join"),
    ]),
    page("api-docs", "/docs/api", Nobody, 200, &[Visit("/docs/api")]),
    page("api-docs-open", "/docs/api", Nobody, 200, &[
        Visit("/docs/api"), Click("#createToken summary"), Click("#listTokens summary"),
        Click("#deactivateMember summary"), Click("#verifyToken summary"),
    ]),
    page("invitation-account", INVITATION, Nobody, 200, &[
        Meanwhile("UPDATE invitations SET email = 'ada@northwind.example'"), Visit("/invitations/{code}"),
    ]),
    page("invitation-account-errors", INVITATION, Nobody, 422, &[
        Visit("/invitations/{code}"), Fill("#password", "wrong"), Follow("Join"),
        Meanwhile("UPDATE invitations SET email = 'quentin.featherstonehaugh-warrington@northwind.example'"),
    ]),
    page("invitation-unclaimed-errors", INVITATION, Nobody, 422, &[
        Meanwhile("INSERT INTO users (id, email, name, created_at) VALUES (gen_random_uuid(), 'quentin.featherstonehaugh-warrington@northwind.example', 'Quentin', now())"),
        Visit("/invitations/{code}"), Fill("#password", "password"), Follow("Join"),
        Meanwhile("DELETE FROM users WHERE name = 'Quentin'"),
    ]),
    page("password-link", INVITATION, Nobody, 200, &[
        Meanwhile("UPDATE invitations SET email = users.email, user_id = users.id, renews_password = true FROM users WHERE users.email = 'member@northwind.example'"),
        Visit("/invitations/{code}"),
        Meanwhile("UPDATE invitations SET email = 'quentin.featherstonehaugh-warrington@northwind.example', user_id = NULL, renews_password = false"),
    ]),
    page("error-404", INVITATION, Nobody, 404, &[Visit("/invitations/none")]),

    page("profile-member", "/profile", Member, 200, &[Visit("/profile")]),
    page("error-403", LIST, Member, 403, &[Visit("/settings/api-access")]),

    page("groups-empty", GROUPS, Grace, 200, &[Visit("/settings/groups")]),
    page("members-one", MEMBERS, Grace, 200, &[Visit("/settings/members")]),
    page("member-last-administrator", EXIT, Grace, 200, &[
        Visit("/settings/members"), Click(".table .menu summary"), Follow("Deactivate"),
    ]),
    page("mcp-servers-empty", SERVERS, Grace, 200, &[Visit("/settings/mcp-servers")]),
    page("mcp-tokens-empty", "/settings/mcp-tokens", Grace, 200, &[Visit("/settings/mcp-tokens")]),
    page("profile-empty", "/profile", Grace, 200, &[Visit("/profile")]),
    page("list-empty", LIST, Grace, 200, &[Visit("/settings/api-access")]),
    page("create-first", NEW, Grace, 200, &[Visit("/settings/api-access/new")]),
    page("audit-log-short", AUDIT_LOG, Grace, 200, &[Visit("/settings/audit-log")]),
    page("products-empty", PRODUCTS, Grace, 200, &[Visit("/settings/products")]),
    page("resources-none", RESOURCES, Grace, 200, &[
        Visit("/settings/resources"),
        Meanwhile("DELETE FROM resources USING organizations WHERE organization_id = organizations.id AND organizations.name = 'Fabrikam'"),
        Visit("/settings/resources"),
    ]),

    page("list-auth-secret", LIST, Mailing, 200, &[Visit("/settings/api-access")]),
    page("invited-sent", INVITATIONS, Mailing, 200, &[
        Visit("/settings/members/invitations"), Fill("#email", "jun.park@northwind.example"), Fill("#name", "Jun Park"), Follow("Invite"),
    ]),
    page("invite-again", INVITATIONS, Ada, 422, &[
        Visit("/settings/members/invitations"), Fill("#email", "quentin.featherstonehaugh-warrington@northwind.example"), Fill("#name", "Quentin Featherstonehaugh"), Follow("Invite"),
    ]),
    page("list-auth-secret-empty", LIST, Refused, 200, &[Visit("/settings/api-access")]),
    page("invited-refused", INVITATIONS, Refused, 200, &[
        Visit("/settings/members/invitations"), Fill("#email", "quentin.featherstonehaugh-warrington@northwind.example"), Fill("#name", "Quentin"), Follow("Invite"),
    ]),

    page("list", LIST, Ada, 200, &[Visit("/settings/api-access")]),
    page("list-second-page", LIST, Ada, 200, &[Visit("/settings/api-access"), Follow("Next")]),
    page("list-menu", LIST, Ada, 200, &[Visit("/settings/api-access"), Click(".token .menu summary")]),
    page("list-organisations", LIST, Ada, 200, &[Visit("/settings/api-access"), Click(".topbar__organization summary")]),
    page("list-account", LIST, Ada, 200, &[Visit("/settings/api-access"), Click(".avatar")]),
    page("list-sort", LIST, Ada, 200, &[Visit("/settings/api-access"), Click(".toolbar__menus > .menu:last-child > summary")]),
    page("list-revoked", LIST, Ada, 200, &[Visit("/settings/api-access?status=revoked")]),
    page("list-none-found", LIST, Ada, 200, &[Visit("/settings/api-access?q=nonesuch")]),
    page("list-none-of-product", LIST, Ada, 200, &[
        Visit("/settings/api-access?status=revoked"), Click(".toolbar__menus > .menu > summary"), Follow("Widget Builder"),
    ]),
    page("list-notice", LIST, Ada, 200, &[
        Visit("{CRM sync}/disabling"), Follow("Disable"),
    ]),
    page("create", NEW, Ada, 200, &[Visit("/settings/api-access/new")]),
    page("create-custom", NEW, Ada, 200, &[
        Visit("/settings/api-access/new?name=Backup&scopes=admin:read"), Click("label:has([name=expiry][value=at])"),
        Click(".disclosure > summary"),
    ]),
    page("create-errors", NEW, Ada, 422, &[
        Visit("/settings/api-access/new"), Click(".choice:has([value=custom])"), Click("label:has([name=expiry][value=at])"),
        Click(".disclosure > summary"), Fill("#allowed_ip_ranges", "10.1.2.3/8\nhere"), Follow("Create"),
    ]),
    page("reveal", NEW, Ada, 200, &[
        Visit("/settings/api-access/new?name=Entra%20ID&level=scim"), Follow("Create"),
    ]),
    page("details", SHOW, Ada, 200, &[Visit("{Okta SCIM}")]),
    page("details-menu", SHOW, Ada, 200, &[Visit("{Okta SCIM}"), Click(".actions .menu summary")]),
    page("details-unused", SHOW, Ada, 200, &[Visit("{Intranet feed}")]),
    page("details-legacy", SHOW, Ada, 200, &[Visit("{Before scopes}")]),
    page("details-revoked", SHOW, Ada, 200, &[Visit("{Old crawler}")]),
    page("explanation", EXPLANATION, Ada, 200, &[Visit("{Okta SCIM}/explanation")]),
    page("explanation-denied", EXPLANATION, Ada, 200, &[
        Visit("{Okta SCIM}/explanation"), Fill("#path", "/scim/v2/Users?startIndex=1"), Fill("#ip", "198.51.100.24"), Follow("Explain"),
    ]),
    page("explanation-let-through", EXPLANATION, Ada, 200, &[
        Visit("{Billing export}/explanation"), Fill("#path", "/api/mcp-servers"), Fill("#ip", "198.51.100.24"), Follow("Explain"),
    ]),
    page("explanation-errors", EXPLANATION, Ada, 422, &[
        Visit("{Billing export}/explanation"), Fill("#path", "https://api.northwind.example"), Fill("#ip", "198.51.100"), Follow("Explain"),
    ]),
    page("explanation-tool", MCP_EXPLANATION, Ada, 200, &[
        Visit("{any Windsurf}/explanation"), Click("label:has([value=tool])"), Fill("#tool", "delete_widget"), Follow("Explain"),
    ]),
    page("edit", EDIT, Ada, 200, &[Visit("{Okta SCIM}/edit")]),
    page("edit-errors", EDIT, Ada, 422, &[
        Visit("{Okta SCIM}/edit"), Fill("#name", "crm sync"), Follow("Save"),
    ]),
    page("edit-conflict", EDIT, Ada, 422, &[
        Visit("{Intranet feed}/edit"),
        Meanwhile("UPDATE tokens SET version = version + 1 WHERE name = 'Intranet feed'"), Follow("Save"),
    ]),
    page("rotation", ROTATION, Ada, 200, &[Visit("{Okta SCIM}/rotation")]),
    page("rotation-conflict", ROTATION, Ada, 409, &[
        Visit("{Intranet feed}/rotation"),
        Meanwhile("UPDATE tokens SET version = version + 1 WHERE name = 'Intranet feed'"), Follow("Rotate"),
    ]),
    page("rotation-refused", ROTATION, Ada, 409, &[Visit("{Old crawler}/rotation")]),
    page("reveal-rotated", ROTATION, Ada, 200, &[
        Visit("{Billing export}/rotation"), Click(".choice:has([value='24h'])"), Follow("Rotate"),
    ]),
    page("details-overlap", SHOW, Ada, 200, &[Visit("{Billing export}")]),
    page("overlap-end", OVERLAP_END, Ada, 200, &[Visit("{Billing export}/overlap-end")]),
    page("overlap-end-stale", OVERLAP_END, Ada, 200, &[Visit("{Intranet feed}/overlap-end")]),
    page("disabling", TRANSITION, Ada, 200, &[Visit("{Okta SCIM}/disabling")]),
    page("enabling", TRANSITION, Ada, 200, &[Visit("{Paused import}/enabling")]),
    page("revocation", TRANSITION, Ada, 200, &[Visit("{Okta SCIM}/revocation")]),
    page("revocation-stale", TRANSITION, Ada, 200, &[Visit("{Old crawler}/revocation")]),
    page("deletion", TRANSITION, Ada, 200, &[Visit("{Okta SCIM}/deletion")]),
    page("audit-log", AUDIT_LOG, Ada, 200, &[Visit("/settings/audit-log")]),
    page("audit-log-none-found", AUDIT_LOG, Ada, 200, &[Visit("/settings/audit-log?token=nonesuch")]),
    page("products", PRODUCTS, Ada, 200, &[Visit("/settings/products")]),
    page("products-menu", PRODUCTS, Ada, 200, &[Visit("/settings/products"), Click(".table .menu summary")]),
    page("products-none-found", PRODUCTS, Ada, 200, &[Visit("/settings/products?q=nonesuch")]),
    page("product-new", "/settings/products/new", Ada, 200, &[Visit("/settings/products/new")]),
    page("product-new-errors", PRODUCTS, Ada, 422, &[
        Visit("/settings/products/new"), Fill("#name", "widget builder"), Fill("#key", "wb"), Follow("Create"),
    ]),
    page("product-edit", PRODUCT, Ada, 200, &[Visit("/settings/products"), Follow("Storefront")]),
    page("product-edit-used", PRODUCT, Ada, 200, &[Visit("/settings/products"), Follow("Widget Builder")]),
    page("product-edit-conflict", PRODUCT, Ada, 422, &[
        Visit("/settings/products"), Follow("Storefront"),
        Meanwhile("UPDATE products SET version = version + 1 WHERE name = 'Storefront'"), Follow("Save"),
    ]),
    page("product-deletion", "/settings/products/{id}/deletion", Ada, 200, &[
        Visit("/settings/products"), Click("tr:first-child .menu summary"), Follow("Delete"),
    ]),
    page("product-deletion-used", "/settings/products/{id}/deletion", Ada, 200, &[
        Visit("/settings/products"), Click("tr:last-child .menu summary"), Follow("Delete"),
    ]),
    page("resources", RESOURCES, Ada, 200, &[Visit("/settings/resources")]),
    page("resources-menu", RESOURCES, Ada, 200, &[Visit("/settings/resources"), Click(".header .menu summary")]),
    page("resource-new", "/settings/resources/new", Ada, 200, &[Visit("/settings/resources/new")]),
    page("resource-new-tools", "/settings/resources/new", Ada, 200, &[
        Visit("/settings/resources/new"), Click(".choice:has([value=tools])"),
    ]),
    page("resource-new-errors", RESOURCES, Ada, 422, &[
        Visit("/settings/resources/new"), Fill("#name", "agents"), Fill("#path", "/api/*/x"),
        Fill("#operation-0-name", "list"), Fill("#operation-0-methods", "HEAD"), Fill("#operation-1-methods", "GET, G@T"), Follow("Create"),
    ]),
    page("resource-new-clash", RESOURCES, Ada, 422, &[
        Visit("/settings/resources/new"), Fill("#name", "Runs"), Fill("#path", "/api/agent-base/{agent}/executions"),
        Fill("#operation-0-name", "list"), Fill("#operation-0-methods", "GET"),
        Click("#operation-0-scope option:last-child"), Follow("Create"),
    ]),
    page("resource-edit", RESOURCE, Ada, 200, &[Visit("/settings/resources"), Follow("Storage")]),
    page("resource-edit-conflict", RESOURCE, Ada, 422, &[
        Visit("/settings/resources"), Follow("Webhooks"),
        Meanwhile("UPDATE resources SET version = version + 1 WHERE name = 'Webhooks'"), Follow("Save"),
    ]),
    page("resource-deletion", "/settings/resources/{id}/deletion", Ada, 200, &[
        Visit("/settings/resources"), Click("tr:first-child .menu summary"), Follow("Delete"),
    ]),
    page("resources-import", "/settings/resources/import", Ada, 200, &[Visit("/settings/resources/import")]),
    page("resources-import-errors", "/settings/resources/import", Ada, 422, &[
        Visit("/settings/resources/import"), Fill("#toml", "[[resource]]\nname = \"x\"\npath = \"x\"\n"), Follow("Import"),
    ]),
    page("resources-import-conflict", "/settings/resources/import", Ada, 422, &[
        Visit("/settings/resources/import"), Fill("#toml", ONE_RESOURCE),
        Meanwhile("UPDATE catalogues SET revision = revision + 1"), Follow("Import"),
    ]),
    page("resources-imported", RESOURCES, Ada, 200, &[
        Visit("/settings/resources/import"), Fill("#toml", ONE_RESOURCE), Follow("Import"),
    ]),
    page("resources-reset", "/settings/resources/reset", Ada, 200, &[Visit("/settings/resources/reset")]),
    page("resources-reset-conflict", "/settings/resources/reset", Ada, 409, &[
        Visit("/settings/resources/reset"),
        Meanwhile("UPDATE catalogues SET revision = revision + 1"), Follow("Reset"),
    ]),
    page("profile", "/profile", Ada, 200, &[Visit("/profile")]),
    page("profile-menu", "/profile", Ada, 200, &[Visit("/profile"), Click(".token .menu summary")]),
    page("profile-errors", "/profile", Ada, 422, &[
        Visit("/profile"), Click(".generate .disclosure > summary"), Click(".checks label:nth-child(1) input"),
        Click(".checks label:nth-child(2) input"), Click(".checks label:nth-child(3) input"), Follow("Generate"),
    ]),
    page("profile-reveal", "/profile", Ada, 200, &[
        Visit("/profile"), Fill("#name", "VS Code"), Follow("Generate"), Click("label[for=tab-tokendesk-cursor]"),
    ]),
    page("profile-reveal-server", "/profile", Ada, 200, &[
        Visit("/profile"), Fill("#name", "Codex"), Follow("Generate"), Click("label[for=server-2]"),
        Click("label[for=tab-widget-builder-codex]"), Click("label[for=tab-widget-builder-codex] + .tabs__panel summary"),
    ]),
    page("password", "/profile/password", Ada, 200, &[Visit("/profile/password")]),
    page("password-errors", "/profile/password", Ada, 422, &[
        Visit("/profile/password"), Fill("#present", "violet anchor drums mustard"), Fill("#password", "short"), Follow("Change password"),
    ]),
    page("mcp-token", MCP, Ada, 200, &[Visit("{Claude Code}")]),
    page("mcp-token-waiting", MCP, Ada, 200, &[Visit("{VS Code}")]),
    page("mcp-token-revoked", MCP, Ada, 200, &[Visit("{Zed}")]),
    page("mcp-rename", "/profile/mcp-tokens/{id}/name", Ada, 200, &[Visit("{Claude Code}/name")]),
    page("mcp-rename-taken", "/profile/mcp-tokens/{id}/name", Ada, 422, &[
        Visit("{Claude Code}/name"), Fill("#name", "vs code"), Follow("Save"),
    ]),
    page("mcp-rotation", "/profile/mcp-tokens/{id}/rotation", Ada, 200, &[Visit("{Claude Code}/rotation")]),
    page("mcp-overlap-end", "/profile/mcp-tokens/{id}/overlap-end", Ada, 200, &[Visit("{Claude Code}/overlap-end")]),
    page("mcp-revocation", MCP_TRANSITION, Ada, 200, &[Visit("{Claude Code}/revocation")]),
    page("mcp-enabling", MCP_TRANSITION, Ada, 200, &[Visit("{Cursor on the old laptop}/enabling")]),
    page("mcp-tokens", "/settings/mcp-tokens", Ada, 200, &[Visit("/settings/mcp-tokens")]),
    page("mcp-tokens-none-found", "/settings/mcp-tokens", Ada, 200, &[Visit("/settings/mcp-tokens?owner=nonesuch")]),
    page("mcp-tokens-revocation", "/settings/mcp-tokens/{id}/revocation", Ada, 200, &[Visit("{any Windsurf}/revocation")]),
    page("mcp-servers", SERVERS, Ada, 200, &[Visit("/settings/mcp-servers")]),
    page("mcp-server-new", "/settings/mcp-servers/new", Ada, 200, &[Visit("/settings/mcp-servers/new")]),
    page("mcp-server-errors", SERVERS, Ada, 422, &[
        Visit("/settings/mcp-servers/new"), Fill("#name", "tokendesk"), Fill("#url", "mcp.example.com"), Follow("Add"),
    ]),
    page("mcp-server-edit", "/settings/mcp-servers/{id}", Ada, 200, &[Visit("{widget-builder}")]),
    page("mcp-server-conflict", "/settings/mcp-servers/{id}", Ada, 422, &[
        Visit("{widget-builder}"),
        Meanwhile("UPDATE mcp_servers SET version = version + 1 WHERE name = 'widget-builder'"), Follow("Save"),
    ]),
    page("mcp-server-removal", "/settings/mcp-servers/{id}/removal", Ada, 200, &[Visit("{widget-builder}/removal")]),
    page("mcp-server-removal-conflict", "/settings/mcp-servers/{id}/removal", Ada, 409, &[
        Visit("{widget-builder}/removal"),
        Meanwhile("UPDATE mcp_servers SET version = version + 1 WHERE name = 'widget-builder'"), Follow("Remove"),
    ]),
    page("members", MEMBERS, Ada, 200, &[Visit("/settings/members")]),
    page("members-menu", MEMBERS, Ada, 200, &[Visit("/settings/members"), Click("section + .toolbar ~ .card .menu summary")]),
    page("members-deactivated", MEMBERS, Ada, 200, &[Visit("/settings/members?view=deactivated")]),
    page("members-none-found", MEMBERS, Ada, 200, &[Visit("/settings/members?q=nonesuch")]),
    page("member", MEMBER, Ada, 200, &[Visit("{Mei Tanaka}")]),
    page("member-not-joined", MEMBER, Ada, 200, &[
        Meanwhile("UPDATE memberships SET has_joined = false FROM users WHERE users.id = user_id AND users.name = 'Mei Tanaka'"),
        Visit("{Mei Tanaka}"),
    ]),
    page("members-not-joined", MEMBERS, Ada, 200, &[
        Visit("/settings/members?q=mei"),
        Meanwhile("UPDATE memberships SET has_joined = true"),
    ]),
    page("invite-known", "/settings/members/invitations", Ada, 200, &[
        Visit("/settings/members/invitations?email=mei%40northwind.example&name=Mei%20Tanaka&role=admin"),
    ]),
    page("member-deactivated", MEMBER, Ada, 200, &[Visit("{Noor al-Rashid van der Heijden}")]),
    page("member-deactivation", EXIT, Ada, 200, &[Visit("{Mei Tanaka}/deactivation")]),
    page("member-deactivation-errors", EXIT, Ada, 422, &[
        Visit("{Ada Lovell}/deactivation"),
        Meanwhile("UPDATE groups SET role = NULL WHERE name = 'Platform'"), Follow("Deactivate"),
        Meanwhile("UPDATE groups SET role = 'admin' WHERE name = 'Platform'"),
    ]),
    page("member-handover", HANDOVER, Ada, 200, &[Visit("{Mei Tanaka}/handover")]),
    page("member-handover-none", HANDOVER, Ada, 200, &[Visit("{Noor al-Rashid van der Heijden}/handover")]),
    page("member-handover-errors", HANDOVER, Ada, 422, &[
        Visit("{Ada Lovell}/handover"),
        Meanwhile("UPDATE groups SET role = NULL WHERE name = 'Platform'"), Follow("Hand over"),
        Meanwhile("UPDATE groups SET role = 'admin' WHERE name = 'Platform'"),
    ]),
    page("member-handover-alone", HANDOVER, Ada, 422, &[
        Visit("{Ada Lovell}/handover"),
        Meanwhile("UPDATE groups SET role = NULL WHERE name = 'Platform'; UPDATE memberships SET role = 'member' FROM users WHERE id = user_id AND email LIKE 'rosa@%'"),
        Follow("Hand over"),
    ]),
    page("member-handover-only", HANDOVER, Ada, 200, &[
        Visit("{Ada Lovell}/handover"),
        Meanwhile("UPDATE groups SET role = 'admin' WHERE name = 'Platform'; UPDATE memberships SET role = 'admin' FROM users WHERE id = user_id AND email LIKE 'rosa@%'"),
    ]),
    page("members-gone", MEMBERS, Ada, 200, &[
        Meanwhile("UPDATE memberships SET deactivated_at = now() FROM users WHERE id = user_id AND name = 'Mei Tanaka'"),
        Visit("/settings/members"),
    ]),
    page("member-gone", MEMBER, Ada, 200, &[Visit("{Mei Tanaka}")]),
    page("token-gone", SHOW, Ada, 200, &[Visit("{Integration 11}")]),
    page("handover-gone", HANDOVER, Ada, 200, &[
        Visit("{Mei Tanaka}/handover"),
        Meanwhile("UPDATE memberships SET deactivated_at = NULL FROM users WHERE id = user_id AND name = 'Mei Tanaka'"),
    ]),
    page("member-deactivated-notice", MEMBERS, Ada, 200, &[
        Visit("{Mei Tanaka}/deactivation"), Follow("Deactivate"),
        Meanwhile("UPDATE memberships SET deactivated_at = NULL FROM users WHERE id = user_id AND name = 'Mei Tanaka'"),
    ]),
    page("member-deactivation-stale", EXIT, Ada, 200, &[Visit("{Noor al-Rashid van der Heijden}/deactivation")]),
    page("member-removal", EXIT, Ada, 200, &[Visit("{Noor al-Rashid van der Heijden}/removal")]),
    page("member-removal-own", EXIT, Ada, 200, &[Visit("{Ada Lovell}/removal")]),
    page("member-reactivation", REACTIVATION, Ada, 200, &[Visit("{Noor al-Rashid van der Heijden}/reactivation")]),
    page("member-reactivation-stale", REACTIVATION, Ada, 200, &[Visit("{Mei Tanaka}/reactivation")]),
    page("invite", INVITATIONS, Ada, 200, &[Visit("/settings/members/invitations")]),
    page("invite-errors", INVITATIONS, Ada, 422, &[
        Visit("/settings/members/invitations"), Fill("#email", "ada@northwind.example"), Follow("Invite"),
    ]),
    page("invited", INVITATIONS, Ada, 200, &[
        Visit("/settings/members/invitations"), Fill("#email", "jun.park@northwind.example"), Fill("#name", "Jun Park"), Follow("Invite"),
    ]),
    page("invite-again", INVITATIONS, Ada, 422, &[
        Visit("/settings/members/invitations"), Fill("#email", "jun.park@northwind.example"), Fill("#name", "Jun Park"), Follow("Invite"),
    ]),
    page("invitation-revocation", "/settings/members/invitations/{id}/revocation", Ada, 200, &[
        Visit("/settings/members"), Follow("Revoke the invitation of Quentin Featherstonehaugh"),
    ]),
    page("groups", GROUPS, Ada, 200, &[Visit("/settings/groups")]),
    page("groups-menu", GROUPS, Ada, 200, &[Visit("/settings/groups"), Click(".table .menu summary")]),
    page("groups-none-found", GROUPS, Ada, 200, &[Visit("/settings/groups?q=nonesuch")]),
    page("group-new", "/settings/groups/new", Ada, 200, &[Visit("/settings/groups/new")]),
    page("group-new-errors", GROUPS, Ada, 422, &[
        Visit("/settings/groups/new"), Fill("#name", "platform"), Follow("Create"),
    ]),
    page("group", GROUP, Ada, 200, &[Visit("{Platform}")]),
    page("group-managed", GROUP, Ada, 200, &[Visit("{All employees}")]),
    page("group-managed-meanwhile", GROUP, Ada, 409, &[
        Visit("{Nobody yet}"), Fill("#emails", "ada@northwind.example"),
        Meanwhile("UPDATE groups SET managed = true WHERE name = 'Nobody yet'"), Follow("Add"),
        Meanwhile("UPDATE groups SET managed = false WHERE name = 'Nobody yet'"),
    ]),
    page("group-nobody", GROUP, Ada, 200, &[Visit("{Nobody yet}")]),
    page("group-none-found", GROUP, Ada, 200, &[Visit("{Platform}?q=nonesuch")]),
    page("group-errors", GROUP, Ada, 422, &[
        Visit("{Nobody yet}"), Fill("#emails", "ada@northwind.example, nobody@northwind.example, x"), Follow("Add"),
    ]),
    page("group-edit", "/settings/groups/{id}/edit", Ada, 200, &[Visit("{Platform}/edit")]),
    page("group-edit-managed", "/settings/groups/{id}/edit", Ada, 200, &[Visit("{All employees}/edit")]),
    page("group-edit-conflict", GROUP, Ada, 422, &[
        Visit("{Platform}/edit"),
        Meanwhile("UPDATE groups SET version = version + 1 WHERE name = 'Platform'"), Follow("Save"),
    ]),
    page("group-deletion", "/settings/groups/{id}/deletion", Ada, 200, &[Visit("{Platform}/deletion")]),
    page("group-deletion-managed", "/settings/groups/{id}/deletion", Ada, 200, &[Visit("{All employees}/deletion")]),
    // From here on in the organisation with the longest name.
    page("list-long-organisation", LIST, Ada, 200, &[
        Visit("/settings/api-access"), Click(".topbar__organization summary"),
        Follow("Tailspin International Manufacturing and Logistics Holding"),
        Visit("/settings/api-access"), Click(".topbar__organization summary"),
    ]),
];
