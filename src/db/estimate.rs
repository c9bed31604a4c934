//! How many rows PostgreSQL expects, which it tells at the price of a plan.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use serde::Deserialize;

use super::Connection;

struct Explain<Q>(Q);

#[derive(Deserialize)]
struct Explained {
    #[serde(rename = "Plan")]
    plan: Plan,
}

#[derive(Deserialize)]
struct Plan {
    #[serde(rename = "Plan Rows")]
    rows: u64,
}

/// An estimate by the statistics of what the query finds; far off where those say nothing.
///
/// # Errors
/// When the database fails.
pub async fn expected_rows<Q>(connection: &mut Connection, query: Q) -> QueryResult<u64>
where
    Q: QueryFragment<Pg> + Send,
{
    let plans: String = Explain(query).get_result(connection).await?;
    let plans: Result<Vec<Explained>, _> = serde_json::from_str(&plans);
    let first = plans.ok().and_then(|plans| plans.into_iter().next());
    Ok(first.map_or(u64::MAX, |first| first.plan.rows))
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
    // JSON, as it is written: a deep plan is deeper than values are read.
    type SqlType = Text;
}
