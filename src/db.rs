//! PostgreSQL: where it is, a pool of connections to it, and its schema.
//! The queries themselves stand with the features.

mod connection;
pub mod embedded;
mod estimate;
mod lent;
mod pinned;
mod plan;
pub mod schema;
pub mod types;
pub mod url;

use std::collections::HashSet;
use std::time::Duration;

use deadpool::Runtime;
use diesel::connection::CacheSize;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::sql_types::{BigInt, Bool, Integer, Text};
use diesel::{ConnectionError, ConnectionResult, QueryableByName, sql_query};
use diesel_async::pooled_connection::deadpool::{Pool, PoolError};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncConnection, AsyncMigrationHarness, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures_util::FutureExt;
use uuid::Uuid;

use self::url::Target;

pub use connection::{Connection, is_canceled, is_unauthorized, unauthorized, with_causes};
pub use estimate::expected_rows;
pub use lent::Lent;
pub use pinned::Pinned;
pub use plan::{limit_time, plan_afresh, read_at_once};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();
const MIGRATIONS_LOCK: &str = "hashtext('tokendesk migrations')";
/// The oldest major version of PostgreSQL that Tokendesk works with.
const OLDEST_SERVER: u32 = 13;
/// How long a request waits for a connection before it is told that there is none.
const PATIENCE: Duration = Duration::from_secs(5);

/// A pool of connections. Clones share it.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Connection>,
    /// The server itself, for what a pooler in transaction mode cannot carry.
    direct: Target,
}

impl Database {
    /// A pool of at most `connections`; none is made before it is needed. They live on the
    /// runtime that calls this, however short-lived the one that uses them.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[must_use]
    pub fn new(target: Target, connections: usize) -> Self {
        Self {
            pool: pool(target.clone(), connections, CacheSize::Unbounded),
            direct: target,
        }
    }

    /// The same, through a pooler that may have another server connection for each
    /// transaction, such as `PgBouncer` in transaction mode. `direct` leads past it.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[must_use]
    pub fn behind_pooler(pooler: Target, direct: Target, connections: usize) -> Self {
        Self {
            pool: pool(pooler, connections, CacheSize::Disabled),
            direct,
        }
    }

    /// A connection, to be held no longer than needed: a handler that waits for a second one
    /// while it holds the first can stand still under load.
    ///
    /// # Errors
    /// When none is to be had within five seconds.
    pub async fn get(&self) -> Result<Lent, PoolError> {
        self.pool.get().await.map(Lent::new)
    }

    /// Brings the schema up to this program's version. Several instances may do so at once:
    /// the first does the work, under an advisory lock, while the others wait.
    ///
    /// # Errors
    /// [`MigrationError`]; the schema then is as the last whole migration left it.
    pub async fn migrate(&self) -> Result<usize, MigrationError> {
        // The locks end with a transaction: a pooler would keep those of a session.
        let mut guard = self.connect().await?;
        check_server_version(&mut guard).await?;
        guard
            .transaction(async |guard| {
                self.check_database(guard).await?;
                if pending(&to_add_to(guard).await?)? == 0 {
                    return Ok(0);
                }
                lock(guard).await?;
                to_add_to(guard).await?;
                let mut harness = AsyncMigrationHarness::new(self.connect().await?);
                let done = harness
                    .run_pending_migrations(MIGRATIONS)
                    .map_err(MigrationError::Failed)?;
                Ok(done.len())
            })
            .await
    }

    /// One for the schema alone: it works through a pooler, too, which keeps no statement.
    async fn connect(&self) -> ConnectionResult<Connection> {
        let mut connection = Connection::open(&self.direct).await?;
        connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        Ok(connection)
    }

    /// Whether the pool leads to the same database, where nobody else has the key.
    async fn check_database(&self, guard: &mut Connection) -> Result<(), MigrationError> {
        #[derive(QueryableByName)]
        struct Locked {
            #[diesel(sql_type = Bool)]
            locked: bool,
        }
        let (high, low) = Uuid::new_v4().as_u64_pair();
        let key = (high ^ low).cast_signed();
        sql_query("SELECT pg_advisory_xact_lock($1)")
            .bind::<BigInt, _>(key)
            .execute(guard)
            .await?;
        let found: Locked = sql_query("SELECT NOT pg_try_advisory_xact_lock($1) AS locked")
            .bind::<BigInt, _>(key)
            .get_result(&mut *self.get().await?)
            .await?;
        if !found.locked {
            return Err(MigrationError::AnotherDatabase);
        }
        Ok(())
    }

    /// Whether the schema has all that this program needs. What a newer one has added since it started it
    /// does not ask for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_current(&self) -> Result<bool, MigrationError> {
        Ok(pending(&applied(&mut *self.get().await?).await?)? == 0)
    }

    /// How many connections there are, and how many are wanted.
    #[must_use]
    pub fn status(&self) -> deadpool::Status {
        self.pool.status()
    }

    /// Closes the connections. Whoever asks for one after this gets an error.
    pub fn close(&self) {
        self.pool.close();
    }
}

fn pool(target: Target, connections: usize, kept: CacheSize) -> Pool<Connection> {
    let runtime = tokio::runtime::Handle::current();
    let mut config = ManagerConfig::default();
    // A test query before each use would cost 40% of the gate's rate; a connection
    // that was closed is noticed without one.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let (target, runtime) = (target.clone(), runtime.clone());
        async move {
            let opened = runtime.spawn(async move { Connection::open(&target).await });
            let mut connection = opened
                .await
                .map_err(|failure| ConnectionError::BadConnection(failure.to_string()))??;
            connection.set_prepared_statement_cache_size(kept);
            Ok(connection)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config("", config);
    Pool::builder(manager)
        .max_size(connections)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(PATIENCE))
        // Each of several hosts may take its time to not answer.
        .create_timeout(Some(6 * PATIENCE))
        .build()
        .expect("a runtime is set")
}

#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error("cannot connect to the database: {0}")]
    Unreachable(#[from] PoolError),
    #[error("cannot connect to the database: {0}")]
    Closed(#[from] ConnectionError),
    #[error(
        "DATABASE_LISTEN_URL leads to another database than DATABASE_URL: changes would not be \
         heard of"
    )]
    AnotherDatabase,
    #[error("PostgreSQL {0} is too old: Tokendesk needs {OLDEST_SERVER} or newer")]
    ServerTooOld(i32),
    #[error(
        "the database's schema is newer than this program: it has migration {0}, which this \
         program does not know. Start the version that made it, or a newer one"
    )]
    SchemaTooNew(String),
    #[error("the database refused: {0}")]
    Query(#[from] QueryError),
    #[error("a migration failed: {0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

async fn check_server_version(connection: &mut Connection) -> Result<(), MigrationError> {
    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = Integer)]
        number: i32,
    }
    let version: Version =
        sql_query("SELECT current_setting('server_version_num')::integer AS number")
            .get_result(connection)
            .await?;
    let major = version.number / 10_000;
    if u32::try_from(major).is_ok_and(|major| major < OLDEST_SERVER) {
        return Err(MigrationError::ServerTooOld(major));
    }
    Ok(())
}

/// The versions of migrations that the schema has; none before there is any.
async fn applied(connection: &mut Connection) -> Result<Vec<String>, MigrationError> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = Bool)]
        is_known: bool,
    }
    let known = "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS is_known";
    let known: Known = sql_query(known).get_result(connection).await?;
    if !known.is_known {
        return Ok(Vec::new());
    }
    let applied = sql_query("SELECT version FROM __diesel_schema_migrations");
    let applied: Vec<Applied> = applied.load(connection).await?;
    Ok(applied.into_iter().map(|row| row.version).collect())
}

/// Those of a schema that is none of a newer program.
async fn to_add_to(connection: &mut Connection) -> Result<Vec<String>, MigrationError> {
    let applied = applied(connection).await?;
    refuse_newer_schema(&applied)?;
    Ok(applied)
}

/// How many are still to be run.
fn pending(applied: &[String]) -> Result<usize, MigrationError> {
    let applied = applied.iter().map(|version| version.as_str().into());
    let applied: HashSet<MigrationVersion> = applied.collect();
    let known = known_migrations()?;
    let versions = known.iter().map(|known| known.name().version());
    Ok(versions.filter(|known| !applied.contains(known)).count())
}

/// Until the transaction ends.
async fn lock(guard: &mut Connection) -> Result<(), MigrationError> {
    // It is idle while another connection migrates.
    sql_query("SET LOCAL idle_in_transaction_session_timeout = 0")
        .execute(guard)
        .await?;
    tracing::info!("migrating the schema, once nobody else does");
    sql_query(format!("SELECT pg_advisory_xact_lock({MIGRATIONS_LOCK})"))
        .execute(guard)
        .await?;
    Ok(())
}

fn known_migrations() -> Result<Vec<Box<dyn Migration<Pg>>>, MigrationError> {
    MIGRATIONS.migrations().map_err(MigrationError::Failed)
}

fn refuse_newer_schema(applied: &[String]) -> Result<(), MigrationError> {
    let known = known_migrations()?;
    let is_known = |version: &str| {
        let version = MigrationVersion::from(version);
        known.iter().any(|known| known.name().version() == version)
    };
    match applied.iter().find(|version| !is_known(version)) {
        Some(unknown) => Err(MigrationError::SchemaTooNew(unknown.clone())),
        None => Ok(()),
    }
}

diesel::define_sql_function! {
    /// As the database's rules have it.
    fn lower(text: Text) -> Text;
}

/// Whether `error` says that this unique index or constraint already holds the value.
#[must_use]
pub fn violates(error: &QueryError, constraint: &str) -> bool {
    matches!(
        error,
        QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, details)
            if details.constraint_name() == Some(constraint)
    )
}

/// The pattern with which LIKE finds this text anywhere.
#[must_use]
pub fn anywhere(text: &str) -> String {
    format!("%{}%", escaped(text))
}

/// For LIKE, where `%`, `_` and `\` have a meaning of their own.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_")
}
