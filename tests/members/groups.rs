//! Groups.

use tokendesk::access::{Role, UserId};
use tokendesk::db::Pinned;
use tokendesk::members::groups::queries::{self, ChangeError, NewGroup};
use tokendesk::members::groups::{Group, GroupName, Keeper};
use tokendesk::web::Error;

use crate::support::App;
use crate::support::app::ADA;

const MEI: &str = "mei@northwind.example";

fn named(name: &str) -> NewGroup {
    NewGroup {
        name: GroupName::parse(name).unwrap(),
        role: None,
        external_id: None,
    }
}

async fn create(app: &App, keeper: Keeper, new: &NewGroup) -> Result<Group, ChangeError> {
    let connection = &mut *app.database().get().await.unwrap();
    queries::create(connection, &app.actor(), keeper, new, app.now()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_an_admin_group_administer() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let new = NewGroup {
        role: Some(Role::Admin),
        ..named("Owners")
    };
    let by_hand = Keeper::Administrators;
    let group = create(&app, by_hand, &new).await.unwrap();
    let browser = app.signed_in(MEI).await;
    assert_eq!(browser.visit("/settings/api-access").await.status, 403);
    let (actor, now) = (app.actor(), app.now());
    let mei = [app.user(MEI).await];
    let connection = &mut *app.database().get().await.unwrap();
    let added = queries::add_members(connection, &actor, by_hand, group.id, &mei, now).await;
    assert_eq!(added.unwrap(), 1);
    assert_eq!(browser.visit("/settings/api-access").await.status, 200);
    let (laptop, secret) = app.mcp_token(MEI, "Laptop").await;
    let credential = App::credential(&laptop, &secret);
    let bearer =
        tokendesk::access::Bearer::load(connection, mei[0], app.organization, credential).await;
    assert!(bearer.unwrap().admin().is_some());
    queries::remove_members(connection, &actor, by_hand, group.id, &mei, now)
        .await
        .unwrap();
    assert_eq!(browser.visit("/settings/api-access").await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_groups_name_and_members_are_scims() {
    let app = App::start().await;
    let group = create(&app, Keeper::Scim, &named("Engineering"))
        .await
        .unwrap();
    assert!(group.managed);
    let (actor, now) = (app.actor(), app.now());
    let ada = [app.user(ADA).await];
    let connection = &mut *app.database().get().await.unwrap();
    let name = GroupName::parse("Renamed").unwrap();
    for (keeper, allowed) in [(Keeper::Administrators, false), (Keeper::Scim, true)] {
        let outcomes = [
            queries::edit(
                connection,
                &actor,
                keeper,
                group.id,
                queries::Edit::both(&name, None),
                now,
            )
            .await
            .map(drop),
            queries::add_members(connection, &actor, keeper, group.id, &ada, now)
                .await
                .map(drop),
            queries::remove_members(connection, &actor, keeper, group.id, &ada, now)
                .await
                .map(drop),
            queries::set_members(connection, &actor, keeper, group.id, &ada, now)
                .await
                .map(drop),
            queries::delete(connection, &actor, keeper, group.id, now)
                .await
                .map(drop),
        ];
        for outcome in outcomes {
            assert_eq!(outcome.is_ok(), allowed, "{outcome:?}");
            assert!(allowed || matches!(outcome, Err(ChangeError::Managed)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_a_managed_group_is_given_by_hand() {
    let app = App::start().await;
    let group = create(&app, Keeper::Scim, &named("Engineering"))
        .await
        .unwrap();
    let connection = &mut *app.database().get().await.unwrap();
    let name = GroupName::parse("Engineering").unwrap();
    let edited = queries::edit(
        connection,
        &app.actor(),
        Keeper::Administrators,
        Pinned::read(group.id, group.version),
        queries::Edit::both(&name, Some(Role::Admin)),
        app.now(),
    )
    .await
    .unwrap();
    assert_eq!(edited.role, Some(Role::Admin));
    assert_eq!(edited.version, group.version + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_1000_members_is_counted_and_told_of_each() {
    let app = App::start().await;
    app.sql(
        "WITH added AS (
            INSERT INTO users (id, email, name, created_at)
            SELECT gen_random_uuid(), 'user' || n || '@northwind.example', 'User ' || n, now()
            FROM generate_series(1, 1000) AS n RETURNING id)
        INSERT INTO memberships (organization_id, user_id, role, created_at)
        SELECT organizations.id, added.id, 'member', now() FROM organizations, added",
    )
    .await;
    let rows = app.sql("SELECT user_id FROM memberships").await;
    let everybody: Vec<UserId> = rows
        .iter()
        .map(|row| row.get::<_, uuid::Uuid>(0).into())
        .collect();
    let group = create(&app, Keeper::Scim, &named("Everybody"))
        .await
        .unwrap();
    let (actor, now) = (app.actor(), app.now());
    let connection = &mut *app.database().get().await.unwrap();
    let (id, scim) = (group.id, Keeper::Scim);
    let twice = [&everybody[..], &everybody[..]].concat();
    let added = queries::add_members(connection, &actor, scim, id, &twice, now).await;
    assert_eq!(added.unwrap(), 1001);
    let again = queries::add_members(connection, &actor, scim, id, &everybody[..5], now).await;
    assert_eq!(again.unwrap(), 0);
    let set = queries::set_members(connection, &actor, scim, id, &everybody[..600], now).await;
    assert_eq!(set.unwrap(), (0, 401));
    let group = queries::group(connection, app.organization, id)
        .await
        .unwrap();
    assert_eq!((group.members, group.version), (600, 3));
    for (action, count) in [("added", 1001), ("removed", 401)] {
        let told = format!("SELECT count(*) FROM journal WHERE action = 'group.member_{action}'");
        assert_eq!(app.count(&told).await, count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_taken_names_are_refused() {
    let app = App::start().await;
    let other = app.another_organization("Contoso").await;
    app.add_member(other, "eve@contoso.example", Role::Admin)
        .await;
    let by_hand = Keeper::Administrators;
    let group = create(&app, by_hand, &named("Owners")).await.unwrap();
    let taken = create(&app, by_hand, &named("OWNERS")).await;
    assert!(matches!(taken, Err(ChangeError::NameTaken)));
    let people = [app.user(ADA).await, app.user("eve@contoso.example").await];
    let (actor, now) = (app.actor(), app.now());
    let connection = &mut *app.database().get().await.unwrap();
    let refused = queries::add_members(connection, &actor, by_hand, group.id, &people, now).await;
    assert!(matches!(refused, Err(ChangeError::Strangers)));
    let contoso = tokendesk::access::Actor::command_line(other);
    let foreign = queries::delete(connection, &contoso, by_hand, group.id, now).await;
    assert!(matches!(foreign.map_err(Error::from), Err(Error::NotFound)));
    assert_eq!(app.count("SELECT count(*) FROM group_members").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_an_older_version_is_a_conflict() {
    let app = App::start().await;
    let by_hand = Keeper::Administrators;
    let group = create(&app, by_hand, &named("Owners")).await.unwrap();
    let (actor, now) = (app.actor(), app.now());
    let connection = &mut *app.database().get().await.unwrap();
    let ada = [app.user(ADA).await];
    queries::add_members(connection, &actor, by_hand, group.id, &ada, now)
        .await
        .unwrap();
    let (name, id) = (
        GroupName::parse("Others").unwrap(),
        Pinned::read(group.id, group.version),
    );
    let late = queries::edit(
        connection,
        &actor,
        by_hand,
        id,
        queries::Edit::both(&name, None),
        now,
    )
    .await;
    assert!(matches!(late, Err(ChangeError::Outdated(_))));
}
