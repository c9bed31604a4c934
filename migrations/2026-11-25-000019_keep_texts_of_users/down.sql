DROP INDEX scim_users_parts;
ALTER TABLE scim_users DROP COLUMN display_name, DROP COLUMN family_name, DROP COLUMN given_name,
    DROP COLUMN title, DROP COLUMN department;
CREATE INDEX scim_users_parts ON scim_users
    USING gin (organization_id, user_name_folded gin_trgm_ops, parts gin_trgm_ops);
