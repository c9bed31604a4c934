ALTER TABLE mcp_servers DROP COLUMN version;
ALTER TABLE journal DROP COLUMN author_token_id;
DROP TABLE idempotency_keys;
