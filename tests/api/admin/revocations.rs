//! `POST /api/v1/tokens/revocations`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokendesk::catalogue::Scope;
use tokendesk::tokens::Secret;

use crate::api::client::Program;
use crate::support::App;
use crate::support::app::{ADA, count_each};

#[tokio::test(flavor = "multi_thread")]
async fn a_leak_is_stopped_at_once() {
    let app = App::start().await;
    let program = Program::with(&app, "Responder", &[Scope::AdminWrite]).await;
    let contoso = app.another_organization("Contoso").await;
    let (_, theirs) = app.token_of(contoso, "Theirs", |_| {}).await;
    let (leaked, secret) = app.token("Leaked").await;
    let (mcp, personal) = app.mcp_token(ADA, "Laptop").await;
    let (named, _) = app.token("Named").await;
    let (rotated, old) = app.token("Rotated").await;
    let rotation = format!("/api/v1/tokens/{}/rotation", rotated.id);
    let root = Program::of(&app, &app.token("Root").await.1);
    assert_eq!(root.post(&rotation, &json!({})).await.status, 201);
    let leak = json!({
        "secrets": [
            secret.reveal(), personal.reveal(), old.reveal(), theirs.reveal(), "nonsense",
            secret.reveal(),
        ],
        "ids": [named.id, leaked.id, uuid::Uuid::nil()],
    });
    let done = program.post("/api/v1/tokens/revocations", &leak).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let fate = |id: Option<tokendesk::tokens::TokenId>, outcome: &str| json!({ "id": id.map(|id| id.to_string()), "outcome": outcome });
    assert_eq!(
        done.body["secrets"],
        json!([
            fate(Some(leaked.id), "revoked"),
            fate(Some(mcp.id), "revoked"),
            fate(Some(rotated.id), "retired"),
            fate(None, "unknown"),
            fate(None, "unknown"),
            fate(Some(leaked.id), "revoked"),
        ])
    );
    assert_eq!(
        done.body["ids"],
        json!([
            fate(Some(named.id), "revoked"),
            fate(Some(leaked.id), "revoked"),
            fate(None, "unknown"),
        ])
    );
    assert!(done.body["receipt"]["summary"].is_string());
    for text in [secret.reveal(), personal.reveal(), old.reveal()] {
        assert!(!done.body.to_string().contains(text));
    }
    assert_eq!(
        Program::of(&app, &secret).get("/api/v1/token").await.code(),
        "revoked"
    );
    assert_eq!(
        Program::of(&app, &theirs).get("/api/v1/token").await.status,
        200
    );
    let told = "SELECT count(*) FROM journal WHERE action LIKE '%token.revoked' \
                AND author_name = 'API token “Responder”'";
    assert_eq!(app.count(told).await, 3);
    let again = program.post("/api/v1/tokens/revocations", &leak).await;
    assert_eq!(
        again.body["secrets"][0],
        fate(Some(leaked.id), "already_revoked")
    );
    assert_eq!(app.count(told).await, 3);
}

/// As many as there may be, each as long as it may be and with characters that JSON escapes.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_leak_is_taken() {
    let app = App::start().await;
    let program = Program::with(&app, "Responder", &[Scope::AdminWrite]).await;
    let secrets: Vec<String> = (0..1_000)
        .map(|number| format!("{number:0>4}{}", "\"\\".repeat(1_022)))
        .collect();
    let leak = json!({ "secrets": secrets });
    let done = program.post("/api/v1/tokens/revocations", &leak).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(done.body["secrets"].as_array().unwrap().len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_go_in_one_request_and_no_more() {
    let app = App::start().await;
    let program = Program::with(&app, "Responder", &[Scope::AdminWrite]).await;
    app.sql(
        "INSERT INTO tokens (id, organization_id, name, name_folded, display, standing, created_at, created_by_name) \
         SELECT gen_random_uuid(), id, 'Leaked ' || n, 'leaked ' || n, 'wxt_0000', 'active', now(), '' \
         FROM organizations, generate_series(1, 1000) AS n",
    )
    .await;
    let rows = app
        .sql("SELECT id::text FROM tokens WHERE name LIKE 'Leaked%'")
        .await;
    let ids: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let done = program
        .post("/api/v1/tokens/revocations", &json!({ "ids": ids }))
        .await;
    assert_eq!(done.status, 200, "{}", done.body);
    let revoked = "SELECT count(*) FROM tokens WHERE standing = 'revoked'";
    assert_eq!(app.count(revoked).await, 1000);
    for ids in [Vec::new(), [ids.clone(), vec![ids[0].clone()]].concat()] {
        let refused = program
            .post("/api/v1/tokens/revocations", &json!({ "ids": ids }))
            .await;
        assert_eq!((refused.status, refused.code()), (422, "invalid"));
        let field = if ids.is_empty() { "secrets" } else { "ids" };
        assert_eq!(refused.body["field"], field);
    }
    let refused = program
        .post("/api/v1/tokens/revocations", &json!({ "ids": ["none"] }))
        .await;
    let mistake = json!({ "field": "ids[0]", "detail": "expected an ID." });
    assert_eq!(refused.body["errors"], json!([mistake]), "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_secrets_are_found_and_stopped_by_one_request() {
    let app = App::start().await;
    let program = Program::with(&app, "Responder", &[Scope::AdminWrite]).await;
    let secrets: Vec<Secret> = (0..1000).map(|_| Secret::generate("wxt")).collect();
    let digests: Vec<_> = secrets
        .iter()
        .map(|it| it.digest().as_bytes().to_vec())
        .collect();
    let leaked = "WITH leaked AS (
            SELECT gen_random_uuid() AS id, digest, n
            FROM unnest($1::bytea[]) WITH ORDINALITY AS sent (digest, n)
        ), made AS (
            INSERT INTO tokens (id, organization_id, name, name_folded, display, standing,
                created_at, created_by_name)
            SELECT leaked.id, organizations.id, 'Leaked ' || n, 'leaked ' || n, 'wxt_0000',
                'active', now(), ''
            FROM leaked, organizations
        )
        INSERT INTO secrets (digest, token_id, display, created_at)
        SELECT digest, id, 'wxt_0000', now() FROM leaked";
    app.client()
        .await
        .execute(leaked, &[&digests])
        .await
        .unwrap();
    let (first, last) = (
        Program::of(&app, &secrets[0]),
        Program::of(&app, &secrets[999]),
    );
    for known in [&first, &last] {
        assert_eq!(known.get("/api/v1/token").await.status, 200);
    }
    let texts: Vec<&str> = secrets.iter().map(Secret::reveal).collect();
    let too_many = json!({ "secrets": texts, "ids": [uuid::Uuid::nil()] });
    let refused = program.post("/api/v1/tokens/revocations", &too_many).await;
    assert_eq!((refused.status, refused.code()), (422, "invalid"));
    let done = program
        .post("/api/v1/tokens/revocations", &json!({ "secrets": texts }))
        .await;
    assert_eq!(done.status, 200, "{}", done.body);
    let fates = done.body["secrets"].as_array().unwrap();
    assert_eq!(fates.len(), 1000);
    let names = app.sql("SELECT id::text, name FROM tokens").await;
    let names: HashMap<&str, &str> = names.iter().map(|row| (row.get(0), row.get(1))).collect();
    for (number, fate) in fates.iter().enumerate() {
        assert_eq!(fate["outcome"], "revoked", "{number}");
        let name = names[fate["id"].as_str().unwrap()];
        assert_eq!(name, format!("Leaked {}", number + 1), "in the order sent");
    }
    // The receipt says so, and it is so.
    assert!(done.body["receipt"]["summary"].is_string());
    for known in [&first, &last] {
        assert_eq!(known.get("/api/v1/token").await.code(), "revoked");
    }
    let told = "SELECT count(DISTINCT subject_id) FROM journal WHERE action = 'token.revoked'";
    assert_eq!(app.count(told).await, 1000);
    let dump = "SELECT count(*) FROM journal WHERE position($1 IN journal::text) > 0";
    let kept = app
        .client()
        .await
        .query_one(dump, &[&texts[0]])
        .await
        .unwrap();
    assert_eq!(kept.get::<_, i64>(0), 0);
}

/// A flush of counts and a revocation lock the same rows: neither waits for the other in a circle.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_called_all_the_time_are_revoked_at_once() {
    const TOKENS: usize = 300;
    let app = App::start().await;
    let program = Program::with(&app, "Responder", &[Scope::AdminWrite]).await;
    let mut ids = Vec::new();
    for number in 0..TOKENS {
        ids.push(app.token(&format!("Token {number}")).await.0.id);
    }
    // So that the rows do not stand in the order of their IDs.
    app.sql("CREATE INDEX by_chance ON tokens (md5(name))")
        .await;
    app.sql("CLUSTER tokens USING by_chance").await;
    app.sql("ANALYZE tokens").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let flushes = {
        let (is_over, ids) = (is_over.clone(), ids.clone());
        let (usage, database, at) = (
            app.state.gate.usage.clone(),
            app.database().clone(),
            app.now(),
        );
        tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                count_each(&usage, &ids, at);
                usage.flush(&database, at).await.unwrap();
            }
        })
    };
    let leak = json!({ "ids": ids });
    let done = program.post("/api/v1/tokens/revocations", &leak).await;
    assert_eq!(done.status, 200, "{}", done.body);
    is_over.store(true, Ordering::Relaxed);
    flushes.await.unwrap();
    let live = "SELECT count(*) FROM tokens WHERE name LIKE 'Token %' AND standing <> 'revoked'";
    assert_eq!(app.count(live).await, 0);
}
