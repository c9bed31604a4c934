DROP INDEX secrets_foreign;
ALTER TABLE secrets DROP COLUMN is_foreign;
