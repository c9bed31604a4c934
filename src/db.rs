//! PostgreSQL: where it is, a pool of connections to it, and its schema.
//! The queries themselves stand with the features.

pub mod embedded;
pub mod schema;
pub mod types;
pub mod url;

use std::time::Duration;

use deadpool::Runtime;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::sql_types::{BigInt, Integer, Text};
use diesel::{ConnectionError, QueryableByName, sql_query};
use diesel_async::pooled_connection::deadpool::{Object, Pool, PoolError};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures_util::FutureExt;

use self::url::Target;

pub use diesel_async::AsyncPgConnection as Connection;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();
const OLDEST_SERVER: i32 = 13;
/// How long a request waits for a connection before it is told that there is none.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection of the pool's.
pub type Lent = Object<AsyncPgConnection>;

/// A pool of connections. Clones share it.
#[derive(Clone)]
pub struct Database {
    pool: Pool<AsyncPgConnection>,
}

impl Database {
    /// A pool of at most `connections`; none is made before it is needed. They live on the
    /// runtime that calls this, however short-lived the one that uses them.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[must_use]
    pub fn new(target: Target, connections: usize) -> Self {
        let runtime = tokio::runtime::Handle::current();
        let mut config = ManagerConfig::default();
        // A test query before each use would cost 40% of the gate's rate; a connection
        // that was closed is noticed without one.
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |_| {
            let (target, runtime) = (target.clone(), runtime.clone());
            async move {
                runtime
                    .spawn(async move { establish(&target).await })
                    .await
                    .unwrap_or_else(|failure| Err(bad_connection(&failure)))
            }
            .boxed()
        });
        let manager = AsyncDieselConnectionManager::new_with_config("", config);
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            // Each of several hosts may take its time to not answer.
            .create_timeout(Some(6 * PATIENCE))
            .build()
            .expect("a runtime is set");
        Self { pool }
    }

    /// A connection, to be held no longer than needed: a handler that waits for a second one
    /// while it holds the first can stand still under load.
    ///
    /// # Errors
    /// When none is to be had within five seconds.
    pub async fn get(&self) -> Result<Lent, PoolError> {
        self.pool.get().await
    }

    /// Brings the schema up to this program's version. Several instances may do so at once:
    /// the first does the work, under an advisory lock, while the others wait.
    ///
    /// # Errors
    /// [`MigrationError`]; the schema then is as the last whole migration left it.
    pub async fn migrate(&self) -> Result<usize, MigrationError> {
        let mut connection = self.get().await?;
        check_server_version(&mut connection).await?;
        sql_query("SELECT pg_advisory_lock(hashtext('tokendesk migrations'))")
            .execute(&mut connection)
            .await?;
        // Taken out of the pool: closing it releases the lock, whatever happens.
        let mut harness = AsyncMigrationHarness::new(Object::take(connection));
        refuse_newer_schema(&mut harness)?;
        let done = harness
            .run_pending_migrations(MIGRATIONS)
            .map_err(MigrationError::Failed)?;
        Ok(done.len())
    }

    /// Whether the schema is this program's version.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_current(&self) -> Result<bool, MigrationError> {
        #[derive(QueryableByName)]
        struct Applied {
            #[diesel(sql_type = Text)]
            version: String,
        }
        let mut connection = self.get().await?;
        let query = "SELECT version FROM __diesel_schema_migrations";
        let applied: Vec<Applied> = sql_query(query).load(&mut connection).await?;
        let known = known_migrations()?;
        let is_known = |applied: &Applied| {
            let version = applied.version.as_str();
            known
                .iter()
                .any(|known| known.name().version() == MigrationVersion::from(version))
        };
        Ok(applied.len() == known.len() && applied.iter().all(is_known))
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

async fn establish(target: &Target) -> Result<AsyncPgConnection, ConnectionError> {
    let (client, connection) = target.connect().await.map_err(|e| bad_connection(&e))?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

fn bad_connection(error: &dyn std::error::Error) -> ConnectionError {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    ConnectionError::BadConnection(message)
}

#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error("cannot connect to the database: {0}")]
    Unreachable(#[from] PoolError),
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
    if major < OLDEST_SERVER {
        return Err(MigrationError::ServerTooOld(major));
    }
    Ok(())
}

fn known_migrations() -> Result<Vec<Box<dyn Migration<Pg>>>, MigrationError> {
    MIGRATIONS.migrations().map_err(MigrationError::Failed)
}

fn refuse_newer_schema(
    harness: &mut AsyncMigrationHarness<AsyncPgConnection>,
) -> Result<(), MigrationError> {
    let known = known_migrations()?;
    let applied = harness
        .applied_migrations()
        .map_err(MigrationError::Failed)?;
    match applied.iter().find(|version| {
        !known
            .iter()
            .any(|known| known.name().version() == **version)
    }) {
        Some(unknown) => Err(MigrationError::SchemaTooNew(unknown.to_string())),
        None => Ok(()),
    }
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

/// The pattern with which LIKE finds this text anywhere: `%`, `_` and `\` have no meaning of
/// their own in it.
#[must_use]
pub fn anywhere(text: &str) -> String {
    let text = text
        .replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_");
    format!("%{text}%")
}

/// A row of one number, for hand-written SQL.
#[derive(QueryableByName)]
pub struct Count {
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}
