-- An MCP token belongs to one user in the organisation. NULL: an API token, which belongs to
-- the organisation itself.
ALTER TABLE tokens ADD COLUMN owner_id uuid REFERENCES users ON DELETE CASCADE,
    ADD CHECK (owner_id IS NULL OR product_id IS NULL);

-- Names are unique among the organisation's API tokens, and among a user's MCP tokens there.
DROP INDEX tokens_name_unless_revoked;
CREATE UNIQUE INDEX tokens_name_unless_revoked ON tokens (organization_id, name_folded)
    WHERE standing <> 'revoked' AND owner_id IS NULL;
CREATE UNIQUE INDEX tokens_owner_name_unless_revoked
    ON tokens (organization_id, owner_id, name_folded)
    WHERE standing <> 'revoked' AND owner_id IS NOT NULL;
-- For when a user is deleted.
CREATE INDEX tokens_owner ON tokens (owner_id) WHERE owner_id IS NOT NULL;
