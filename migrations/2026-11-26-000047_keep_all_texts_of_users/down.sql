DROP INDEX scim_users_emails;
DROP INDEX scim_users_parts;
CREATE OR REPLACE FUNCTION scim_document_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE scim_users SET display_name = $1[1], family_name = $1[2], given_name = $1[3],
            title = $1[4], department = $1[5], formatted_name = $1[6], emails = $1[7], user_type = $1[8]
        WHERE organization_id = $2 AND user_id = $3
            AND $1 IS DISTINCT FROM ARRAY[display_name, family_name, given_name, title,
                department, formatted_name, emails, user_type]'
        USING scim_texts(NEW.document), NEW.organization_id, NEW.user_id;
    RETURN NULL;
END $$;
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
ALTER TABLE scim_users
    DROP COLUMN nick_name,
    DROP COLUMN preferred_language,
    DROP COLUMN locale,
    DROP COLUMN timezone,
    DROP COLUMN employee_number,
    DROP COLUMN cost_center,
    DROP COLUMN organization,
    DROP COLUMN division,
    DROP COLUMN manager;
CREATE INDEX scim_users_parts ON scim_users USING gin (organization_id, user_name_folded gin_trgm_ops,
    display_name gin_trgm_ops, family_name gin_trgm_ops, given_name gin_trgm_ops,
    title gin_trgm_ops, department gin_trgm_ops, formatted_name gin_trgm_ops,
    emails gin_trgm_ops);
