//! `migrate`, and the migrations themselves.

use diesel_async::AsyncMigrationHarness;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use tokendesk::db::Connection;
use tokendesk::db::url::Target;
use tokio_postgres::NoTls;

use crate::support::catalogue::{query, schema};
use crate::support::{Place, cluster};

#[tokio::test(flavor = "multi_thread")]
async fn several_may_migrate_an_empty_database_at_once() {
    let address = cluster::empty_database().await;
    let place = Place::database(&address);
    let running: Vec<_> = (0..4).map(|_| place.start(&["migrate"])).collect();
    let mut done: Vec<usize> = running
        .into_iter()
        .map(|process| {
            let said = process.finish().succeeded();
            let (count, rest) = said.split_once(' ').unwrap();
            assert_eq!(rest, "migrations were run; the schema is up to date.\n");
            count.parse().unwrap()
        })
        .collect();
    done.sort_unstable();
    let all = std::fs::read_dir(migrations()).unwrap().count();
    assert_eq!(done, [0, 0, 0, all], "one does the work");
    assert_eq!(
        schema(&address).await,
        schema(&cluster::database().await).await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_migrates_an_empty_database_by_itself() {
    let address = cluster::empty_database().await;
    let place = Place::database(&address);
    let (one, two) = (place.serve(), place.serve());
    assert_eq!(
        schema(&address).await,
        schema(&cluster::database().await).await
    );
    one.stop();
    two.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_to_be_migrated_nothing_is_waited_for_or_made() {
    let address = cluster::database().await;
    let clerk = cluster::for_a_clerk(&address).await;
    let (other, connection) = address.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let lock = "SELECT pg_advisory_lock(hashtext('tokendesk migrations'))";
    other.batch_execute(lock).await.unwrap();
    for command in [&["migrate"][..], &["organization", "list"]] {
        Place::database(&clerk).run(command).succeeded();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_a_newer_version_is_refused_and_left_as_it_is() {
    let address = cluster::database().await;
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000'); \
                 DELETE FROM __diesel_schema_migrations WHERE version LIKE '%000005'; \
                 DROP TABLE usage_hours, usage_days, token_usage; \
                 CREATE TABLE from_the_future (id integer PRIMARY KEY)";
    cluster::execute(&address, newer).await;
    let before = schema(&address).await;
    let place = Place::database(&address);
    for command in ["serve", "migrate"] {
        let refusal = place.run(&[command, "--bind=127.0.0.1:0"]).refused();
        assert_eq!(
            refusal,
            "the database's schema is newer than this program: it has migration 99990101000000, \
             which this program does not know. Start the version that made it, or a newer one\n"
        );
    }
    assert_eq!(schema(&address).await, before);
    let versions = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
    let versions = query(&address, versions).await;
    assert_eq!(versions.last().unwrap().get::<_, &str>(0), "99990101000000");
    assert!(
        !versions
            .iter()
            .any(|row| row.get::<_, &str>(0).ends_with("000005"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_can_be_undone_and_done_again() {
    let address = cluster::database().await;
    let before = schema(&address).await;
    assert!(before.len() > 100, "{before:#?}");
    let connection = Connection::open(&Target::embedded(address.clone())).await;
    let connection = connection.unwrap();
    let mut harness = AsyncMigrationHarness::new(connection);
    let migrations = FileBasedMigrations::from_path(migrations()).unwrap();
    // One by one, and each again: what one leaves behind, its up.sql would trip over.
    let count = harness.applied_migrations().unwrap().len();
    for undone in 1..=count {
        for _ in 0..undone {
            harness.revert_last_migration(migrations.clone()).unwrap();
        }
        harness.run_pending_migrations(migrations.clone()).unwrap();
        assert_eq!(schema(&address).await, before, "after {undone} steps back");
    }
    harness.revert_all_migrations(migrations).unwrap();
    assert_eq!(schema(&address).await, Vec::<String>::new());
    let again = Place::database(&address).run(&["migrate"]).succeeded();
    assert_eq!(
        again,
        format!("{count} migrations were run; the schema is up to date.\n")
    );
    assert_eq!(schema(&address).await, before);
}

fn migrations() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")
}
