//! What holds of every table, by the database's own account, and what the database refuses
//! whoever asks.

use std::collections::BTreeMap;

use tokio_postgres::error::SqlState;

use crate::support::catalogue::query;
use crate::support::{App, cluster};

#[tokio::test(flavor = "multi_thread")]
async fn every_table_has_a_primary_key() {
    let without = "SELECT relname::text FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = pg_class.oid AND contype = 'p')";
    assert_eq!(names(without).await, Vec::<String>::new());
}

/// Else a change of the row that is referred to reads the whole table. A partial index will do
/// if it leaves out nothing but NULLs.
#[tokio::test(flavor = "multi_thread")]
async fn every_foreign_key_has_an_index() {
    let without =
        "SELECT conrelid::regclass || ': ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'f' AND NOT EXISTS (
            SELECT FROM pg_index WHERE indrelid = conrelid AND indisvalid
                AND (indkey::smallint[])[0:cardinality(conkey) - 1] @> conkey
                AND (indpred IS NULL OR pg_get_expr(indpred, indrelid) IN (
                    SELECT format('(%I IS NOT NULL)', attname) FROM pg_attribute
                    WHERE attrelid = conrelid AND attnum = ANY (conkey))))";
    assert_eq!(names(without).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_time_is_an_instant() {
    let others = "SELECT table_name || '.' || column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'
            AND data_type ~ '^time' AND data_type <> 'timestamp with time zone'";
    assert_eq!(names(others).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_rs_is_what_the_migrations_make() {
    // As diesel.toml says why, without some columns of `scim_users`.
    let columns = "SELECT table_name::text, column_name::text, udt_name::text, is_nullable = 'YES'
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'
            AND (table_name, column_name) NOT IN (SELECT 'scim_users', unnest(ARRAY['middle_name',
                'honorific_prefix', 'honorific_suffix', 'profile_url', 'manager_ref', 'manager_display_name',
                'has_enterprise', 'is_short', 'email_kinds', 'phone_number_kinds', 'address_kinds']))
        ORDER BY table_name, ordinal_position";
    let address = cluster::database().await;
    let mut made = BTreeMap::<String, Vec<String>>::new();
    for row in query(&address, columns).await {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let kind = diesel_type(row.get(2), row.get(3));
        made.entry(table)
            .or_default()
            .push(format!("{column} -> {kind}"));
    }
    let keys = "SELECT conrelid::regclass::text, string_agg(attname, ', ' ORDER BY place)
        FROM pg_constraint, unnest(conkey) WITH ORDINALITY AS key (number, place), pg_attribute
        WHERE contype = 'p' AND attrelid = conrelid AND attnum = number GROUP BY 1";
    let mut made_with_keys = BTreeMap::new();
    for row in query(&address, keys).await {
        let table: String = row.get(0);
        if let Some(columns) = made.remove(&table) {
            made_with_keys.insert(format!("{table} ({})", row.get::<_, &str>(1)), columns);
        }
    }
    assert!(made_with_keys.len() > 10 && made.is_empty(), "{made:?}");
    assert_eq!(written(), made_with_keys);
}

/// `timestamptz`, or `_timestamptz` for an array, as Diesel calls it.
fn diesel_type(name: &str, nullable: bool) -> String {
    let element = name.trim_start_matches('_');
    let (first, rest) = element.split_at(1);
    let mut kind = first.to_uppercase() + rest;
    if element.len() < name.len() {
        kind = format!("Array<{kind}>");
    }
    if nullable {
        format!("Nullable<{kind}>")
    } else {
        kind
    }
}

/// The tables of src/db/schema.rs with their keys, and their columns.
fn written() -> BTreeMap<String, Vec<String>> {
    let text = include_str!("../src/db/schema.rs");
    text.split("diesel::table! {")
        .skip(1)
        .map(|table| {
            let (head, columns) = table.split_once('{').unwrap();
            let (columns, _) = columns.split_once('}').unwrap();
            let columns = columns.trim().lines();
            let columns = columns.map(|line| line.trim().trim_end_matches(',').to_owned());
            (head.trim().to_owned(), columns.collect())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_only_grows() {
    let app = App::start().await;
    app.token("Okta SCIM").await;
    let client = app.client().await;
    let before = app.count("SELECT count(*) FROM journal").await;
    assert!(before > 0);
    for attempt in [
        "UPDATE journal SET author_name = 'nobody'",
        "UPDATE journal SET author_name = 'nobody' WHERE false",
        "DELETE FROM journal",
        "TRUNCATE journal",
        "TRUNCATE organizations CASCADE",
        "INSERT INTO journal SELECT * FROM journal ON CONFLICT (id) DO UPDATE SET action = ''",
    ] {
        let refusal = client.batch_execute(attempt).await.unwrap_err();
        let refusal = refusal.as_db_error().unwrap();
        assert_eq!(refusal.message(), "the journal is append-only", "{attempt}");
    }
    let refusal = client
        .batch_execute("DELETE FROM organizations")
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), Some(&SqlState::FOREIGN_KEY_VIOLATION));
    assert_eq!(app.count("SELECT count(*) FROM journal").await, before);
    assert_eq!(
        app.count("SELECT count(*) FROM journal WHERE author_name = 'nobody'")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_stays_revoked() {
    let app = App::start().await;
    let (token, _) = app.token("Okta SCIM").await;
    let client = app.client().await;
    let revoke = "UPDATE tokens SET standing = 'revoked'";
    client.batch_execute(revoke).await.unwrap();
    for attempt in [
        "UPDATE tokens SET standing = 'active'",
        "UPDATE tokens SET standing = 'disabled', expires_at = NULL",
    ] {
        let refusal = client.batch_execute(attempt).await.unwrap_err();
        let message = refusal.as_db_error().unwrap().message();
        assert_eq!(
            message,
            format!("token {} is revoked", token.id),
            "{attempt}"
        );
    }
    let standing = app.sql("SELECT standing FROM tokens").await;
    assert_eq!(standing[0].get::<_, &str>(0), "revoked");
    // It can still be deleted, and say when it was used.
    client
        .batch_execute("UPDATE tokens SET version = version + 1")
        .await
        .unwrap();
    client.batch_execute("DELETE FROM tokens").await.unwrap();
}

/// The first column of what a query answers.
async fn names(statement: &str) -> Vec<String> {
    let rows = query(&cluster::database().await, statement).await;
    rows.iter().map(|row| row.get(0)).collect()
}
