DROP INDEX token_usage_by_product;
