//! How many rows PostgreSQL expects, which it tells at the price of a plan.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::Json;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::Connection;

struct Explain<Q>(Q);

/// An estimate by the statistics of what the query finds; far off where those say nothing.
///
/// # Errors
/// When the database fails.
pub async fn expected_rows<Q>(connection: &mut Connection, query: Q) -> QueryResult<u64>
where
    Q: QueryFragment<Pg> + Send,
{
    let plan: Value = Explain(query).get_result(connection).await?;
    Ok(plan[0]["Plan"]["Plan Rows"].as_u64().unwrap_or(u64::MAX))
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Explain<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Asked once for each filter, and not worth a place among the statements that are kept.
        out.unsafe_to_cache_prepared();
        out.push_sql("EXPLAIN (FORMAT JSON) ");
        self.0.walk_ast(out)
    }
}

impl<Q> QueryId for Explain<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for Explain<Q> {
    type SqlType = Json;
}
