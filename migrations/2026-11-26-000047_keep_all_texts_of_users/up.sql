-- Each text of which a user has one, so that no filter on it reads documents. The user's email
-- addresses get an index too, whose rows hold 2,700 bytes.
-- At once, as a server that is running would wait for a stronger lock, and this for the server.
LOCK TABLE scim_users IN ACCESS EXCLUSIVE MODE;
DROP INDEX scim_users_parts;
ALTER TABLE scim_users
    ADD COLUMN nick_name text COLLATE "C",
    ADD COLUMN preferred_language text COLLATE "C",
    ADD COLUMN locale text COLLATE "C",
    ADD COLUMN timezone text COLLATE "C",
    ADD COLUMN employee_number text COLLATE "C",
    ADD COLUMN cost_center text COLLATE "C",
    ADD COLUMN organization text COLLATE "C",
    ADD COLUMN division text COLLATE "C",
    ADD COLUMN manager text COLLATE "C";
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

UPDATE scim_users SET emails = texts[7], nick_name = texts[9], preferred_language = texts[10],
        locale = texts[11], timezone = texts[12], employee_number = texts[13], cost_center = texts[14],
        organization = texts[15], division = texts[16], manager = texts[17]
    FROM (SELECT organization_id, user_id, scim_texts(document) AS texts FROM scim_documents) AS known
    WHERE known.organization_id = scim_users.organization_id AND known.user_id = scim_users.user_id;
-- Written anew, as by migration 43.
ALTER TABLE scim_users ADD COLUMN rewritten timestamptz DEFAULT clock_timestamp();
ALTER TABLE scim_users DROP COLUMN rewritten;
CREATE INDEX scim_users_emails ON scim_users (organization_id, emails, user_id);
CREATE INDEX scim_users_nick_name ON scim_users (organization_id, nick_name, user_id);
CREATE INDEX scim_users_preferred_language ON scim_users (organization_id, preferred_language, user_id);
CREATE INDEX scim_users_locale ON scim_users (organization_id, locale, user_id);
CREATE INDEX scim_users_timezone ON scim_users (organization_id, timezone, user_id);
CREATE INDEX scim_users_employee_number ON scim_users (organization_id, employee_number, user_id);
CREATE INDEX scim_users_cost_center ON scim_users (organization_id, cost_center, user_id);
CREATE INDEX scim_users_organization ON scim_users (organization_id, organization, user_id);
CREATE INDEX scim_users_division ON scim_users (organization_id, division, user_id);
CREATE INDEX scim_users_manager ON scim_users (organization_id, manager, user_id);
CREATE INDEX scim_users_parts ON scim_users USING gin (organization_id, user_name_folded gin_trgm_ops,
    display_name gin_trgm_ops, family_name gin_trgm_ops, given_name gin_trgm_ops,
    title gin_trgm_ops, department gin_trgm_ops, formatted_name gin_trgm_ops,
    emails gin_trgm_ops, nick_name gin_trgm_ops, preferred_language gin_trgm_ops,
    locale gin_trgm_ops, timezone gin_trgm_ops, employee_number gin_trgm_ops,
    cost_center gin_trgm_ops, organization gin_trgm_ops, division gin_trgm_ops,
    manager gin_trgm_ops);
ANALYZE scim_users;
