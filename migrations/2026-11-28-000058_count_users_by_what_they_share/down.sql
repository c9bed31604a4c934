-- The order of columns stays: what came before knows them by their names.
LOCK TABLE organizations IN EXCLUSIVE MODE;
LOCK TABLE directories, scim_users, scim_documents, scim_values IN ACCESS EXCLUSIVE MODE;
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
        left(lower(company #>> '{manager,value}'), 300),
        left(lower(document #>> '{name,middleName}'), 300),
        left(lower(document #>> '{name,honorificPrefix}'), 300),
        left(lower(document #>> '{name,honorificSuffix}'), 300),
        left(lower(document ->> 'profileUrl'), 300),
        left(lower(company #>> '{manager,$ref}'), 300),
        left(lower(company #>> '{manager,displayName}'), 300)]
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
            manager = $1[17], middle_name = $1[18], honorific_prefix = $1[19], honorific_suffix = $1[20],
            profile_url = $1[21], manager_ref = $1[22], manager_display_name = $1[23]
        WHERE organization_id = $2 AND user_id = $3
            AND $1 IS DISTINCT FROM ARRAY[display_name, family_name, given_name, title,
                department, formatted_name, emails, user_type, nick_name, preferred_language, locale,
                timezone, employee_number, cost_center, organization, division, manager, middle_name,
                honorific_prefix, honorific_suffix, profile_url, manager_ref, manager_display_name]'
        USING scim_texts(NEW.document), NEW.organization_id, NEW.user_id;
    IF TG_OP = 'UPDATE' THEN
        IF ARRAY(SELECT it FROM scim_values_of(OLD) AS it)
                = ARRAY(SELECT it FROM scim_values_of(NEW) AS it) THEN
            RETURN NULL;
        END IF;
        EXECUTE 'DELETE FROM scim_values WHERE organization_id = $1 AND user_id = $2'
            USING NEW.organization_id, NEW.user_id;
    END IF;
    INSERT INTO scim_values SELECT * FROM scim_values_of(NEW);
    RETURN NULL;
END $$;
DROP FUNCTION scim_kinds;
-- With their indexes.
ALTER TABLE scim_users DROP COLUMN is_short;
ALTER TABLE scim_users DROP COLUMN has_enterprise, DROP COLUMN email_kinds,
    DROP COLUMN phone_number_kinds, DROP COLUMN address_kinds;
CREATE INDEX scim_users_title_narrow ON scim_users (organization_id, title, active);
CREATE INDEX scim_users_department_narrow ON scim_users (organization_id, department, active);
CREATE INDEX scim_users_user_type_narrow ON scim_users (organization_id, user_type, active);
CREATE INDEX scim_users_preferred_language_narrow ON scim_users (organization_id, preferred_language, active);
CREATE INDEX scim_users_locale_narrow ON scim_users (organization_id, locale, active);
CREATE INDEX scim_users_timezone_narrow ON scim_users (organization_id, timezone, active);
CREATE INDEX scim_users_cost_center_narrow ON scim_users (organization_id, cost_center, active);
CREATE INDEX scim_users_organization_narrow ON scim_users (organization_id, organization, active);
CREATE INDEX scim_users_division_narrow ON scim_users (organization_id, division, active);
DROP INDEX scim_users_user_type;
CREATE INDEX scim_users_user_type ON scim_users (organization_id, user_type, user_id) INCLUDE (active);
DROP INDEX scim_users_title;
CREATE INDEX scim_users_title ON scim_users (organization_id, title, user_id) INCLUDE (active);
DROP INDEX scim_users_department;
CREATE INDEX scim_users_department ON scim_users (organization_id, department, user_id) INCLUDE (active);
DROP INDEX scim_users_cost_center;
CREATE INDEX scim_users_cost_center ON scim_users (organization_id, cost_center, user_id) INCLUDE (active);
DROP INDEX scim_users_organization;
CREATE INDEX scim_users_organization ON scim_users (organization_id, organization, user_id) INCLUDE (active);
DROP INDEX scim_users_division;
CREATE INDEX scim_users_division ON scim_users (organization_id, division, user_id) INCLUDE (active);
DROP INDEX scim_users_preferred_language;
CREATE INDEX scim_users_preferred_language ON scim_users (organization_id, preferred_language, user_id) INCLUDE (active);
DROP INDEX scim_users_locale;
CREATE INDEX scim_users_locale ON scim_users (organization_id, locale, user_id) INCLUDE (active);
DROP INDEX scim_users_timezone;
CREATE INDEX scim_users_timezone ON scim_users (organization_id, timezone, user_id) INCLUDE (active);
CREATE INDEX scim_values_first ON scim_values (organization_id, attribute) WHERE number = 1;
CREATE INDEX scim_values_of_kind ON scim_values (organization_id, attribute, kind, country, is_primary);
DROP INDEX scim_values_email_of_kind;
DROP INDEX scim_values_phone_number_of_kind;
DROP INDEX scim_values_locality_of_kind;
