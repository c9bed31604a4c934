-- Parts of whatever text a user's document has, where only those of email addresses were found by
-- an index. A column, since writing a document out for each row takes longer than to search it.
ALTER TABLE scim_users ADD COLUMN parts text COLLATE "C" NOT NULL
    GENERATED ALWAYS AS (lower(document::text)) STORED;
DROP INDEX scim_users_parts;
CREATE INDEX scim_users_parts ON scim_users
    USING gin (organization_id, user_name_folded gin_trgm_ops, parts gin_trgm_ops);
