ALTER TABLE tokens ALTER COLUMN search SET STATISTICS 2000;
DROP INDEX tokens_search;
DROP FUNCTION grams;
CREATE FUNCTION short_grams(word text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
BEGIN
    RETURN string_to_array(word, NULL)
        || string_to_array(regexp_replace(word, '(..)', E'\\1\x01', 'g'), E'\x01')
        || string_to_array(regexp_replace(substr(word, 2), '(..)', E'\\1\x01', 'g'), E'\x01');
END $$;
CREATE INDEX tokens_search ON tokens
    USING gin (search gin_trgm_ops, product_id, nullif(standing, 'active')) WHERE owner_id IS NULL;
CREATE INDEX tokens_search_short ON tokens
    USING gin (short_grams(search), product_id, nullif(standing, 'active')) WHERE owner_id IS NULL;
