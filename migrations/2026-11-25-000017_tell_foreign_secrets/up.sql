-- The secret of an older system, or one of which nothing but its hash is known: what a client
-- sends for it need not look like ours. Where there is none, nothing else is looked up.
ALTER TABLE secrets ADD COLUMN is_foreign boolean NOT NULL DEFAULT false;
-- To see at once whether there is any, however many others there are.
CREATE INDEX secrets_foreign ON secrets (token_id) WHERE is_foreign;
