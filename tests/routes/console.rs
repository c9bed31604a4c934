//! Every page and every form: who may see it, and who may send it.

use tokendesk::access::{Actor, OrganizationId, Role};
use tokendesk::members::Exit;
use tokendesk::members::draft::InvitationDraft;
use tokendesk::members::invitations::queries::{self as invitations, Renewal};
use tokendesk::tokens::Transition;
use tokendesk::web::form::Field;

use crate::support::app::{ADA, PASSWORD};
use crate::support::{App, Browser, things};

/// Who may.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Who {
    Everyone,
    /// Whoever is signed in; of what is somebody's own, its owner.
    Member,
    Admin,
    /// Nobody: there is no such page, though its route takes it.
    Nobody,
}
use Who::{Admin, Everyone, Member, Nobody};

struct Page(&'static str, Who);

const PAGES: &[Page] = &[
    Page("/", Member),
    Page("/setup", Everyone),
    Page("/sign-in", Everyone),
    Page("/invitations/{code}", Everyone),
    Page("/profile", Member),
    Page("/profile/password", Member),
    Page("/profile/mcp-tokens/{id}", Member),
    Page("/profile/mcp-tokens/{id}/connection", Member),
    Page("/profile/mcp-tokens/{id}/name", Member),
    Page("/profile/mcp-tokens/{id}/rotation", Member),
    Page("/profile/mcp-tokens/{id}/overlap-end", Member),
    Page("/profile/mcp-tokens/{id}/disabling", Member),
    Page("/profile/mcp-tokens/{id}/enabling", Member),
    Page("/profile/mcp-tokens/{id}/revocation", Member),
    Page("/profile/mcp-tokens/{id}/deletion", Nobody),
    Page("/profile/mcp-tokens/{id}/nonsense", Nobody),
    Page("/settings/api-access", Admin),
    Page("/settings/api-access/new", Admin),
    Page("/settings/api-access/{id}", Admin),
    Page("/settings/api-access/{id}/edit", Admin),
    Page("/settings/api-access/{id}/explanation", Admin),
    Page("/settings/api-access/{id}/rotation", Admin),
    Page("/settings/api-access/{id}/overlap-end", Admin),
    Page("/settings/api-access/{id}/disabling", Admin),
    Page("/settings/api-access/{id}/enabling", Admin),
    Page("/settings/api-access/{id}/revocation", Admin),
    Page("/settings/api-access/{id}/deletion", Admin),
    Page("/settings/api-access/{id}/nonsense", Nobody),
    Page("/settings/mcp-tokens", Admin),
    Page("/settings/mcp-tokens/{id}/explanation", Admin),
    Page("/settings/mcp-tokens/{id}/revocation", Admin),
    Page("/settings/products", Admin),
    Page("/settings/products/new", Admin),
    Page("/settings/products/{id}", Admin),
    Page("/settings/products/{id}/deletion", Admin),
    Page("/settings/resources", Admin),
    Page("/settings/resources/new", Admin),
    Page("/settings/resources/export", Admin),
    Page("/settings/resources/import", Admin),
    Page("/settings/resources/reset", Admin),
    Page("/settings/resources/{id}", Admin),
    Page("/settings/resources/{id}/deletion", Admin),
    Page("/settings/mcp-servers", Admin),
    Page("/settings/mcp-servers/new", Admin),
    Page("/settings/mcp-servers/{id}", Admin),
    Page("/settings/mcp-servers/{id}/removal", Admin),
    Page("/settings/members", Admin),
    Page("/settings/members/invitations", Admin),
    Page("/settings/members/invitations/{id}/revocation", Admin),
    Page("/settings/members/{id}", Admin),
    Page("/settings/members/{id}/reactivation", Admin),
    Page("/settings/members/{id}/deactivation", Admin),
    Page("/settings/members/{id}/removal", Admin),
    Page("/settings/members/{id}/handover", Admin),
    Page("/settings/members/{id}/nonsense", Nobody),
    Page("/settings/groups", Admin),
    Page("/settings/groups/new", Admin),
    Page("/settings/groups/{id}", Admin),
    Page("/settings/groups/{id}/edit", Admin),
    Page("/settings/groups/{id}/deletion", Admin),
    Page("/settings/audit-log", Admin),
];

/// Where it is sent, on which page it stands, who may send it, and what is filled in.
struct Form(
    &'static str,
    &'static str,
    Who,
    &'static [(&'static str, &'static str)],
);

/// Such a form is on its own page.
const fn asked(path: &'static str, who: Who) -> Form {
    Form(path, path, who, &[])
}

const FORMS: &[Form] = &[
    Form(
        "/setup",
        "/setup",
        Everyone,
        &[
            ("organization", "Contoso"),
            ("name", "Eve"),
            ("email", "eve@contoso.example"),
            ("password", PASSWORD),
        ],
    ),
    Form(
        "/sign-in",
        "/sign-in",
        Everyone,
        &[("email", ADA), ("password", PASSWORD)],
    ),
    Form("/sign-out", "/profile", Everyone, &[]),
    Form(
        "/invitations/{code}",
        "/invitations/{code}",
        Everyone,
        &[("password", PASSWORD)],
    ),
    Form("/organization", "/profile", Member, &[]),
    Form("/profile/other-sessions", "/profile", Member, &[]),
    Form(
        "/profile/password",
        "/profile/password",
        Member,
        &[("present", PASSWORD), ("password", PASSWORD)],
    ),
    Form(
        "/profile/mcp-tokens",
        "/profile",
        Member,
        &[("name", "New")],
    ),
    Form(
        "/profile/mcp-tokens/{id}/name",
        "/profile/mcp-tokens/{id}/name",
        Member,
        &[("name", "Edited")],
    ),
    asked("/profile/mcp-tokens/{id}/rotation", Member),
    asked("/profile/mcp-tokens/{id}/overlap-end", Member),
    asked("/profile/mcp-tokens/{id}/disabling", Member),
    asked("/profile/mcp-tokens/{id}/enabling", Member),
    asked("/profile/mcp-tokens/{id}/revocation", Member),
    Form(
        "/profile/mcp-tokens/{id}/deletion",
        "/profile/mcp-tokens/{id}/revocation",
        Nobody,
        &[],
    ),
    Form(
        "/profile/mcp-tokens/{id}/nonsense",
        "/profile/mcp-tokens/{id}/revocation",
        Nobody,
        &[],
    ),
    Form(
        "/settings/api-access",
        "/settings/api-access/new",
        Admin,
        &[("name", "New"), ("access_level", "scim")],
    ),
    Form(
        "/settings/api-access/{id}",
        "/settings/api-access/{id}/edit",
        Admin,
        &[("name", "Edited")],
    ),
    asked("/settings/api-access/{id}/rotation", Admin),
    asked("/settings/api-access/{id}/overlap-end", Admin),
    asked("/settings/api-access/{id}/disabling", Admin),
    asked("/settings/api-access/{id}/enabling", Admin),
    asked("/settings/api-access/{id}/revocation", Admin),
    asked("/settings/api-access/{id}/deletion", Admin),
    Form(
        "/settings/api-access/{id}/nonsense",
        "/settings/api-access/{id}/revocation",
        Nobody,
        &[],
    ),
    asked("/settings/mcp-tokens/{id}/revocation", Admin),
    Form(
        "/settings/products",
        "/settings/products/new",
        Admin,
        &[("name", "New"), ("key", "new")],
    ),
    Form(
        "/settings/products/{id}",
        "/settings/products/{id}",
        Admin,
        &[("name", "Edited")],
    ),
    asked("/settings/products/{id}/deletion", Admin),
    Form(
        "/settings/resources",
        "/settings/resources/new",
        Admin,
        &[
            ("name", "New"),
            ("path", "/new"),
            ("operation_name", "read"),
            ("operation_methods", "GET"),
            ("operation_place", "anywhere"),
            ("operation_scope", "render"),
        ],
    ),
    Form(
        "/settings/resources/{id}",
        "/settings/resources/{id}",
        Admin,
        &[("name", "Edited")],
    ),
    asked("/settings/resources/{id}/deletion", Admin),
    Form(
        "/settings/resources/import",
        "/settings/resources/import",
        Admin,
        &[(
            "toml",
            "[[resource]]\nname = \"New\"\npath = \"/new\"\noperations = [{ name = \"read\", methods = [\"GET\"], scope = \"render\" }]",
        )],
    ),
    asked("/settings/resources/reset", Admin),
    Form(
        "/settings/mcp-servers",
        "/settings/mcp-servers/new",
        Admin,
        &[("name", "new"), ("url", "https://new.example/")],
    ),
    Form(
        "/settings/mcp-servers/{id}",
        "/settings/mcp-servers/{id}",
        Admin,
        &[("name", "edited")],
    ),
    asked("/settings/mcp-servers/{id}/removal", Admin),
    Form(
        "/settings/members/invitations",
        "/settings/members/invitations",
        Admin,
        &[("email", "new@northwind.example"), ("name", "New")],
    ),
    asked("/settings/members/invitations/{id}/revocation", Admin),
    Form(
        "/settings/members/{id}/role",
        "/settings/members/{id}",
        Admin,
        &[("role", "member")],
    ),
    asked("/settings/members/{id}/reactivation", Admin),
    asked("/settings/members/{id}/deactivation", Admin),
    asked("/settings/members/{id}/removal", Admin),
    Form(
        "/settings/members/{id}/handover",
        "/settings/members/{id}/handover",
        Admin,
        &[("fate", "revoke")],
    ),
    Form(
        "/settings/members/{id}/nonsense",
        "/settings/members/{id}/removal",
        Nobody,
        &[],
    ),
    Form(
        "/settings/groups",
        "/settings/groups/new",
        Admin,
        &[("name", "New")],
    ),
    Form(
        "/settings/groups/{id}",
        "/settings/groups/{id}/edit",
        Admin,
        &[("name", "Edited")],
    ),
    Form(
        "/settings/groups/{id}/members",
        "/settings/groups/{id}",
        Admin,
        &[("emails", ADA)],
    ),
    Form(
        "/settings/groups/{id}/members/{user}/removal",
        "/settings/groups/{id}",
        Admin,
        &[],
    ),
    asked("/settings/groups/{id}/deletion", Admin),
];

/// What has the place of a name in a route of which there are only some.
pub fn chosen(route: &str) -> Vec<String> {
    let transitions = Transition::ALL.iter().map(|it| it.as_str());
    let exits = Exit::ALL.iter().map(|it| it.as_str());
    let (name, choices): (_, Vec<&str>) = if route.ends_with("{transition}") {
        ("{transition}", transitions.chain(["nonsense"]).collect())
    } else if route.ends_with("{exit}") {
        ("{exit}", exits.chain(["nonsense"]).collect())
    } else {
        return vec![route.to_owned()];
    };
    choices.iter().map(|it| route.replace(name, it)).collect()
}

/// Method and path of each, as mounted, and chosen.
pub fn routes() -> impl Iterator<Item = String> {
    let pages = PAGES.iter().map(|page| format!("GET {}", page.0));
    pages.chain(FORMS.iter().map(|form| format!("POST {}", form.0)))
}

impl Who {
    /// What a mere member is answered, who may not.
    fn of_a_member(self, route: &str, is_one: bool) -> u16 {
        match self {
            Admin | Nobody if route.starts_with("/settings") => 403,
            _ if is_one => 404,
            _ => 200,
        }
    }
}

type Fields = Vec<(String, String)>;

const SAME: &str = "same-origin";

/// Who sends which fields from what site, and the status and the words that they get.
struct Refusal<'a>(&'a Browser, Fields, &'static str, u16, &'static str);

/// The fields with another value in this one.
fn replaced(fields: &Fields, name: &str, value: &str) -> Fields {
    let mut fields = fields.clone();
    for (_, old) in fields.iter_mut().filter(|(other, _)| other == name) {
        value.clone_into(old);
    }
    fields
}

fn borrowed(fields: &Fields) -> impl Iterator<Item = (&str, &str)> {
    fields.iter().map(|(name, value)| (&**name, &**value))
}

impl Form {
    /// As somebody sends it who found it on a page.
    async fn filled(&self, app: &App, browser: &Browser, action: &str, page: &str) -> Fields {
        let Self(route, _, who, typed) = self;
        let shown = browser.visit(page).await;
        assert_eq!(shown.status, 200, "{page}: {}", shown.text());
        let is_there = *who != Nobody;
        let mut form = shown.form(if is_there { action } else { page });
        for (name, value) in *typed {
            form = form.fill(name, value);
        }
        match *route {
            "/setup" => form = form.fill("code", &app.setup_code().await),
            "/organization" => {
                let other = "SELECT id::text FROM organizations WHERE name = 'Tailspin'";
                form = form.fill("organization", app.sql(other).await[0].get(0));
            }
            _ => {}
        }
        form.into_fields()
    }

    /// In which ways it is refused that Ada could send so.
    async fn refusals<'a>(
        &self,
        world: &'a World,
        ada: &'a Browser,
        fields: &Fields,
        has_thing: bool,
    ) -> Vec<Refusal<'a>> {
        let Self(route, _, who, _) = self;
        let forged = "form is out of date";
        let with_csrf = |csrf: &str| replaced(fields, "csrf", csrf);
        let foreign = with_csrf(&world.nobody.visit("/sign-in").await.csrf());
        let mut refusals = vec![
            Refusal(ada, with_csrf(""), SAME, 403, forged),
            Refusal(ada, foreign, SAME, 403, forged),
            Refusal(ada, fields.clone(), "cross-site", 403, forged),
            Refusal(ada, fields.clone(), "same-site", 403, forged),
        ];
        if *who == Everyone {
            return refusals;
        }
        for nobody in [&world.nobody, &world.dan] {
            let own = with_csrf(&nobody.visit("/sign-in").await.csrf());
            refusals.push(Refusal(
                nobody,
                own,
                SAME,
                401,
                "Nothing was changed. Sign in",
            ));
        }
        let is_switch = *route == "/organization";
        let is_one = has_thing || is_switch;
        let mei = &world.mei;
        let of_mei = with_csrf(&mei.visit("/profile").await.csrf());
        match who.of_a_member(route, is_one) {
            200 => {}
            status => refusals.push(Refusal(mei, of_mei, SAME, status, "")),
        }
        for other in [&world.eve, &world.tess] {
            let mut of_other = with_csrf(&other.visit("/profile").await.csrf());
            // Here it is not the organisation that the page was seen in.
            if !is_switch && fields.iter().any(|(name, _)| name == "organization") {
                let (status, says) = match who {
                    Nobody => (404, "Not found"),
                    _ => (409, "another organisation"),
                };
                refusals.push(Refusal(other, of_other.clone(), SAME, status, says));
                of_other = replaced(&of_other, "organization", &world.contoso.to_string());
            }
            if is_one {
                refusals.push(Refusal(other, of_other, SAME, 404, "Not found"));
            }
        }
        refusals
    }
}

/// The ID, or the code, of something new of Northwind's for the route.
async fn thing(app: &App, method: &str, path: &str, name: &str) -> String {
    if path.ends_with("{code}") {
        return invitation_code(app, name).await;
    }
    if !path.contains("{id}") {
        return String::new();
    }
    let kind = match path.split('/').nth(2).unwrap() {
        "members" if path.contains("/invitations/") => "invitations",
        "mcp-tokens" => "me",
        kind => kind,
    };
    things::make(app, app.organization, kind, (method, path), name).await
}

async fn invitation_code(app: &App, name: &str) -> String {
    let guest = InvitationDraft {
        email: Field::new(format!("{name}@new.example")),
        name: Field::new(name),
        ..InvitationDraft::default()
    };
    let guest = guest.parse().unwrap();
    let connection = &mut *app.database().get().await.unwrap();
    let actor = Actor::command_line(app.organization);
    let invited = invitations::invite(connection, &actor, &guest, Renewal::Any, app.now()).await;
    let link = invited.unwrap().link(&app.state.config.public_url);
    link.reveal().rsplit('/').next().unwrap().to_owned()
}

/// The path with the thing's ID in it.
fn at(path: &str, thing: &str) -> String {
    let (id, user) = thing.split_once('/').unwrap_or((thing, ""));
    path.replace("{id}", id)
        .replace("{code}", id)
        .replace("{user}", user)
}

/// Northwind, where Ada is administrator and Mei a member, and Contoso.
struct World {
    app: App,
    contoso: OrganizationId,
    nobody: Browser,
    mei: Browser,
    /// An administrator of Northwind until she was deactivated.
    dan: Browser,
    /// An administrator of Contoso.
    eve: Browser,
    /// Another, whom a provider made one of Northwind, too, which she never joined.
    tess: Browser,
}

impl World {
    async fn new() -> Self {
        let app = App::start().await;
        let contoso = app.another_organization("Contoso").await;
        let tailspin = app.another_organization("Tailspin").await;
        app.add_member(contoso, "eve@contoso.example", Role::Admin)
            .await;
        app.add_member(app.organization, "mei@northwind.example", Role::Member)
            .await;
        let dan = an_admin(&app, "dan@northwind.example").await;
        let deactivate = "UPDATE memberships SET deactivated_at = now() FROM users \
                          WHERE users.id = user_id AND email LIKE 'dan@%'";
        app.sql(deactivate).await;
        dan.visit("/").await;
        app.add_member(contoso, "tess@contoso.example", Role::Admin)
            .await;
        let tess = an_admin(&app, "tess@contoso.example").await;
        let unjoin = "UPDATE memberships SET has_joined = false FROM users, organizations \
                      WHERE users.id = user_id AND users.email LIKE 'tess@%' \
                          AND organizations.id = organization_id AND organizations.name = 'Northwind'";
        app.sql(unjoin).await;
        tess.visit("/").await;
        things::load_catalogue(&app, contoso).await;
        // So that there is another organisation to switch to.
        app.add_member(tailspin, ADA, Role::Admin).await;
        Self {
            contoso,
            nobody: app.browser(),
            mei: app.signed_in("mei@northwind.example").await,
            dan,
            tess,
            eve: app.signed_in("eve@contoso.example").await,
            app,
        }
    }
}

/// Somebody who is signed in as one of Northwind's.
async fn an_admin(app: &App, email: &str) -> Browser {
    app.add_member(app.organization, email, Role::Admin).await;
    app.signed_in(email).await
}

/// Whether the page about such a thing says what it is called.
fn is_named(route: &str) -> bool {
    let nameless = ["/settings/resources/", "/settings/members/{id}"];
    route.contains(['{', '}'])
        && !route.ends_with("/connection")
        && (!nameless.iter().any(|start| route.starts_with(start)) || route.ends_with("/handover"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_shown_to_whoever_may_see_it_and_to_nobody_else() {
    let world = World::new().await;
    let (app, ada) = (&world.app, world.app.ada().await);
    for (number, Page(route, who)) in PAGES.iter().enumerate() {
        let name = format!("northwinds-{number}");
        let path = at(route, &thing(app, "GET", route, &name).await);
        let shown = async |browser: &Browser, status: u16| {
            let page = browser.visit(&path).await;
            assert_eq!(page.status, status, "{route}: {}", page.text());
            page
        };
        let untold = async |browser: &Browser, status: u16| {
            let page = shown(browser, status).await;
            assert!(!page.html.contains("northwinds-"), "{route}");
            page
        };
        let is_one = path != *route;
        if *who == Everyone {
            for browser in [&world.nobody, &world.mei, &world.eve] {
                shown(browser, 200).await;
            }
        } else {
            for nobody in [&world.nobody, &world.dan] {
                let page = untold(nobody, 200).await;
                assert!(page.path.starts_with("/sign-in"), "{route}: {}", page.path);
            }
            untold(&world.mei, who.of_a_member(route, is_one)).await;
            for other in [&world.eve, &world.tess] {
                untold(other, if is_one { 404 } else { 200 }).await;
            }
        }
        let page = shown(&ada, if *who == Nobody { 404 } else { 200 }).await;
        let is_told = *who != Nobody && is_named(route);
        assert_eq!(page.html.contains(&name), is_told, "{route}");
    }
}

/// Where to sign in, to come back to the page.
fn sign_in(page: &str) -> String {
    let next: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
    format!("/sign-in?next={next}")
}

/// What is refused to the others is what is accepted of Ada in the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_changes_something_for_whoever_may_send_it_and_for_nobody_else() {
    let world = World::new().await;
    let empty = App::start_empty(&[]).await;
    for (number, form) in FORMS.iter().enumerate() {
        let Form(route, page, who, _) = form;
        let (app, ada) = match *route {
            "/setup" => (&empty, empty.browser()),
            _ => (&world.app, world.app.ada().await),
        };
        let thing = thing(app, "POST", route, &format!("northwinds-{number}")).await;
        let (action, page) = (at(route, &thing), at(page, &thing));
        let fields = form.filled(app, &ada, &action, &page).await;
        let before = app.contents().await;
        for refusal in form
            .refusals(&world, &ada, &fields, !thing.is_empty())
            .await
        {
            let Refusal(browser, fields, site, status, says) = refusal;
            let headers = [("sec-fetch-site", site)];
            let fields: Vec<_> = borrowed(&fields).collect();
            let answer = browser.post_with(&action, &fields, &headers).await;
            let told = answer.text();
            assert_eq!(answer.status, status, "{route} {fields:?} {site}: {told}");
            assert!(told.contains(says), "{route} {fields:?} {site}: {told}");
            // Nobody is led on.
            assert_eq!(answer.path, action, "{route} {fields:?} {site}");
            if status == 401 && *who != Nobody {
                let page = if *route == "/organization" {
                    "/"
                } else {
                    &page
                };
                assert_eq!(answer.attributes("a.button", "href"), [sign_in(page)]);
            }
        }
        assert_eq!(app.contents().await, before, "{route}");
        let fields: Vec<_> = borrowed(&fields).collect();
        let site = [("sec-fetch-site", SAME)];
        let answer = ada.post_with(&action, &fields, &site).await;
        let (is_there, told) = (*who != Nobody, answer.text());
        let status = if is_there { 200 } else { 404 };
        assert_eq!(answer.status, status, "{route}: {told}");
        let is_changed = app.contents().await != before;
        assert_eq!(is_changed, is_there, "{route}: {told}");
    }
}
