//! What PostgreSQL knows of the schema.

use tokio_postgres::{Config, NoTls, Row};

/// All that the migrations make, a line for each thing.
pub async fn schema(database: &Config) -> Vec<String> {
    let lines = query(database, SCHEMA).await;
    lines.iter().map(|row| row.get(0)).collect()
}

pub async fn query(database: &Config, query: &str) -> Vec<Row> {
    let (client, connection) = database.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.query(query, &[]).await.unwrap()
}

/// Diesel's own table and what belongs to extensions are left out. Columns are counted without
/// those that were dropped, whose numbers are not used again.
const SCHEMA: &str = "
WITH relation AS (
    SELECT oid, relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 'I', 'c')
        AND relname <> '__diesel_schema_migrations'
)
SELECT format('relation %s', relname) AS line FROM relation
UNION ALL
SELECT format('column %s.%s %s %s %s %s %s %s %s', relname,
    rank() OVER (PARTITION BY attrelid ORDER BY attnum), attname,
    format_type(atttypid, atttypmod), attcollation::regcollation, attnotnull,
    pg_get_expr(adbin, adrelid), attgenerated, attstattarget)
FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
UNION ALL
SELECT format('constraint %s.%s %s', relname, conname, pg_get_constraintdef(pg_constraint.oid))
FROM relation JOIN pg_constraint ON conrelid = relation.oid
UNION ALL
SELECT format('index %s', pg_get_indexdef(indexrelid))
FROM relation JOIN pg_index ON indrelid = relation.oid
UNION ALL
SELECT format('trigger %s', pg_get_triggerdef(pg_trigger.oid))
FROM relation JOIN pg_trigger ON tgrelid = relation.oid AND NOT tgisinternal
UNION ALL
SELECT format('function %s', pg_get_functiondef(pg_proc.oid))
FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid
        AND deptype = 'e')
ORDER BY line";
