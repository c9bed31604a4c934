DROP INDEX scim_users_parts;
ALTER TABLE scim_users ADD COLUMN document jsonb;
UPDATE scim_users SET document = scim_documents.document FROM scim_documents
    WHERE scim_documents.organization_id = scim_users.organization_id
        AND scim_documents.user_id = scim_users.user_id;
ALTER TABLE scim_users ALTER COLUMN document SET NOT NULL,
    DROP COLUMN display_name, DROP COLUMN family_name, DROP COLUMN given_name,
    DROP COLUMN title, DROP COLUMN department;
ALTER TABLE scim_users
    ADD COLUMN folded jsonb NOT NULL GENERATED ALWAYS AS (lower(document::text)::jsonb) STORED,
    ADD COLUMN parts text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (lower(document::text)) STORED,
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
CREATE INDEX scim_users_folded ON scim_users USING gin (organization_id, folded jsonb_path_ops);
CREATE INDEX scim_users_display_name ON scim_users (organization_id, display_name, user_id);
CREATE INDEX scim_users_family_name ON scim_users (organization_id, family_name, user_id);
CREATE INDEX scim_users_given_name ON scim_users (organization_id, given_name, user_id);
CREATE INDEX scim_users_title ON scim_users (organization_id, title, user_id);
CREATE INDEX scim_users_department ON scim_users (organization_id, department, user_id);
CREATE INDEX scim_users_parts ON scim_users USING gin (organization_id, user_name_folded gin_trgm_ops,
    parts gin_trgm_ops, display_name gin_trgm_ops, family_name gin_trgm_ops,
    given_name gin_trgm_ops, title gin_trgm_ops, department gin_trgm_ops);
DROP TABLE scim_documents;
DROP FUNCTION scim_document_changes, scim_texts;

CREATE OR REPLACE FUNCTION scim_user_of(membership memberships) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    member users;
    name text;
BEGIN
    SELECT * INTO member FROM users WHERE id = membership.user_id;
    FOREACH name IN ARRAY ARRAY[member.email, membership.user_id::text] LOOP
        INSERT INTO scim_users (organization_id, user_id, user_name, active, document, created_at, modified_at)
        VALUES (membership.organization_id, membership.user_id, name, membership.deactivated_at IS NULL,
            jsonb_build_object('displayName', member.name, 'name', scim_name(member.name),
                'emails', jsonb_build_array(
                    jsonb_build_object('value', member.email, 'type', 'work', 'primary', true))),
            membership.created_at, coalesce(membership.deactivated_at, membership.created_at))
        ON CONFLICT (organization_id, user_name_folded) DO NOTHING;
        IF FOUND THEN
            RETURN;
        END IF;
    END LOOP;
    RAISE unique_violation USING MESSAGE = 'somebody has the member''s ID for a user name';
END $$;
