use std::sync::Arc;

use tokendesk::access::Actor;
use tokendesk::catalogue::{Product, create_product};
use tokendesk::tokens::draft::NewToken;
use tokendesk::tokens::queries::{self as tokens, ChangeError};
use tokendesk::tokens::{Name, Ranges};

use crate::support::{App, View};

async fn product(app: &App, name: &str, key: &str) -> Product {
    let connection = &mut *app.database().get().await.unwrap();
    let actor = Actor::command_line(app.organization);
    create_product(connection, &actor, name, key, app.now())
        .await
        .unwrap()
}

/// The product's page.
fn at(product: &Product) -> String {
    format!("/settings/products/{}", product.id)
}

async fn send(page: &View, action: &str, name: &str, key: &str) -> View {
    let form = page.form(action);
    form.fill("name", name).fill("key", key).submit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_created_renamed_and_deleted() {
    let app = App::start().await;
    let ada = app.ada().await;
    let empty = ada.visit("/settings/products").await;
    assert!(empty.says("No products yet"));
    let form = empty.follow("Create product").await;
    let list = send(&form, "/settings/products", " Storefront ", "shop_").await;
    assert!(
        list.says("“Storefront” created.") && list.says("shop_… No tokens"),
        "{}",
        list.text()
    );

    let edit = list.follow("Storefront").await;
    let action = edit.path.clone();
    let list = send(&edit, &action, "Shop", "store").await;
    assert!(
        list.says("“Shop” is saved. In effect on 1 of 1 instance after") && list.says("store_…"),
        "{}",
        list.text()
    );

    let deletion = list.follow("Delete").await;
    let list = deletion.form(&deletion.path).submit().await;
    assert!(
        list.says("“Shop” deleted.") && list.says("No products yet"),
        "{}",
        list.text()
    );

    let log = ada.visit("/settings/audit-log").await;
    for entry in [
        "Created the product Storefront key shop",
        "Edited the product Shop name Storefront",
        "key shop → to store",
        "Deleted the product Shop key store → to none",
    ] {
        assert!(log.says(entry), "{entry}: {}", log.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_comes_back_with_each_error_at_its_field() {
    let app = App::start().await;
    product(&app, "Storefront", "shop").await;
    let ada = app.ada().await;
    let form = ada.visit("/settings/products/new").await;
    for (name, key, error) in [
        ("", "prod", "Enter a name."),
        ("x", "", "Use 2 to 12 of the letters"),
        ("x", "Prod", "Use 2 to 12 of the letters"),
        ("x", "wxt", "Other tokens begin with “wxt_” already."),
        ("x", "wb", "Other tokens begin with “wb_” already."),
        (
            "STOREFRONT",
            "prod",
            "A product named “STOREFRONT” already exists.",
        ),
        ("x", "shop", "Another product has the key “shop”."),
    ] {
        let page = send(&form, "/settings/products", name, key).await;
        assert_eq!(page.status, 422, "{name} {key}");
        assert!(page.says(error), "{error}: {}", page.text());
        assert_eq!(page.attributes("#name", "value"), [name]);
        assert_eq!(page.attributes("#key", "value"), [key]);
        assert_eq!(page.attributes("[aria-invalid=true]", "id").len(), 1);
        let focus = page.attributes("[autofocus]", "id");
        assert_eq!(focus, page.attributes("[aria-invalid=true]", "id"));
    }
    assert_eq!(app.count("SELECT count(*) FROM products").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_fixed_and_the_product_stays_while_a_token_uses_it() {
    let app = App::start().await;
    let shop = product(&app, "Storefront", "shop").await;
    let ada = app.ada().await;
    let (edit, deletion) = (
        ada.visit(&at(&shop)).await,
        ada.visit(&format!("{}/deletion", at(&shop))).await,
    );
    app.token_with("Feed", |new| new.product = Some(shop.clone()))
        .await;

    // The forms from before.
    let refused = send(&edit, &at(&shop), "Shop", "other").await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.says("so its key stays “shop”"),
        "{}",
        refused.text()
    );
    let refused = deletion.form(&deletion.path).submit().await;
    assert_eq!(refused.status, 409);
    assert!(refused.says("cannot be deleted while tokens are linked to it"));

    let page = ada.visit(&at(&shop)).await;
    assert!(
        !page.has("#key") && page.says("cannot be changed"),
        "{}",
        page.text()
    );
    let saved = page.form(&at(&shop)).fill("name", "Shop").submit().await;
    assert!(
        saved.says("“Shop” is saved.") && saved.says("1 token"),
        "{}",
        saved.text()
    );
    let tokens = saved.follow("View tokens").await;
    assert_eq!(tokens.texts(".token h2"), ["Feed"]);
    assert!(
        !ada.visit(&deletion.path)
            .await
            .has("form[action$=deletion]")
    );
    let key: String = app.sql("SELECT key FROM products").await[0].get(0);
    assert_eq!(key, "shop");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_editors_the_second_is_told_and_keeps_what_was_typed() {
    let app = App::start().await;
    let shop = product(&app, "Storefront", "shop").await;
    let ada = app.ada().await;
    let (first, second) = (ada.visit(&at(&shop)).await, ada.visit(&at(&shop)).await);
    let deletion = ada.visit(&format!("{}/deletion", at(&shop))).await;
    send(&first, &at(&shop), "Theirs", "shop").await;

    let conflict = send(&second, &at(&shop), "Mine", "mine").await;
    assert_eq!(conflict.status, 422);
    assert!(
        conflict.says("Someone else changed this product"),
        "{}",
        conflict.text()
    );
    assert_eq!(conflict.attributes("#name", "value"), ["Mine"]);
    let stale = deletion.form(&deletion.path).submit().await;
    assert_eq!(stale.status, 409);
    assert!(
        stale.says("Someone changed this product"),
        "{}",
        stale.text()
    );
    assert_eq!(
        app.count("SELECT count(*) FROM products WHERE name = 'Theirs'")
            .await,
        1
    );

    let saved = conflict.form(&at(&shop)).submit().await;
    assert!(saved.says("“Mine” is saved."), "{}", saved.text());
    let gone = ada.visit(&deletion.path).await;
    assert_eq!(gone.form(&deletion.path).submit().await.status, 200);
    assert_eq!(gone.form(&deletion.path).submit().await.status, 404);
    assert_eq!(conflict.form(&at(&shop)).submit().await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_who_create_one_at_once_one_does() {
    let app = Arc::new(App::start().await);
    let form = app.ada().await.visit("/settings/products/new").await;
    let attempts: Vec<_> = (0..10)
        .map(|at| {
            let form = form.form("/settings/products").fill("name", "Storefront");
            tokio::spawn(form.fill("key", &format!("shop{at}")).submit())
        })
        .collect();
    let mut created = 0;
    for attempt in attempts {
        let page = attempt.await.unwrap();
        created += i32::from(page.status == 200);
        assert!(
            page.status == 200 || page.says("already exists"),
            "{}",
            page.text()
        );
    }
    assert_eq!(created, 1);
    let entries = "SELECT count(*) FROM journal WHERE action = 'product.created'";
    assert_eq!(app.count(entries).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_are_searched_and_paged() {
    let app = App::start().await;
    let client = app.client().await;
    client
        .batch_execute(
            "INSERT INTO products (id, organization_id, name, key, created_at)
             SELECT gen_random_uuid(), organizations.id, 'Product ' || lpad(n::text, 4, '0'),
                 'p' || n, now() FROM organizations, generate_series(1, 3000) AS n",
        )
        .await
        .unwrap();
    let ada = app.ada().await;
    let first = ada.visit("/settings/products").await;
    assert!(first.says("1–25 of 3,000"), "{}", first.text());
    assert_eq!(first.texts(".table__name").len(), 25);
    let second = first.follow("Next").await;
    assert_eq!(second.texts(".table__name")[0], "Product 0026");
    let back = second.follow("Previous").await;
    assert_eq!(back.texts(".table__name"), first.texts(".table__name"));
    for (q, found) in [("product 2999", "Product 2999"), ("P2998", "Product 2998")] {
        let form = first.form("/settings/products").fill("q", q);
        assert_eq!(form.submit().await.texts(".table__name"), [found], "{q}");
    }
    for q in ["%", "_", "\\", "nonesuch", "\u{1}"] {
        let page = first.form("/settings/products").fill("q", q).submit().await;
        assert_eq!(page.status, 200);
        assert!(
            q == "\u{1}" || page.says("No product matches"),
            "{q}: {}",
            page.text()
        );
    }
    let page = ada.visit("/settings/products?page=nonsense").await;
    assert_eq!(page.texts(".table__name"), first.texts(".table__name"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_begins_with_the_key_that_its_product_has_by_then() {
    let app = App::start().await;
    let shop = product(&app, "Storefront", "shop").await;
    let mut new = NewToken {
        name: Name::parse("Feed").unwrap(),
        scopes: None,
        product: Some(shop.clone()),
        expires_at: None,
        ranges: Ranges::default(),
    };
    let actor = Actor::command_line(app.organization);
    let connection = &mut *app.database().get().await.unwrap();
    // What was read before somebody else saved.
    let edit = app.ada().await.visit(&at(&shop)).await;
    send(&edit, &at(&shop), "Storefront", "store").await;
    let (token, secret) = tokens::create(connection, &actor, &new, app.now())
        .await
        .map_err(|error| format!("{error:?}"))
        .unwrap();
    assert!(secret.reveal().starts_with("store_"));
    assert_eq!(token.product.unwrap().key, "store");

    let gone = product(&app, "Gone", "gone").await;
    let client = app.client().await;
    client
        .batch_execute("DELETE FROM products WHERE key = 'gone'")
        .await
        .unwrap();
    (new.name, new.product) = (Name::parse("Other").unwrap(), Some(gone));
    let refused = tokens::create(connection, &actor, &new, app.now()).await;
    assert!(matches!(refused, Err(ChangeError::ProductGone)));
    assert_eq!(app.count("SELECT count(*) FROM tokens").await, 1);
}
