//! An organisation with an active administrator always keeps one.

use tokendesk::access::{Role, UserId};
use tokendesk::members::groups::queries as groups;
use tokendesk::members::groups::queries::NewGroup;
use tokendesk::members::groups::{GroupId, GroupName, Keeper};
use tokendesk::members::queries::{self, ChangeError};

use crate::support::App;
use crate::support::app::ADA;

const MEI: &str = "mei@northwind.example";

/// What a member can be made to lose.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Deactivated,
    Removed,
    Demoted,
}

const LOSSES: [Loss; 3] = [Loss::Deactivated, Loss::Removed, Loss::Demoted];

async fn lose(app: &App, user: UserId, loss: Loss) -> Result<(), ChangeError> {
    let connection = &mut *app.database().get().await.unwrap();
    let (actor, now) = (app.actor(), app.now());
    let keep = None;
    match loss {
        Loss::Deactivated => queries::deactivate(connection, &actor, user, keep, now)
            .await
            .map(drop),
        Loss::Removed => queries::remove(connection, &actor, user, keep, now)
            .await
            .map(drop),
        Loss::Demoted => queries::change_role(connection, &actor, user, Role::Member, now)
            .await
            .map(drop),
    }
}

/// A group of one, that makes them an administrator.
async fn lift(app: &App, user: UserId) -> GroupId {
    let connection = &mut *app.database().get().await.unwrap();
    let (actor, now, keeper) = (app.actor(), app.now(), Keeper::Administrators);
    let new = NewGroup {
        name: GroupName::parse("Owners").unwrap(),
        role: Some(Role::Admin),
        external_id: None,
    };
    let group = groups::create(connection, &actor, keeper, &new, now)
        .await
        .unwrap();
    groups::add_members(connection, &actor, keeper, group.id, &[user], now)
        .await
        .unwrap();
    group.id
}

async fn administrators(app: &App) -> usize {
    let connection = &mut *app.database().get().await.unwrap();
    let all = queries::administrators(connection, app.organization).await;
    all.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays_one() {
    let app = App::start().await;
    let ada = app.user(ADA).await;
    app.add_member(app.organization, MEI, Role::Member).await;
    for loss in LOSSES {
        let refused = lose(&app, ada, loss).await;
        assert!(
            matches!(refused, Err(ChangeError::LastAdministrator)),
            "{loss:?}: {refused:?}"
        );
    }
    assert_eq!(administrators(&app).await, 1);
    let entries = "SELECT count(*) FROM journal
        WHERE action ~ '^member[.](deactivated|removed|role_changed)'";
    assert_eq!(app.count(entries).await, 0, "nothing happened");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_administrator_does_not_count() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Admin).await;
    let mei = app.user(MEI).await;
    lose(&app, mei, Loss::Deactivated).await.unwrap();
    let refused = lose(&app, app.user(ADA).await, Loss::Demoted).await;
    assert!(matches!(refused, Err(ChangeError::LastAdministrator)));
    lose(&app, mei, Loss::Removed)
        .await
        .expect("who does not count may go");
}

/// Whom provisioning has made one, or made a member of a group that does, and who never signed in.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_without_a_password_is_not_the_one_who_is_left() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Admin).await;
    let (ada, mei) = (app.user(ADA).await, app.user(MEI).await);
    lift(&app, mei).await;
    app.sql(&format!(
        "UPDATE users SET password_hash = NULL WHERE email = '{MEI}'"
    ))
    .await;
    for loss in LOSSES {
        let refused = lose(&app, ada, loss).await;
        assert!(
            matches!(refused, Err(ChangeError::LastAdministrator)),
            "{loss:?}: {refused:?}"
        );
    }
    // With nobody who can sign in, whoever administers is still kept.
    app.sql("UPDATE users SET password_hash = NULL").await;
    lose(&app, ada, Loss::Removed)
        .await
        .expect("no worse than before");
    let refused = lose(&app, mei, Loss::Deactivated).await;
    assert!(
        matches!(refused, Err(ChangeError::LastAdministrator)),
        "{refused:?}"
    );
    app.sql("UPDATE users SET password_hash = 'x'").await;
    let refused = lose(&app, mei, Loss::Removed).await;
    assert!(
        matches!(refused, Err(ChangeError::LastAdministrator)),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_by_a_group_counts_and_so_does_the_group() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    let (ada, mei) = (app.user(ADA).await, app.user(MEI).await);
    let group = lift(&app, mei).await;
    lose(&app, ada, Loss::Demoted).await.unwrap();
    for loss in [Loss::Deactivated, Loss::Removed] {
        let refused = lose(&app, mei, loss).await;
        assert!(matches!(refused, Err(ChangeError::LastAdministrator)));
    }
    let connection = &mut *app.database().get().await.unwrap();
    let (actor, now, keeper) = (app.actor(), app.now(), Keeper::Administrators);
    let name = GroupName::parse("Owners").unwrap();
    let refusals = [
        groups::delete(connection, &actor, keeper, group, now)
            .await
            .map(drop),
        groups::edit(
            connection,
            &actor,
            keeper,
            group,
            groups::Edit::both(&name, None),
            now,
        )
        .await
        .map(drop),
        groups::remove_members(connection, &actor, keeper, group, &[mei], now)
            .await
            .map(drop),
        groups::set_members(connection, &actor, keeper, group, &[], now)
            .await
            .map(drop),
    ];
    for refused in refusals {
        assert!(
            matches!(refused, Err(groups::ChangeError::LastAdministrator)),
            "{refused:?}"
        );
    }
    groups::set_members(connection, &actor, keeper, group, &[ada], now)
        .await
        .expect("another takes the place");
    assert_eq!(administrators(&app).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_is_in_charge_nobody_is_held_back() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Member).await;
    app.sql("UPDATE memberships SET role = 'member'").await;
    lose(&app, app.user(MEI).await, Loss::Deactivated)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_who_take_the_last_two_away_at_once_one_is_left() {
    let app = std::sync::Arc::new(App::start().await);
    app.add_member(app.organization, MEI, Role::Admin).await;
    let both = [app.user(ADA).await, app.user(MEI).await];
    let attempts: Vec<_> = (0..50)
        .map(|attempt| {
            let app = app.clone();
            let (user, loss) = (both[attempt % 2], LOSSES[attempt % 3]);
            tokio::spawn(async move { lose(&app, user, loss).await })
        })
        .collect();
    for attempt in attempts {
        let outcome = attempt.await.unwrap();
        assert!(
            !matches!(
                outcome,
                Err(ChangeError::Query(ref error)) if !matches!(error, diesel::NotFound)
            ),
            "{outcome:?}"
        );
    }
    assert_eq!(administrators(&app).await, 1);
}

/// A change of role alone, of which nothing else is held by whoever makes it: each would see the other
/// stay, round after round.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_whom_others_demote_at_once_one_stays() {
    let app = App::start().await;
    app.add_member(app.organization, MEI, Role::Admin).await;
    let (ada, mei) = (app.user(ADA).await, app.user(MEI).await);
    for round in 0..20 {
        app.sql("UPDATE memberships SET role = 'admin'").await;
        let outcomes = tokio::join!(
            lose(&app, ada, Loss::Demoted),
            lose(&app, mei, Loss::Demoted)
        );
        assert_eq!(administrators(&app).await, 1, "{round}: {outcomes:?}");
    }
}
