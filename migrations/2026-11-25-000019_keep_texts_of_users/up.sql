-- What directories are looked through by, as it is compared. In columns, since a document has to
-- be read and taken apart for each of the users that are counted; of long texts the beginning, as
-- an index takes no more.
ALTER TABLE scim_users
    ADD COLUMN display_name text COLLATE "C"
        GENERATED ALWAYS AS (left(lower(document ->> 'displayName'), 300)) STORED,
    ADD COLUMN family_name text COLLATE "C"
        GENERATED ALWAYS AS (left(lower(document #>> '{name,familyName}'), 300)) STORED,
    ADD COLUMN given_name text COLLATE "C"
        GENERATED ALWAYS AS (left(lower(document #>> '{name,givenName}'), 300)) STORED,
    ADD COLUMN title text COLLATE "C"
        GENERATED ALWAYS AS (left(lower(document ->> 'title'), 300)) STORED,
    ADD COLUMN department text COLLATE "C"
        GENERATED ALWAYS AS (left(lower(document #>>
            '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,department}'), 300)) STORED;
CREATE INDEX scim_users_display_name ON scim_users (organization_id, display_name, user_id);
CREATE INDEX scim_users_family_name ON scim_users (organization_id, family_name, user_id);
CREATE INDEX scim_users_given_name ON scim_users (organization_id, given_name, user_id);
CREATE INDEX scim_users_title ON scim_users (organization_id, title, user_id);
CREATE INDEX scim_users_department ON scim_users (organization_id, department, user_id);
-- Parts of them, as of all the others.
DROP INDEX scim_users_parts;
CREATE INDEX scim_users_parts ON scim_users USING gin (organization_id, user_name_folded gin_trgm_ops,
    parts gin_trgm_ops, display_name gin_trgm_ops, family_name gin_trgm_ops,
    given_name gin_trgm_ops, title gin_trgm_ops, department gin_trgm_ops);
