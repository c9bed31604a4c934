-- The tokens of a product in one status, by last use: without it, those of all products were read.
CREATE INDEX token_usage_by_product ON token_usage (organization_id, product_id, standing, expires_sort)
    INCLUDE (last_used_sort, token_id) WHERE product_id IS NOT NULL AND standing IS NOT NULL;
