//! Inviting, and joining with or without an account.

use chrono::TimeDelta;
use tokendesk::access::{OrganizationId, Role};
use tokendesk::identity::queries::{self, Account};
use tokendesk::secret::Digest;

use crate::support::app::{ADA, PASSWORD};
use crate::support::{App, Browser, View};

const ADDRESS: &str = "/settings/members/invitations";
pub const MEI: &str = "mei@northwind.example";

pub async fn invite(ada: &Browser, email: &str, role: &str) -> View {
    let page = ada.visit(ADDRESS).await;
    page.form(ADDRESS)
        .fill("email", email)
        .fill("name", "Mei Tanaka")
        .fill("role", role)
        .submit()
        .await
}

/// The same for somebody who has a link, which a new one is to replace.
pub async fn invite_again(ada: &Browser, email: &str, role: &str) -> View {
    let page = invite(ada, email, role).await;
    let pending = page.attributes("[name=renews]", "value").remove(0);
    page.form(ADDRESS).fill("renews", &pending).submit().await
}

/// The path of the link that is shown.
pub fn path(app: &App, page: &View) -> String {
    let link = page.attributes("#link", "value").remove(0);
    link.strip_prefix(&app.url).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_is_shown_once_and_makes_a_member() {
    let app = App::start().await;
    let ada = app.ada().await;
    let page = invite(&ada, "Mei@Northwind.example", "admin").await;
    assert_eq!(page.status, 200);
    assert!(page.says("until 29 Nov 2026, 14:00 UTC"), "{}", page.text());
    assert!(page.says("makes whoever opens it an administrator"));
    let link = path(&app, &page);
    let code = link.strip_prefix("/invitations/").unwrap();
    let list = ada.visit("/settings/members").await;
    assert!(list.says("Pending invitations") && list.says(MEI));
    assert!(!list.html.contains(code));
    let dump = "SELECT string_agg(t, ' ') FROM (SELECT invitations::text AS t FROM invitations
        UNION ALL SELECT journal::text FROM journal
        UNION ALL SELECT sessions::text FROM sessions) AS rows";
    assert!(!app.sql(dump).await[0].get::<_, String>(0).contains(code));
    let digest = app.sql("SELECT digest FROM invitations").await;
    assert_eq!(digest[0].get::<_, Vec<u8>>(0), Digest::of(code).as_bytes());

    let mei = app.browser();
    let joined = mei.visit(&link).await;
    let joined = joined.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.path, "/settings/api-access", "{}", joined.text());
    let used = app.browser().visit(&link).await;
    assert_eq!(used.status, 404);
    assert!(
        used.says("This link does not work any more"),
        "{}",
        used.text()
    );
    assert_eq!(used.follow("Sign in").await.path, "/sign-in");
    let list = ada.visit("/settings/members").await;
    assert!(!list.says("Pending invitations"));
    assert!(list.says("Mei Tanaka") && list.says("just now"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_invited_again_joins_by_the_new_link_alone() {
    let app = App::start().await;
    let ada = app.ada().await;
    let lost = path(&app, &invite(&ada, MEI, "admin").await);
    let shown = invite_again(&ada, MEI, "member").await;
    assert!(
        shown.says("makes whoever opens it a member"),
        "{}",
        shown.text()
    );
    let link = path(&app, &shown);
    assert_eq!(app.browser().visit(&lost).await.status, 404);
    let page = app.browser().visit(&link).await;
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.path, "/profile", "{}", joined.text());
    let told = "SELECT count(*) FROM journal WHERE action = 'member.invitation_revoked'";
    assert_eq!(app.count(told).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_twice_ends_no_link() {
    let app = App::start().await;
    let ada = app.ada().await;
    let form = ada.visit(ADDRESS).await.form(ADDRESS);
    let form = form.fill("email", MEI).fill("name", "Mei Tanaka");
    let form = form.fill("role", "admin").into_fields();
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, of)| (&**name, &**of)).collect();
    let link = path(&app, &ada.post(ADDRESS, &fields).await);
    let reloaded = ada.post(ADDRESS, &fields).await;
    assert_eq!(reloaded.status, 422);
    assert!(
        reloaded.says("This email has a pending invitation."),
        "{}",
        reloaded.text()
    );
    assert_eq!(reloaded.attributes("#email", "value"), [MEI]);
    assert_eq!(reloaded.attributes("#name", "value"), ["Mei Tanaka"]);
    assert_eq!(
        reloaded.attributes("[name=role][checked]", "value"),
        ["admin"]
    );
    assert!(!reloaded.has("[name=renews][checked]"));
    assert_eq!(app.browser().visit(&link).await.status, 200);

    // Neither does one that replaced a link on purpose.
    let pending = reloaded.attributes("[name=renews]", "value").remove(0);
    let fields = [&fields[..], &[("renews", &*pending)]].concat();
    let link = path(&app, &ada.post(ADDRESS, &fields).await);
    assert_eq!(ada.post(ADDRESS, &fields).await.status, 422);
    assert_eq!(app.browser().visit(&link).await.status, 200);
    assert_eq!(app.count("SELECT count(*) FROM invitations").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_link_leads_nowhere() {
    let app = App::start().await;
    let ada = app.ada().await;
    let link = path(&app, &invite(&ada, MEI, "member").await);
    let list = ada.visit("/settings/members").await;
    let question = list.follow("Revoke the invitation of Mei Tanaka").await;
    let address = question.path.clone();
    let done = question.form(&address).submit().await;
    assert!(done.says("The invitation of mei@northwind.example is revoked."));
    assert_eq!(app.browser().visit(&link).await.status, 404);
    let again = question.form(&address).submit().await;
    assert_eq!(again.status, 404, "there is none any more");
    let told = "SELECT count(*) FROM journal WHERE action = 'member.invitation_revoked'";
    assert_eq!(app.count(told).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_has_expired_is_not_listed() {
    let app = App::start().await;
    let link = path(&app, &invite(&app.ada().await, MEI, "member").await);
    app.state.clock.advance(TimeDelta::days(7));
    assert_eq!(app.browser().visit(&link).await.status, 404);
    let list = app.ada().await.visit("/settings/members").await;
    assert!(!list.says("Pending invitations"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_invitation_is_said_and_what_was_typed_stays() {
    let app = App::start().await;
    let ada = app.ada().await;
    for (email, role, why) in [
        ("mei", "member", "Enter an email address"),
        (
            ADA,
            "member",
            "Somebody with this email is a member already.",
        ),
        (MEI, "owner", "Choose a role."),
    ] {
        let page = invite(&ada, email, role).await;
        assert_eq!(page.status, 422, "{email}");
        assert!(page.says(why), "{why}: {}", page.text());
        assert_eq!(page.attributes("#email", "value"), [email]);
        assert_eq!(page.attributes("#name", "value"), ["Mei Tanaka"]);
    }
    assert_eq!(app.count("SELECT count(*) FROM invitations").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_another_organization_joins_with_its_own_password() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    let eve = "eve@contoso.example";
    app.add_member(other, eve, Role::Member).await;
    let link = path(&app, &invite(&app.ada().await, eve, "member").await);
    let browser = app.browser();
    let page = browser.visit(&link).await;
    assert!(page.says("Of the account that this email has already."));
    assert!(!page.has("#name"));
    let wrong = page.form(&link).fill("password", "wrong").submit().await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.says("This is not the account’s password."));
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.path, "/profile");
    assert!(joined.says("Organisation Northwind"), "{}", joined.text());
    let both = "SELECT count(*) FROM memberships, users
        WHERE users.id = user_id AND email LIKE 'eve%'";
    assert_eq!(app.count(both).await, 2);
    assert_eq!(app.browser().visit(&link).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_removed_can_be_invited_again() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let ada = app.ada().await;
    let removal = format!("/settings/members/{}/removal", app.user(MEI).await);
    let removed = ada.visit(&removal).await.form(&removal).submit().await;
    assert_eq!(removed.status, 200);
    let link = path(&app, &invite(&ada, MEI, "member").await);
    let page = app.browser().visit(&link).await;
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.path, "/profile", "{}", joined.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_makes_no_way_around_the_delays_for_guesses() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    let eve = "eve@contoso.example";
    app.add_member(other, eve, Role::Member).await;
    let link = path(&app, &invite(&app.ada().await, eve, "member").await);
    let page = app.browser().visit(&link).await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        let guess = page.form(&link).fill("password", "wrong").submit().await;
        statuses.push(guess.status);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
}

/// As an identity provider would: without a password; a day before all that happens here.
async fn provision(app: &App, organization: OrganizationId, email: &str) {
    app.sql(&format!(
        "INSERT INTO users (id, email, name, created_at)
         VALUES (gen_random_uuid(), '{email}', 'Kai Provisioned', now())
         ON CONFLICT DO NOTHING"
    ))
    .await;
    app.sql(&format!(
        "INSERT INTO memberships (organization_id, user_id, role, created_at)
         SELECT '{organization}', id, 'member', '2026-11-21' FROM users WHERE email = '{email}'"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_provisioned_chooses_a_password_by_the_link() {
    let app = App::start().await;
    let kai = "kai@northwind.example";
    provision(&app, app.organization, kai).await;
    let ada = app.ada().await;
    let link = path(&app, &invite(&ada, kai, "admin").await);
    let browser = app.browser();
    let page = browser.visit(&link).await;
    assert!(!page.has("#name"));
    let weak = page.form(&link).fill("password", "short").submit().await;
    assert_eq!(weak.status, 422);
    let forms = [
        app.browser().visit(&link).await,
        app.browser().visit(&link).await,
    ]
    .map(|page| page.form(&link).fill("password", PASSWORD));
    let both = forms.map(|form| tokio::spawn(async move { form.submit().await.status }));
    let mut answers = Vec::new();
    for answer in both {
        answers.push(answer.await.unwrap());
    }
    answers.sort_unstable();
    // The other finds it used, or nothing any more.
    assert_eq!(answers[0], 200, "one of two at once");
    assert!([404, 409].contains(&answers[1]), "{answers:?}");
    let profile = app.signed_in(kai).await.visit("/profile").await;
    assert!(
        profile.says("Kai Provisioned") && profile.says("Role Administrator"),
        "{}",
        profile.text()
    );
    let again = invite(&ada, kai, "member").await;
    assert_eq!(again.status, 422, "there is nothing left to invite to");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_link_of_one_organization_gives_a_password_to_a_member_of_another() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    let kai = "kai@contoso.example";
    provision(&app, other, kai).await;
    let link = path(&app, &invite(&app.ada().await, kai, "member").await);
    let page = app.browser().visit(&link).await;
    assert!(page.says("Of the account that this email has already."));
    let refused = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(refused.status, 422);
    let claimed =
        "SELECT count(*) FROM users WHERE email LIKE 'kai%' AND password_hash IS NOT NULL";
    assert_eq!(app.count(claimed).await, 0);
    // It was opened while the account was in no other organisation.
    app.sql("DELETE FROM memberships USING users WHERE users.id = user_id AND email LIKE 'kai%'")
        .await;
    let page = app.browser().visit(&link).await;
    provision(&app, other, kai).await;
    let refused = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(refused.status, 422);
    assert_eq!(app.count(claimed).await, 0);
    // Nobody's any more.
    app.sql("DELETE FROM memberships USING users WHERE users.id = user_id AND email LIKE 'kai%'")
        .await;
    let page = app.browser().visit(&link).await;
    let joined = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(joined.path, "/profile");
    assert!(joined.says("Organisation Northwind"), "{}", joined.text());
}

/// What the page was shown for may be over when the form arrives.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_becomes_somebodys_meanwhile_is_not_claimed() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    let kai = "kai@northwind.example";
    provision(&app, app.organization, kai).await;
    let link = path(&app, &invite(&app.ada().await, kai, "member").await);
    let code = Digest::of(link.strip_prefix("/invitations/").unwrap());
    let connection = &mut *app.database().get().await.unwrap();
    let shown = queries::invitation(connection, &code, app.now())
        .await
        .unwrap();
    let Account::Unclaimed(user) = shown.account else {
        panic!("{shown:?}");
    };
    provision(&app, other, kai).await;
    let claimed = queries::claim(connection, &shown, user, "hash".into(), app.now()).await;
    assert!(!claimed.unwrap());
    app.sql("UPDATE users SET password_hash = 'own' WHERE email LIKE 'kai%'")
        .await;
    app.sql(&format!(
        "DELETE FROM memberships WHERE organization_id = '{other}'"
    ))
    .await;
    let claimed = queries::claim(connection, &shown, user, "hash".into(), app.now()).await;
    assert!(!claimed.unwrap());
    let untouched = "SELECT count(*) FROM users, invitations WHERE users.email LIKE 'kai%'
        AND password_hash = 'own' AND accepted_at IS NULL";
    assert_eq!(app.count(untouched).await, 1);
}

/// Who invites somebody unknown does not answer for whom a provider makes of them later.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_from_before_they_were_provisioned_gives_no_password() {
    let app = App::start().await;
    let kai = "kai@northwind.example";
    let link = path(&app, &invite(&app.ada().await, kai, "member").await);
    let page = app.browser().visit(&link).await;
    assert!(page.has("#name"));
    provision(&app, app.organization, kai).await;
    app.sql("UPDATE memberships SET created_at = '2027-01-01' FROM users WHERE users.id = user_id AND email LIKE 'kai%'")
        .await;
    let refused = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.says("Of the account that this email has already."));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_deactivated_gets_no_password() {
    let app = App::start().await;
    let kai = "kai@northwind.example";
    provision(&app, app.organization, kai).await;
    let ada = app.ada().await;
    let link = path(&app, &invite(&ada, kai, "member").await);
    app.sql("UPDATE memberships SET deactivated_at = now() FROM users WHERE users.id = user_id AND email LIKE 'kai%'")
        .await;
    let page = app.browser().visit(&link).await;
    let refused = page.form(&link).fill("password", PASSWORD).submit().await;
    assert_eq!(refused.status, 409);
    assert_eq!(invite(&ada, kai, "member").await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_invitations_wait_all_are_listed() {
    let app = App::start().await;
    let organization = app.organization;
    let insert = format!(
        "INSERT INTO invitations (id, digest, organization_id, email, name, role, created_at, expires_at)
         SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, sha256(n::text::bytea),
             '{organization}', 'guest' || n || '@new.example', 'Guest No' || n, 'member', now(),
             '2030-01-01Z'
         FROM generate_series(1, 260) AS n"
    );
    app.sql(&insert).await;
    let ada = app.ada().await;
    // Whoever looks for members finds them, and not invitations first.
    for query in ["q=lovell", "view=administrators"] {
        let found = ada.visit(&format!("/settings/members?{query}")).await;
        assert!(found.says("Ada Lovell") && !found.says("Pending invitations"));
    }
    let mut page = ada.visit("/settings/members").await;
    let mut found = Vec::new();
    loop {
        assert!(page.says(ADA) && page.says("Ada Lovell"), "{}", page.text());
        let text = page.text();
        let words = text
            .split_whitespace()
            .filter_map(|it| it.strip_prefix("No"));
        let numbers: Vec<u32> = words.filter_map(|number| number.parse().ok()).collect();
        assert!(!numbers.is_empty() && numbers.len() <= 50, "{numbers:?}");
        found.extend(numbers);
        if !page.has("nav[aria-label='Pages of invitations'] a[rel=next]") {
            break;
        }
        page = page.follow("Next").await;
    }
    found.dedup();
    assert_eq!(found, (1..=260).rev().collect::<Vec<_>>());
    let back = page.follow("Previous").await;
    assert!(back.says("guest26@new.example"), "{}", back.text());
}
