-- Three more that directories are looked through by, whatever share of the users has them.
-- Email addresses stand each on a line, with a line break before the first and after the last.
-- At once, as a server that is running would wait for a stronger lock, and this for the server.
LOCK TABLE scim_users IN ACCESS EXCLUSIVE MODE;
DROP INDEX scim_users_parts;
ALTER TABLE scim_users ADD COLUMN formatted_name text COLLATE "C",
    ADD COLUMN emails text COLLATE "C", ADD COLUMN user_type text COLLATE "C";
CREATE OR REPLACE FUNCTION scim_texts(document jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[
        left(lower(document ->> 'displayName'), 300),
        left(lower(document #>> '{name,familyName}'), 300),
        left(lower(document #>> '{name,givenName}'), 300),
        left(lower(document ->> 'title'), 300),
        left(lower(document #>>
            '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,department}'), 300),
        left(lower(document #>> '{name,formatted}'), 300),
        (SELECT E'\n' || string_agg(replace(lower(email #>> '{}'), E'\n', ' '), E'\n') || E'\n'
            FROM jsonb_path_query(document, '$.emails[*].value') AS email),
        left(lower(document ->> 'userType'), 300)]
$$;
CREATE OR REPLACE FUNCTION scim_document_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    texts text[] := scim_texts(NEW.document);
BEGIN
    IF texts <> scim_texts(OLD.document) THEN
        UPDATE scim_users SET display_name = texts[1], family_name = texts[2], given_name = texts[3],
                title = texts[4], department = texts[5], formatted_name = texts[6],
                emails = texts[7], user_type = texts[8]
            WHERE organization_id = NEW.organization_id AND user_id = NEW.user_id;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION scim_user_of(membership memberships) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    member users;
    name text;
    document jsonb;
    texts text[];
BEGIN
    SELECT * INTO member FROM users WHERE id = membership.user_id;
    document := jsonb_build_object('displayName', member.name, 'name', scim_name(member.name),
        'emails', jsonb_build_array(
            jsonb_build_object('value', member.email, 'type', 'work', 'primary', true)));
    texts := scim_texts(document);
    FOREACH name IN ARRAY ARRAY[member.email, membership.user_id::text] LOOP
        INSERT INTO scim_users (organization_id, user_id, user_name, active, created_at, modified_at,
            display_name, family_name, given_name, title, department, formatted_name, emails, user_type)
        VALUES (membership.organization_id, membership.user_id, name, membership.deactivated_at IS NULL,
            membership.created_at, coalesce(membership.deactivated_at, membership.created_at),
            texts[1], texts[2], texts[3], texts[4], texts[5], texts[6], texts[7], texts[8])
        ON CONFLICT (organization_id, user_name_folded) DO NOTHING;
        IF FOUND THEN
            INSERT INTO scim_documents (organization_id, user_id, document)
            VALUES (membership.organization_id, membership.user_id, document);
            RETURN;
        END IF;
    END LOOP;
    RAISE unique_violation USING MESSAGE = 'somebody has the member''s ID for a user name';
END $$;

UPDATE scim_users SET formatted_name = texts[6], emails = texts[7], user_type = texts[8]
    FROM (SELECT organization_id, user_id, scim_texts(document) AS texts FROM scim_documents) AS known
    WHERE known.organization_id = scim_users.organization_id AND known.user_id = scim_users.user_id;
-- Else the table stays twice as long as it has to be. A column whose values have to be asked for one
-- by one has PostgreSQL write it anew.
ALTER TABLE scim_users ADD COLUMN rewritten timestamptz DEFAULT clock_timestamp();
ALTER TABLE scim_users DROP COLUMN rewritten;
-- A type is asked for along with whether they are active, and most have the same.
CREATE INDEX scim_users_user_type ON scim_users (organization_id, user_type, user_id) INCLUDE (active);
CREATE INDEX scim_users_formatted_name ON scim_users (organization_id, formatted_name, user_id);
CREATE INDEX scim_users_parts ON scim_users USING gin (organization_id, user_name_folded gin_trgm_ops,
    display_name gin_trgm_ops, family_name gin_trgm_ops, given_name gin_trgm_ops,
    title gin_trgm_ops, department gin_trgm_ops, formatted_name gin_trgm_ops,
    emails gin_trgm_ops);
ANALYZE scim_users;
