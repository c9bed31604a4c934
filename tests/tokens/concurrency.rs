//! Two, or twenty, at once.

use std::sync::Arc;

use crate::support::App;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_simultaneous_creates_of_one_name_give_one_token() {
    let app = Arc::new(App::start().await);
    let ada = app.ada().await;
    let mut forms = Vec::new();
    for _ in 0..20 {
        let page = ada.visit("/settings/api-access/new").await;
        forms.push(
            page.form("/settings/api-access")
                .fill("name", "Okta")
                .fill("access_level", "scim"),
        );
    }
    let barrier = Arc::new(tokio::sync::Barrier::new(20));
    let attempts: Vec<_> = forms
        .into_iter()
        .map(|form| {
            let barrier = barrier.clone();
            tokio::spawn(async move {
                barrier.wait().await;
                form.submit().await
            })
        })
        .collect();
    let (mut created, mut refused) = (0, 0);
    for attempt in attempts {
        let page = attempt.await.unwrap();
        match page.status {
            200 => created += 1,
            422 => {
                assert!(page.says("A token named “Okta” already exists. Choose another name."));
                assert_eq!(page.attributes("#name", "value"), ["Okta"]);
                refused += 1;
            }
            other => panic!("{other}: {}", page.text()),
        }
    }
    assert_eq!((created, refused), (1, 19));
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 1);
    assert_eq!(
        app.count("SELECT count(*) FROM journal WHERE action = 'token.created'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_who_rotate_at_once_one_gets_a_secret() {
    let app = Arc::new(App::start().await);
    let (token, _) = app.token("Okta").await;
    let ada = app.ada().await;
    let address = format!("{}/rotation", token.path());
    let page = ada.visit(&address).await;
    let attempts: Vec<_> = (0..10)
        .map(|_| tokio::spawn(page.form(&address).submit()))
        .collect();
    let mut rotated = 0;
    for attempt in attempts {
        let page = attempt.await.unwrap();
        rotated += i32::from(page.status == 200);
        assert!(page.status == 200 || page.status == 409, "{}", page.text());
    }
    assert_eq!(rotated, 1);
    assert_eq!(
        app.count("SELECT count(*) FROM secrets WHERE retires_at IS NULL")
            .await,
        1
    );
    assert_eq!(app.count("SELECT count(*) FROM secrets").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_confirmation_says_so_and_changes_nothing() {
    let app = App::start().await;
    let (token, _) = app.token("Okta").await;
    let ada = app.ada().await;
    let address = |resource: &str| format!("{}/{resource}", token.path());
    let disabling = ada.visit(&address("disabling")).await;
    let enabling_too_early = ada.visit(&address("enabling")).await;
    assert!(enabling_too_early.says("This token is active already; there is nothing to enable"));
    let rotation = ada.visit(&address("rotation")).await;
    let revocation = ada.visit(&address("revocation")).await;
    revocation.form(&address("revocation")).submit().await;

    for (page, resource) in [(&disabling, "disabling"), (&revocation, "revocation")] {
        let stale = page.form(&address(resource)).submit().await;
        assert_eq!(stale.status, 409, "{resource}");
        assert!(
            stale.says("This token is revoked already"),
            "{}",
            stale.text()
        );
    }
    let stale = rotation.form(&address("rotation")).submit().await;
    assert_eq!(stale.status, 409);
    let row = &app.sql("SELECT standing, version FROM tokens").await[0];
    assert_eq!(
        (row.get::<_, String>(0), row.get::<_, i32>(1)),
        ("revoked".into(), 2)
    );
    assert_eq!(
        app.count("SELECT count(*) FROM journal WHERE action LIKE 'token.%'")
            .await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_what_someone_else_edited_meanwhile_is_told_so_and_keeps_what_was_typed() {
    let app = App::start().await;
    let (token, _) = app.token("Okta").await;
    let ada = app.ada().await;
    let edit = format!("{}/edit", token.path());
    let (first, second) = (ada.visit(&edit).await, ada.visit(&edit).await);
    first
        .form(&token.path())
        .fill("name", "Theirs")
        .submit()
        .await;
    let conflict = second
        .form(&token.path())
        .fill("name", "Mine")
        .submit()
        .await;
    assert_eq!(conflict.status, 422);
    assert!(
        conflict.says("Someone else changed this token"),
        "{}",
        conflict.text()
    );
    assert_eq!(conflict.attributes("#name", "value"), ["Mine"]);
    let name: String = app.sql("SELECT name FROM tokens").await[0].get(0);
    assert_eq!(name, "Theirs");
    let saved = conflict.form(&token.path()).submit().await;
    assert!(saved.says("“Mine” is saved."), "{}", saved.text());
}
