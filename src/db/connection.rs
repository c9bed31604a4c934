//! A connection to the database: Diesel's queries, carried by `tokio_postgres`.
//!
//! `diesel_async` has one, which prepares each statement under a name and in a round trip of
//! its own. Behind a pooler in transaction mode the name is lost before it is used, or another
//! client's: there, statements are sent whole, without a name. So is, everywhere, what is not
//! to be kept: that saves the trips for preparing and forgetting it.

mod failure;
mod row;

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};

use bytes::BytesMut;
use diesel::connection::{CacheSize, Instrumentation};
use diesel::pg::{Pg, PgMetadataLookup, PgQueryBuilder, PgTypeMetadata};
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{AsQuery, QueryBuilder, QueryFragment, QueryId};
use diesel::{ConnectionError, ConnectionResult, QueryResult};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, SimpleAsyncConnection,
    TransactionManager,
};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, Stream, StreamExt, TryStreamExt, stream};
use tokio::runtime::Handle;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, RowStream, Statement};

use self::failure::explained;
pub use self::failure::{is_canceled, is_unauthorized, unauthorized, with_causes};
use self::row::Row;
use super::url::Target;

/// An open connection. Dropped, it is closed once the server has answered what was sent.
pub struct Connection {
    client: Client,
    /// What was prepared, by its text and its parameters; `None`: nothing is to be kept.
    prepared: Option<HashMap<(String, Vec<Type>), Statement>>,
    transactions: AnsiTransactionManager,
    instrumentation: Option<Box<dyn Instrumentation>>,
    target: Target,
    /// Whether something was asked that is not answered yet.
    is_asked: Arc<AtomicBool>,
}

impl Connection {
    /// Connects, and has the server speak of times in UTC.
    ///
    /// # Errors
    /// When there is no connection to be had; the message says of each cause.
    pub async fn open(target: &Target) -> ConnectionResult<Self> {
        let (client, connection) = target.connect().await.map_err(|error| bad(&error))?;
        tokio::spawn(carry(connection));
        // A pooler keeps the time zone with its client.
        let utc = client.batch_execute("SET TIME ZONE 'UTC'").await;
        utc.map_err(|error| bad(&error))?;
        Ok(Self {
            client,
            prepared: Some(HashMap::new()),
            transactions: AnsiTransactionManager::default(),
            instrumentation: None,
            target: target.clone(),
            is_asked: Arc::default(),
        })
    }

    /// Ends it at once, whatever it is in the middle of.
    pub fn give_up(self) {
        let (target, token) = (self.target.clone(), self.client.cancel_token());
        drop(self);
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { target.cancel(&token).await });
        }
    }

    /// What was asked is answered once the first row has come, or there is none: of the others, nobody needs
    /// more than they have taken.
    fn answered(
        &self,
        mut rows: Pin<Box<RowStream>>,
    ) -> impl Stream<Item = QueryResult<Row>> + use<> {
        let is_asked = Arc::clone(&self.is_asked);
        stream::poll_fn(move |context| {
            let row = ready!(rows.as_mut().poll_next(context));
            is_asked.store(false, Ordering::Relaxed);
            Poll::Ready(row.map(|row| row.map(Row).map_err(explained)))
        })
    }

    async fn rows(&mut self, written: Written) -> QueryResult<RowStream> {
        self.is_asked.store(true, Ordering::Relaxed);
        let rows = self.send(written).await;
        self.is_asked.store(rows.is_ok(), Ordering::Relaxed);
        rows.map_err(explained)
    }

    async fn send(&mut self, written: Written) -> Result<RowStream, tokio_postgres::Error> {
        let Written {
            sql, parameters, ..
        } = written;
        let (types, values): (Vec<Type>, Vec<Value>) = parameters.into_iter().unzip();
        let Some(prepared) = self.prepared.as_mut().filter(|_| written.is_kept) else {
            let values = values.into_iter().zip(types);
            return self.client.query_typed_raw(&sql, values).await;
        };
        let key = (sql, types);
        if let Some(statement) = prepared.get(&key) {
            return self.client.query_raw(statement, values).await;
        }
        let statement = self.client.prepare_typed(&key.0, &key.1).await?;
        let rows = self.client.query_raw(&statement, values).await;
        prepared.insert(key, statement);
        rows
    }
}

/// Nobody listens here, and what the server notes in passing concerns nobody.
async fn carry(mut connection: super::url::Connection) {
    while let Some(Ok(_)) = poll_fn(|context| connection.poll_message(context)).await {}
}

fn bad(error: &dyn std::error::Error) -> ConnectionError {
    ConnectionError::BadConnection(with_causes(error))
}

/// A query as it is sent.
struct Written {
    sql: String,
    parameters: Vec<(Type, Value)>,
    /// Whether the text is the same each time.
    is_kept: bool,
}

impl Written {
    fn of(query: &(impl QueryFragment<Pg> + QueryId)) -> QueryResult<Self> {
        let mut sql = PgQueryBuilder::default();
        query.to_sql(&mut sql, &Pg)?;
        let mut binds = RawBytesBindCollector::<Pg>::new();
        query.collect_binds(&mut binds, &mut NoTypes, &Pg)?;
        let types = binds.metadata.iter().map(parameter_type);
        let types: Vec<Type> = types.collect::<QueryResult<_>>()?;
        Ok(Self {
            sql: sql.finish(),
            parameters: types
                .into_iter()
                .zip(binds.binds.into_iter().map(Value))
                .collect(),
            is_kept: query.is_safe_to_cache_prepared(&Pg)?,
        })
    }
}

fn parameter_type(metadata: &PgTypeMetadata) -> QueryResult<Type> {
    let oid = metadata
        .oid()
        .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))?;
    let unnamed = || Type::new(String::new(), oid, Kind::Simple, String::new());
    Ok(Type::from_oid(oid).unwrap_or_else(unnamed))
}

/// Types that are not PostgreSQL's own are left to the server to find out.
struct NoTypes;

impl PgMetadataLookup for NoTypes {
    fn lookup_type(&mut self, _: &str, _: Option<&str>) -> PgTypeMetadata {
        PgTypeMetadata::new(0, 0)
    }
}

/// A parameter, written by Diesel as its type says; `None` is NULL.
#[derive(Debug)]
struct Value(Option<Vec<u8>>);

impl ToSql for Value {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(bytes) = &self.0 else {
            return Ok(IsNull::Yes);
        };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl SimpleAsyncConnection for Connection {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.is_asked.store(true, Ordering::Relaxed);
        let done = self.client.batch_execute(query).await;
        self.is_asked.store(false, Ordering::Relaxed);
        done.map_err(explained)
    }
}

impl AsyncConnectionCore for Connection {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type Stream<'conn, 'query> = BoxStream<'static, QueryResult<Row>>;
    type Row<'conn, 'query> = Row;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let written = Written::of(&source.as_query());
        async move {
            let rows = self.rows(written?).await?;
            Ok(self.answered(Box::pin(rows)).boxed())
        }
        .boxed()
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        let written = Written::of(&source);
        async move {
            let mut rows = Box::pin(self.rows(written?).await?);
            let mut next = rows.try_next().await;
            while let Ok(Some(_)) = next {
                next = rows.try_next().await;
            }
            self.is_asked.store(false, Ordering::Relaxed);
            next.map_err(explained)?;
            let affected = rows.rows_affected().unwrap_or_default();
            Ok(usize::try_from(affected).unwrap_or(usize::MAX))
        }
        .boxed()
    }
}

impl AsyncConnection for Connection {
    type TransactionManager = AnsiTransactionManager;

    async fn establish(url: &str) -> ConnectionResult<Self> {
        let target = Target::parse(url).map_err(|error| bad(&error))?;
        Self::open(&target).await
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        &mut self.instrumentation
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.instrumentation = Some(Box::new(instrumentation));
    }

    /// [`CacheSize::Disabled`] behind a pooler in transaction mode.
    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.prepared = match size {
            CacheSize::Disabled => None,
            _ => Some(HashMap::new()),
        };
    }
}

impl PoolableConnection for Connection {
    fn is_broken(&mut self) -> bool {
        AnsiTransactionManager::is_broken_transaction_manager(self)
            || self.client.is_closed()
            || self.is_asked.load(Ordering::Relaxed)
    }
}
