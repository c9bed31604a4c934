-- What was created with an Idempotency-Key, for a day: the same request with the same key creates
-- nothing more.
CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    -- The token that it came with; all zeros for AUTH_SECRET.
    caller uuid NOT NULL,
    -- SHA-256 of the key, and of the method, path and body.
    key bytea NOT NULL CHECK (octet_length(key) = 32),
    request bytea NOT NULL CHECK (octet_length(request) = 32),
    -- What was answered, without the secret; NULL only within the transaction that creates.
    answer jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, caller, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- With which token it was done, perhaps on behalf of the author.
ALTER TABLE journal ADD COLUMN author_token_id uuid;

-- Counts the changes, as elsewhere.
ALTER TABLE mcp_servers ADD COLUMN version integer NOT NULL DEFAULT 1;
