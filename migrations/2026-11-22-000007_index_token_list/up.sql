-- The list of API tokens reads indexes alone. In each order it walks along one that holds what
-- it is filtered by; where little fits, it collects that by status, product or search instead.
DROP INDEX tokens_newest, tokens_by_name, tokens_by_expiry, tokens_by_status, tokens_by_product,
    tokens_search, tokens_search_short;

-- In order. The IDs are UUIDv7, so theirs is that of creation.
CREATE INDEX tokens_newest ON tokens (organization_id, id)
    INCLUDE (owner_id, standing, expires_sort, product_id, search);
CREATE INDEX tokens_by_name ON tokens (organization_id, name_folded, id)
    INCLUDE (standing, expires_sort, product_id, search) WHERE owner_id IS NULL;
CREATE INDEX tokens_by_expiry ON tokens (organization_id, expires_sort, id)
    INCLUDE (standing, product_id, search) WHERE owner_id IS NULL;

-- By what fits.
CREATE INDEX tokens_by_status ON tokens (organization_id, standing, expires_sort, id)
    INCLUDE (product_id, search) WHERE owner_id IS NULL;
CREATE INDEX tokens_by_product ON tokens (organization_id, product_id, standing, expires_sort, id)
    INCLUDE (owner_id, name_folded, search) WHERE product_id IS NOT NULL;
-- With a term, also what is narrow beside it; most tokens are active.
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE INDEX tokens_search ON tokens
    USING gin (search gin_trgm_ops, product_id, nullif(standing, 'active')) WHERE owner_id IS NULL;
CREATE INDEX tokens_search_short ON tokens
    USING gin (short_grams(search), product_id, nullif(standing, 'active')) WHERE owner_id IS NULL;

-- The order of last use stands in a table of its own, so that one has copies of what the list
-- is filtered by; none for MCP tokens, which are in no list of this length.
ALTER TABLE token_usage
    ADD COLUMN standing text,
    ADD COLUMN expires_sort timestamptz,
    ADD COLUMN product_id uuid,
    ADD COLUMN search text COLLATE "C";
UPDATE token_usage SET standing = tokens.standing, expires_sort = tokens.expires_sort,
    product_id = tokens.product_id, search = tokens.search
    FROM tokens WHERE tokens.id = token_id AND tokens.owner_id IS NULL;

CREATE FUNCTION token_usage_copies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT standing, expires_sort, product_id, search
        INTO NEW.standing, NEW.expires_sort, NEW.product_id, NEW.search
        FROM tokens WHERE id = NEW.token_id AND owner_id IS NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER token_usage_copies BEFORE INSERT ON token_usage
    FOR EACH ROW EXECUTE FUNCTION token_usage_copies();

CREATE FUNCTION token_usage_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE token_usage SET standing = NEW.standing, expires_sort = NEW.expires_sort,
        product_id = NEW.product_id, search = NEW.search WHERE token_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER token_usage_follows
    AFTER UPDATE OF standing, expires_at, product_id, name_folded, display ON tokens
    FOR EACH ROW WHEN (NEW.owner_id IS NULL) EXECUTE FUNCTION token_usage_follows();

DROP INDEX token_usage_by_last_use;
CREATE INDEX token_usage_by_last_use ON token_usage (organization_id, last_used_sort, token_id)
    INCLUDE (standing, expires_sort, product_id, search) WHERE standing IS NOT NULL;
CREATE INDEX token_usage_by_status ON token_usage (organization_id, standing, expires_sort)
    INCLUDE (last_used_sort, token_id, product_id) WHERE standing IS NOT NULL;
-- The token refers to the organisation.
ALTER TABLE token_usage DROP CONSTRAINT token_usage_organization_id_fkey;
