//! How queries are planned.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::Connection;

/// For the rest of the transaction, no statement takes longer.
pub async fn limit_time(connection: &mut Connection, most: Duration) -> QueryResult<()> {
    let setting = sql_query("SELECT set_config('statement_timeout', $1, true)");
    let milliseconds = setting.bind::<Text, _>(most.as_millis().to_string());
    milliseconds.execute(connection).await?;
    Ok(())
}

/// For a transaction that has just begun, and changes nothing: all of its statements see the same.
pub async fn read_at_once(connection: &mut Connection) -> QueryResult<()> {
    let snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    sql_query(snapshot).execute(connection).await?;
    Ok(())
}

/// For the rest of the transaction, plans are made for the values that are asked for, as what
/// is best for a rare search is the worst for a common one, and for a database in memory.
pub async fn plan_afresh(connection: &mut Connection) -> QueryResult<()> {
    let settings = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), \
                    set_config('random_page_cost', '1.1', true), set_config('jit', 'off', true), \
                    set_config('max_parallel_workers_per_gather', '0', true)";
    sql_query(settings).execute(connection).await?;
    Ok(())
}
