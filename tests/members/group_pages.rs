//! *Settings > Groups*.

use tokendesk::access::Role;
use tokendesk::members::groups::queries::{self, NewGroup};
use tokendesk::members::groups::{GroupName, Keeper};

use crate::support::app::ADA;
use crate::support::{App, Browser, View};

const MEI: &str = "mei@northwind.example";

async fn create(ada: &Browser, name: &str) -> View {
    let page = ada.visit("/settings/groups/new").await;
    let form = page.form("/settings/groups").fill("name", name);
    form.submit().await
}

async fn add(ada: &Browser, group: &str, emails: &str) -> View {
    let page = ada.visit(group).await;
    let form = page.form(&format!("{group}/members"));
    form.fill("emails", emails).submit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_created_filled_renamed_and_deleted() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let ada = app.ada().await;
    assert!(ada.visit("/settings/groups").await.says("No groups yet"));
    let page = create(&ada, "Owners").await;
    let path = page.path.clone();
    assert!(page.says("“Owners” is created.") && page.says("Nobody is in this group"));
    let page = add(&ada, &path, &format!("{ADA}, {}", MEI.to_uppercase())).await;
    assert!(page.says("2 members added."), "{}", page.text());
    assert_eq!(
        page.texts("tbody .table__name"),
        ["Ada Lovell", "Some Member"]
    );

    let edit = ada.visit(&format!("{path}/edit")).await;
    let form = edit.form(&path).fill("name", "Leads");
    let saved = form.fill("administrators", "on").submit().await;
    assert!(saved.says("“Leads” is saved.") && saved.says("administrators"));
    let list = ada.visit("/settings/members").await.texts("tbody tr");
    assert!(list[1].contains("Administrator by a group"), "{list:#?}");
    let mei = app.signed_in(MEI).await;
    assert_eq!(mei.visit("/settings/groups").await.status, 200);

    let removal = format!("{path}/members/{}/removal", app.user(MEI).await);
    let page = ada.visit(&path).await.form(&removal).submit().await;
    assert!(page.says("“Some Member” is no member of “Leads” any more."));
    assert_eq!(mei.visit("/settings/groups").await.status, 403);
    let deletion = format!("{path}/deletion");
    let done = ada.visit(&deletion).await.form(&deletion).submit().await;
    assert!(done.says("“Leads” is deleted.") && done.says("No groups yet"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_group_makes_of_its_members_is_told_when_it_changes() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let ada = app.ada().await;
    let path = create(&ada, "Finance").await.path;
    let organization = app.organization.to_string();
    let save = async |administrators: Option<&str>| {
        let edit = ada.visit(&format!("{path}/edit")).await;
        let form = edit.form(&path);
        let mut fields = vec![("organization", &*organization), ("name", "Finance")];
        fields.extend(["csrf", "version"].map(|name| (name, form.value(name))));
        fields.extend(administrators.map(|on| ("administrators", on)));
        ada.post(&path, &fields).await.texts(".notice").remove(0)
    };
    let told = async |emails: &str| {
        add(&ada, &path, emails).await;
        [
            save(Some("on")).await,
            save(Some("on")).await,
            save(None).await,
        ]
    };
    let saved = |rest: &str| format!("“Finance” is saved.{rest}");
    for (emails, news) in [
        ("", "its members administrators"),
        (MEI, "its 1 member an administrator"),
        (ADA, "its 2 members administrators"),
    ] {
        let expected = [
            saved(&format!(" It makes {news} now.")),
            saved(""),
            saved(&format!(" It makes {news} no longer.")),
        ];
        assert_eq!(told(emails).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_and_what_was_typed_stays() {
    let app = App::start().await;
    let ada = app.ada().await;
    let path = create(&ada, "Owners").await.path;
    let again = create(&ada, "owners").await;
    assert_eq!(again.status, 422);
    assert!(again.says("Another group has this name."));
    assert_eq!(again.attributes("#name", "value"), ["owners"]);
    let typed = "ada@northwind.example, nobody@northwind.example";
    let again = add(&ada, &path, typed).await;
    assert_eq!(again.status, 422);
    assert!(again.says("nobody@northwind.example is not a member. Invite them first."));
    assert_eq!(again.texts("#emails"), [typed]);
    assert_eq!(app.count("SELECT count(*) FROM group_members").await, 0);
    let edit = ada.visit(&format!("{path}/edit")).await;
    add(&ada, &path, ADA).await;
    let late = edit.form(&path).fill("name", "Others").submit().await;
    assert_eq!(late.status, 422);
    assert!(late.says("Someone else changed this group"));
    let saved = late.form(&path).submit().await;
    assert!(saved.says("“Others” is saved."), "once it was seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_without_which_nobody_would_administer_stays() {
    let app = App::start().await;
    let ada = app.ada().await;
    let path = create(&ada, "Owners").await.path;
    add(&ada, &path, ADA).await;
    let edit = ada.visit(&format!("{path}/edit")).await;
    let form = edit.form(&path).fill("administrators", "on");
    assert_eq!(form.submit().await.status, 200);
    app.sql("UPDATE memberships SET role = 'member'").await;
    let why = "Nobody would be left to administer the organisation";
    let removal = format!("{path}/members/{}/removal", app.user(ADA).await);
    let deletion = format!("{path}/deletion");
    for (page, form) in [(&path, &removal), (&deletion, &deletion)] {
        let refused = ada.visit(page).await.form(form).submit().await;
        assert_eq!(refused.status, 409, "{form}");
        assert!(refused.says(why), "{form}");
    }
    let edit = ada.visit(&format!("{path}/edit")).await;
    let fields = [
        ("csrf", edit.form(&path).value("csrf").to_owned()),
        ("organization", app.organization.to_string()),
        ("name", "Owners".to_owned()),
        ("version", edit.form(&path).value("version").to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let refused = ada.post(&path, &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.says(why));
    assert_eq!(ada.visit("/settings/groups").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_group_is_marked_and_not_edited_by_hand() {
    let app = App::start().await;
    let group = {
        let connection = &mut *app.database().get().await.unwrap();
        let new = NewGroup {
            name: GroupName::parse("Engineering").unwrap(),
            role: None,
            external_id: Some("00g1emaKYZTWRYYRRTSK".to_owned()),
        };
        let (actor, now) = (app.actor(), app.now());
        let group = queries::create(connection, &actor, Keeper::Scim, &new, now)
            .await
            .unwrap();
        let ada = [app.user(ADA).await];
        queries::add_members(connection, &actor, Keeper::Scim, group.id, &ada, now)
            .await
            .unwrap();
        group
    };
    let (ada, path) = (app.ada().await, group.path());
    assert!(
        ada.visit("/settings/groups")
            .await
            .says("Engineering By SCIM")
    );
    let page = ada.visit(&path).await;
    assert!(page.says("managed by SCIM"));
    assert!(!page.has("#emails") && !page.has("tbody form"));
    let csrf = page.form("/sign-out").value("csrf").to_owned();
    let organization = app.organization.to_string();
    let user = app.user(ADA).await;
    let frame = [("csrf", &*csrf), ("organization", &*organization)];
    for (address, field) in [
        (format!("{path}/members"), ("emails", ADA)),
        (format!("{path}/members/{user}/removal"), ("", "")),
        (format!("{path}/deletion"), ("", "")),
        (path.clone(), ("name", "Renamed")),
    ] {
        let version = ("version", "2");
        let refused = ada
            .post(&address, &[&frame[..], &[field, version]].concat())
            .await;
        assert_eq!(refused.status, 409, "{address}");
        assert!(refused.says("identity provider manages this group"));
    }
    let edit = ada.visit(&format!("{path}/edit")).await;
    let saved = edit.form(&path).fill("administrators", "on").submit().await;
    assert!(saved.says("“Engineering” is saved."), "{}", saved.text());
}
