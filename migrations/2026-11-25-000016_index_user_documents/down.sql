DROP INDEX scim_users_parts;
CREATE INDEX scim_users_parts ON scim_users
    USING gin (organization_id, user_name_folded gin_trgm_ops, ((folded -> 'emails')::text) gin_trgm_ops);
ALTER TABLE scim_users DROP COLUMN parts;
