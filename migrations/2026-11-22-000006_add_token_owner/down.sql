DELETE FROM tokens WHERE owner_id IS NOT NULL;
DROP INDEX tokens_owner, tokens_owner_name_unless_revoked, tokens_name_unless_revoked;
ALTER TABLE tokens DROP COLUMN owner_id;
CREATE UNIQUE INDEX tokens_name_unless_revoked ON tokens (organization_id, name_folded)
    WHERE standing <> 'revoked';
