-- An end of a user name is a beginning, read backwards: an index finds and counts it as it does
-- those, where one of trigrams reads whoever shares a domain.
ALTER TABLE scim_users ADD COLUMN user_name_reversed text COLLATE "C" NOT NULL
    GENERATED ALWAYS AS (reverse(lower(user_name))) STORED;
CREATE INDEX scim_users_user_name_reversed
    ON scim_users (organization_id, user_name_reversed, user_id);
ANALYZE scim_users;
