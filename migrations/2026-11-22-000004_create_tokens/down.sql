DROP TABLE secrets, tokens;
DROP FUNCTION short_grams, revocation_is_for_ever;
