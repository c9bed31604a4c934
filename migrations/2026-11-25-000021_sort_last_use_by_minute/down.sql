ALTER TABLE token_usage RESET (fillfactor);
ALTER TABLE token_usage
    DROP COLUMN last_used_minute,
    ADD COLUMN last_used_sort timestamptz NOT NULL
        GENERATED ALWAYS AS (coalesce(last_used_at, timestamptz '1970-01-01 00:00:00+00')) STORED;
CREATE INDEX token_usage_by_last_use ON token_usage (organization_id, last_used_sort, token_id)
    INCLUDE (standing, expires_sort, product_id, search) WHERE standing IS NOT NULL;
CREATE INDEX token_usage_by_status ON token_usage (organization_id, standing, expires_sort)
    INCLUDE (last_used_sort, token_id, product_id) WHERE standing IS NOT NULL;
CREATE INDEX token_usage_by_product ON token_usage (organization_id, product_id, standing, expires_sort)
    INCLUDE (last_used_sort, token_id) WHERE product_id IS NOT NULL AND standing IS NOT NULL;
