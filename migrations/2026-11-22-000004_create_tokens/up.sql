CREATE TABLE tokens (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    product_id uuid,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    -- The name as it is compared: NFKC, in lower case. Made by the application, so
    -- that it does not depend on the database's locale.
    name_folded text COLLATE "C" NOT NULL,
    -- The first 8 characters of the current secret.
    display text NOT NULL,
    standing text NOT NULL CHECK (standing IN ('active', 'disabled', 'revoked')),
    -- NULL: from before scopes existed; counts as "all".
    scopes text[],
    ip_ranges cidr[] NOT NULL DEFAULT '{}' CHECK (cardinality(ip_ranges) <= 100),
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    -- NULL: the command line.
    created_by uuid REFERENCES users ON DELETE SET NULL,
    created_by_name text NOT NULL,
    -- Counts the changes: an edit of an older version is a conflict.
    version integer NOT NULL DEFAULT 1,
    -- What lists sort and search by.
    expires_sort timestamptz NOT NULL
        GENERATED ALWAYS AS (coalesce(expires_at, timestamptz '9999-12-31 00:00:00+00')) STORED,
    search text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (name_folded || E'\n' || lower(display COLLATE "C")) STORED,
    FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id)
);
CREATE UNIQUE INDEX tokens_name_unless_revoked ON tokens (organization_id, name_folded)
    WHERE standing <> 'revoked';

-- One index an order of the list; the IDs are UUIDv7, so theirs is that of creation. What the
-- list is filtered by stands in them too, so that rows that do not fit are passed over fast.
CREATE INDEX tokens_newest ON tokens (organization_id, id)
    INCLUDE (standing, expires_sort, product_id, search);
CREATE INDEX tokens_by_name ON tokens (organization_id, name_folded, id)
    INCLUDE (standing, expires_sort, product_id, search);
CREATE INDEX tokens_by_expiry ON tokens (organization_id, expires_sort, id)
    INCLUDE (standing, product_id, search);
-- For the tabs and their counts.
CREATE INDEX tokens_by_status ON tokens (organization_id, standing, expires_sort, id);
CREATE INDEX tokens_by_product ON tokens (organization_id, product_id, standing, expires_sort)
    INCLUDE (search) WHERE product_id IS NOT NULL;
-- For when a user is deleted.
CREATE INDEX tokens_created_by ON tokens (created_by) WHERE created_by IS NOT NULL;

-- Search: trigrams find parts of three characters or more, short_grams the shorter ones: the
-- characters, and the pairs that begin at odd and at even places. It is called for each token
-- that is written, hence the built-in functions; the cost keeps it from being called for each
-- token that is read.
CREATE FUNCTION short_grams(word text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
BEGIN
    RETURN string_to_array(word, NULL)
        || string_to_array(regexp_replace(word, '(..)', E'\\1\x01', 'g'), E'\x01')
        || string_to_array(regexp_replace(substr(word, 2), '(..)', E'\\1\x01', 'g'), E'\x01');
END $$;
CREATE INDEX tokens_search ON tokens USING gin (search gin_trgm_ops);
CREATE INDEX tokens_search_short ON tokens USING gin (short_grams(search));
-- A fine histogram lets the planner tell a rare search from a common one.
ALTER TABLE tokens ALTER COLUMN search SET STATISTICS 2000;

CREATE FUNCTION revocation_is_for_ever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'token % is revoked', OLD.id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER revocation_is_for_ever BEFORE UPDATE ON tokens
    FOR EACH ROW WHEN (OLD.standing = 'revoked' AND NEW.standing <> 'revoked')
    EXECUTE FUNCTION revocation_is_for_ever();

CREATE TABLE secrets (
    -- SHA-256 of the secret.
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    token_id uuid NOT NULL REFERENCES tokens ON DELETE CASCADE,
    display text NOT NULL,
    created_at timestamptz NOT NULL,
    -- NULL: the current secret. Later than now: retiring. Else retired, and kept so
    -- that its use can be told from a guess.
    retires_at timestamptz
);
CREATE UNIQUE INDEX secrets_current ON secrets (token_id) WHERE retires_at IS NULL;
CREATE INDEX secrets_token_id ON secrets (token_id, created_at);
