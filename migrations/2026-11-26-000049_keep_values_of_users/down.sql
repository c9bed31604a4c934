DROP FUNCTION scim_values_of;
DROP TABLE scim_values;
CREATE OR REPLACE FUNCTION scim_texts(document jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[
        left(lower(document ->> 'displayName'), 300),
        left(lower(document #>> '{name,familyName}'), 300),
        left(lower(document #>> '{name,givenName}'), 300),
        left(lower(document ->> 'title'), 300),
        left(lower(company ->> 'department'), 300),
        left(lower(document #>> '{name,formatted}'), 300),
        CASE WHEN octet_length(emails) <= 2400 THEN emails ELSE left(emails, 600) END,
        left(lower(document ->> 'userType'), 300),
        left(lower(document ->> 'nickName'), 300),
        left(lower(document ->> 'preferredLanguage'), 300),
        left(lower(document ->> 'locale'), 300),
        left(lower(document ->> 'timezone'), 300),
        left(lower(company ->> 'employeeNumber'), 300),
        left(lower(company ->> 'costCenter'), 300),
        left(lower(company ->> 'organization'), 300),
        left(lower(company ->> 'division'), 300),
        left(lower(company #>> '{manager,value}'), 300)]
    FROM (SELECT document -> 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User' AS company,
        (SELECT E'\n' || string_agg(replace(lower(email #>> '{}'), E'\n', ' '), E'\n') || E'\n'
            FROM jsonb_path_query(document, '$.emails[*].value') AS email) AS emails) AS parts
$$;
CREATE OR REPLACE FUNCTION scim_document_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE scim_users SET display_name = $1[1], family_name = $1[2], given_name = $1[3],
            title = $1[4], department = $1[5], formatted_name = $1[6], emails = $1[7], user_type = $1[8],
            nick_name = $1[9], preferred_language = $1[10], locale = $1[11], timezone = $1[12],
            employee_number = $1[13], cost_center = $1[14], organization = $1[15], division = $1[16],
            manager = $1[17]
        WHERE organization_id = $2 AND user_id = $3
            AND $1 IS DISTINCT FROM ARRAY[display_name, family_name, given_name, title,
                department, formatted_name, emails, user_type, nick_name, preferred_language, locale,
                timezone, employee_number, cost_center, organization, division, manager]'
        USING scim_texts(NEW.document), NEW.organization_id, NEW.user_id;
    RETURN NULL;
END $$;
DROP INDEX scim_users_middle_name, scim_users_honorific_prefix, scim_users_honorific_suffix,
    scim_users_profile_url, scim_users_manager_ref, scim_users_manager_display_name;
ALTER TABLE scim_users
    DROP COLUMN middle_name,
    DROP COLUMN honorific_prefix,
    DROP COLUMN honorific_suffix,
    DROP COLUMN profile_url,
    DROP COLUMN manager_ref,
    DROP COLUMN manager_display_name;
ALTER TABLE scim_documents
    ADD COLUMN folded jsonb NOT NULL GENERATED ALWAYS AS (lower(document::text)::jsonb) STORED,
    ADD COLUMN parts text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(document::text)) STORED;
CREATE INDEX scim_documents_folded ON scim_documents
    USING gin (organization_id, folded jsonb_path_ops);
CREATE INDEX scim_documents_parts ON scim_documents
    USING gin (organization_id, parts gin_trgm_ops);
CREATE FUNCTION scim_contains(folded jsonb, part text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT folded @> lower(part)::jsonb $$;
CREATE FUNCTION scim_meets(folded jsonb, path text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT coalesce(folded @@ lower(path)::jsonpath, false) $$;
CREATE FUNCTION scim_text(folded jsonb, path text, other text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_path_query_first(folded, lower(path)::jsonpath),
        jsonb_path_query_first(folded, lower(other)::jsonpath)) #>> '{}'
$$;
