ALTER TABLE token_usage ADD FOREIGN KEY (organization_id) REFERENCES organizations
    ON DELETE CASCADE;
DROP INDEX token_usage_by_status, token_usage_by_last_use;
DROP TRIGGER token_usage_follows ON tokens;
DROP TRIGGER token_usage_copies ON token_usage;
DROP FUNCTION token_usage_follows, token_usage_copies;
ALTER TABLE token_usage DROP COLUMN standing, DROP COLUMN expires_sort, DROP COLUMN product_id,
    DROP COLUMN search;
CREATE INDEX token_usage_by_last_use ON token_usage (organization_id, last_used_sort, token_id);

DROP INDEX tokens_newest, tokens_by_name, tokens_by_expiry, tokens_by_status, tokens_by_product,
    tokens_search, tokens_search_short;
CREATE INDEX tokens_newest ON tokens (organization_id, id)
    INCLUDE (standing, expires_sort, product_id, search);
CREATE INDEX tokens_by_name ON tokens (organization_id, name_folded, id)
    INCLUDE (standing, expires_sort, product_id, search);
CREATE INDEX tokens_by_expiry ON tokens (organization_id, expires_sort, id)
    INCLUDE (standing, product_id, search);
CREATE INDEX tokens_by_status ON tokens (organization_id, standing, expires_sort, id);
CREATE INDEX tokens_by_product ON tokens (organization_id, product_id, standing, expires_sort)
    INCLUDE (search) WHERE product_id IS NOT NULL;
CREATE INDEX tokens_search ON tokens USING gin (search gin_trgm_ops);
CREATE INDEX tokens_search_short ON tokens USING gin (short_grams(search));
