ALTER TABLE secrets DROP COLUMN is_retired;
