-- A search for a part of a name or a prefix asks for its grams: all that is one to three
-- characters long in it, punctuation included. Trigrams of words alone cannot tell `sync eu` from
-- `sync-eu`, nor find `a_`; and which grams of a term are asked for is ours to choose here.
-- Called for each token that is written, hence the built-in functions; the cost keeps it from
-- being called for each token that is read.
CREATE FUNCTION grams(word text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
BEGIN
    RETURN string_to_array(word, NULL)
        || string_to_array(regexp_replace(word, '(..)', E'\\1\x01', 'g'), E'\x01')
        || string_to_array(regexp_replace(substr(word, 2), '(..)', E'\\1\x01', 'g'), E'\x01')
        || string_to_array(regexp_replace(word, '(...)', E'\\1\x01', 'g'), E'\x01')
        || string_to_array(regexp_replace(substr(word, 2), '(...)', E'\\1\x01', 'g'), E'\x01')
        || string_to_array(regexp_replace(substr(word, 3), '(...)', E'\\1\x01', 'g'), E'\x01');
END $$;
DROP INDEX tokens_search, tokens_search_short;
DROP FUNCTION short_grams;
-- With a term, also what is narrow beside it; most tokens are active.
CREATE INDEX tokens_search ON tokens
    USING gin (grams(search), product_id, nullif(standing, 'active')) WHERE owner_id IS NULL;
-- The fine histogram was for `LIKE`, and made ANALYZE slow.
ALTER TABLE tokens ALTER COLUMN search SET STATISTICS -1;
