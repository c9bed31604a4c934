-- Whoever looks through a directory reads names, and not documents: a page of the table held five
-- users with their documents and holds forty without.
-- At once, as a server that is running would wait for a stronger lock, and this for the server.
LOCK TABLE scim_users IN ACCESS EXCLUSIVE MODE;
CREATE TABLE scim_documents (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    -- All attributes that have no column of their own, as the schema has them.
    document jsonb NOT NULL,
    -- The same in lower case, names too: no attribute in it is compared by case.
    folded jsonb NOT NULL GENERATED ALWAYS AS (lower(document::text)::jsonb) STORED,
    -- Parts of whatever text it has are looked for in this.
    parts text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(document::text)) STORED,
    PRIMARY KEY (organization_id, user_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships ON DELETE CASCADE
);

DROP INDEX scim_users_folded, scim_users_parts;
-- What is looked for and sorted by most. Of long texts the beginning, as an index takes no more.
ALTER TABLE scim_users DROP COLUMN display_name, DROP COLUMN family_name, DROP COLUMN given_name,
    DROP COLUMN title, DROP COLUMN department;
ALTER TABLE scim_users ADD COLUMN display_name text COLLATE "C",
    ADD COLUMN family_name text COLLATE "C", ADD COLUMN given_name text COLLATE "C",
    ADD COLUMN title text COLLATE "C", ADD COLUMN department text COLLATE "C";
CREATE FUNCTION scim_texts(document jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[
        left(lower(document ->> 'displayName'), 300),
        left(lower(document #>> '{name,familyName}'), 300),
        left(lower(document #>> '{name,givenName}'), 300),
        left(lower(document ->> 'title'), 300),
        left(lower(document #>>
            '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,department}'), 300)]
$$;
CREATE FUNCTION scim_document_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    texts text[] := scim_texts(NEW.document);
BEGIN
    IF texts <> scim_texts(OLD.document) THEN
        UPDATE scim_users SET display_name = texts[1], family_name = texts[2], given_name = texts[3],
                title = texts[4], department = texts[5]
            WHERE organization_id = NEW.organization_id AND user_id = NEW.user_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER scim_document_changes AFTER UPDATE OF document ON scim_documents
    FOR EACH ROW EXECUTE FUNCTION scim_document_changes();

INSERT INTO scim_documents (organization_id, user_id, document)
    SELECT organization_id, user_id, document FROM scim_users;
UPDATE scim_users SET display_name = texts[1], family_name = texts[2], given_name = texts[3],
        title = texts[4], department = texts[5]
    FROM (SELECT organization_id, user_id, scim_texts(document) AS texts FROM scim_documents) AS known
    WHERE known.organization_id = scim_users.organization_id AND known.user_id = scim_users.user_id;
ALTER TABLE scim_users DROP COLUMN parts, DROP COLUMN folded, DROP COLUMN document;
-- What is dropped leaves a row with its next change only. A column whose values have to be asked
-- for one by one has PostgreSQL write all of them now.
ALTER TABLE scim_users ADD COLUMN rewritten timestamptz DEFAULT clock_timestamp();
ALTER TABLE scim_users DROP COLUMN rewritten;

CREATE INDEX scim_users_display_name ON scim_users (organization_id, display_name, user_id);
CREATE INDEX scim_users_family_name ON scim_users (organization_id, family_name, user_id);
CREATE INDEX scim_users_given_name ON scim_users (organization_id, given_name, user_id);
CREATE INDEX scim_users_title ON scim_users (organization_id, title, user_id);
CREATE INDEX scim_users_department ON scim_users (organization_id, department, user_id);
CREATE INDEX scim_users_parts ON scim_users USING gin (organization_id, user_name_folded gin_trgm_ops,
    display_name gin_trgm_ops, family_name gin_trgm_ops, given_name gin_trgm_ops,
    title gin_trgm_ops, department gin_trgm_ops);
CREATE INDEX scim_documents_folded ON scim_documents
    USING gin (organization_id, folded jsonb_path_ops);
CREATE INDEX scim_documents_parts ON scim_documents
    USING gin (organization_id, parts gin_trgm_ops);

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
            display_name, family_name, given_name, title, department)
        VALUES (membership.organization_id, membership.user_id, name, membership.deactivated_at IS NULL,
            membership.created_at, coalesce(membership.deactivated_at, membership.created_at),
            texts[1], texts[2], texts[3], texts[4], texts[5])
        ON CONFLICT (organization_id, user_name_folded) DO NOTHING;
        IF FOUND THEN
            INSERT INTO scim_documents (organization_id, user_id, document)
            VALUES (membership.organization_id, membership.user_id, document);
            RETURN;
        END IF;
    END LOOP;
    RAISE unique_violation USING MESSAGE = 'somebody has the member''s ID for a user name';
END $$;

ANALYZE scim_users, scim_documents;
