-- Who answers for API tokens of an organisation: the index is leapt through, from one person to
-- the next.
CREATE INDEX tokens_answered_for ON tokens (organization_id, responsible_id)
    WHERE owner_id IS NULL AND standing <> 'revoked' AND responsible_id IS NOT NULL;
