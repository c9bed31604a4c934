-- A filter that no index answers reads what is known of everybody. What many share, such as a title, a type of
-- address or that they are active, now stands in one narrow index, by which whoever meets any of it is counted.
-- What else is asked of everybody is read from rows in which PostgreSQL knows where it stands: what is of
-- fixed length comes first, then what is filtered by most. That takes a new table.
-- In the order in which changes and searches take them.
LOCK TABLE organizations IN EXCLUSIVE MODE;
LOCK TABLE directories, scim_users, scim_documents, scim_values IN ACCESS EXCLUSIVE MODE;

-- The different kinds of values of a plural attribute, a line for each: type, country and whether it is primary,
-- with tabs between them, each behind an equals sign if it has one. Spaces stand for tabs and line breaks.
-- Empty where it is longer than an index takes, NULL where there is no value.
CREATE FUNCTION scim_kinds(plural jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN char_length(kinds) > 300 THEN '' ELSE kinds END
    FROM (SELECT string_agg(DISTINCT (
                coalesce('=' || translate(left(lower(value ->> 'type'), 300), E'\t\r\n', '   '), '') || E'\t'
                || coalesce('=' || translate(left(lower(value ->> 'country'), 300), E'\t\r\n', '   '), '') || E'\t'
                || CASE value -> 'primary' WHEN 'true' THEN '=t' WHEN 'false' THEN '=f' ELSE '' END
            ) COLLATE "C", E'\n') AS kinds
            FROM jsonb_path_query(plural, '$[*]') AS value) AS them
$$;
CREATE TABLE scim_users_in_order (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    active boolean NOT NULL,
    provisioned boolean NOT NULL DEFAULT false,
    has_enterprise boolean NOT NULL GENERATED ALWAYS AS (num_nonnulls(employee_number, cost_center,
        organization, division, department, manager, manager_ref, manager_display_name) > 0) STORED,
    -- Whether an index can hold all that is shared.
    is_short boolean NOT NULL GENERATED ALWAYS AS (octet_length(
        coalesce(user_type, '') || coalesce(title, '') || coalesce(department, '')
        || coalesce(cost_center, '') || coalesce(organization, '') || coalesce(division, '')
        || coalesce(preferred_language, '') || coalesce(locale, '') || coalesce(timezone, '')
        || coalesce(email_kinds, '') || coalesce(phone_number_kinds, '')
        || coalesce(address_kinds, '')) <= 2300) STORED,
    user_type text COLLATE "C",
    title text COLLATE "C",
    department text COLLATE "C",
    emails text COLLATE "C",
    user_name_folded text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(user_name)) STORED,
    user_name_reversed text COLLATE "C" NOT NULL GENERATED ALWAYS AS (reverse(lower(user_name))) STORED,
    display_name text COLLATE "C",
    family_name text COLLATE "C",
    given_name text COLLATE "C",
    formatted_name text COLLATE "C",
    external_id text COLLATE "C"
        CONSTRAINT scim_users_external_id_check CHECK (char_length(external_id) BETWEEN 1 AND 300),
    employee_number text COLLATE "C",
    nick_name text COLLATE "C",
    manager text COLLATE "C",
    cost_center text COLLATE "C",
    organization text COLLATE "C",
    division text COLLATE "C",
    preferred_language text COLLATE "C",
    locale text COLLATE "C",
    timezone text COLLATE "C",
    email_kinds text COLLATE "C",
    phone_number_kinds text COLLATE "C",
    address_kinds text COLLATE "C",
    middle_name text COLLATE "C",
    honorific_prefix text COLLATE "C",
    honorific_suffix text COLLATE "C",
    profile_url text COLLATE "C",
    manager_ref text COLLATE "C",
    manager_display_name text COLLATE "C",
    user_name text NOT NULL
        CONSTRAINT scim_users_user_name_check CHECK (char_length(user_name) BETWEEN 1 AND 300)
);
INSERT INTO scim_users_in_order (
    organization_id, user_id, created_at, modified_at, version, active, provisioned, user_type, title,
    department, emails, display_name, family_name, given_name, formatted_name, external_id,
    employee_number, nick_name, manager, cost_center, organization, division, preferred_language, locale,
    timezone, email_kinds, phone_number_kinds, address_kinds, middle_name, honorific_prefix,
    honorific_suffix, profile_url, manager_ref, manager_display_name, user_name)
SELECT
    organization_id, user_id, created_at, modified_at, version, active, provisioned, user_type, title,
    department, emails, display_name, family_name, given_name, formatted_name, external_id,
    employee_number, nick_name, manager, cost_center, organization, division, preferred_language, locale,
    timezone, scim_kinds(document -> 'emails'), scim_kinds(document -> 'phoneNumbers'),
    scim_kinds(document -> 'addresses'), middle_name, honorific_prefix, honorific_suffix, profile_url, manager_ref, manager_display_name,
    user_name
FROM scim_users LEFT JOIN scim_documents USING (organization_id, user_id)
ORDER BY organization_id, user_id;
DROP TABLE scim_users;
ALTER TABLE scim_users_in_order RENAME TO scim_users;

ALTER TABLE scim_users ADD CONSTRAINT scim_users_pkey PRIMARY KEY (organization_id, user_id);
ALTER TABLE scim_users ADD CONSTRAINT scim_users_organization_id_user_id_fkey
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships ON DELETE CASCADE;
CREATE INDEX scim_users_active ON scim_users (organization_id, active, user_id);
CREATE INDEX scim_users_active_narrow ON scim_users (organization_id, active);
CREATE INDEX scim_users_cost_center ON scim_users (organization_id, cost_center, user_id);
CREATE INDEX scim_users_created ON scim_users (organization_id, created_at, user_id);
CREATE INDEX scim_users_department ON scim_users (organization_id, department, user_id);
CREATE INDEX scim_users_display_name ON scim_users (organization_id, display_name, user_id);
CREATE INDEX scim_users_division ON scim_users (organization_id, division, user_id);
CREATE INDEX scim_users_emails ON scim_users (organization_id, emails, user_id);
CREATE INDEX scim_users_employee_number ON scim_users (organization_id, employee_number, user_id);
CREATE UNIQUE INDEX scim_users_external_id ON scim_users (organization_id, external_id) INCLUDE (user_id);
CREATE INDEX scim_users_family_name ON scim_users (organization_id, family_name, user_id);
CREATE INDEX scim_users_formatted_name ON scim_users (organization_id, formatted_name, user_id);
CREATE INDEX scim_users_given_name ON scim_users (organization_id, given_name, user_id);
CREATE INDEX scim_users_honorific_prefix
    ON scim_users (organization_id, honorific_prefix, user_id) WHERE honorific_prefix IS NOT NULL;
CREATE INDEX scim_users_honorific_suffix
    ON scim_users (organization_id, honorific_suffix, user_id) WHERE honorific_suffix IS NOT NULL;
CREATE INDEX scim_users_locale ON scim_users (organization_id, locale, user_id);
CREATE INDEX scim_users_manager ON scim_users (organization_id, manager, user_id);
CREATE INDEX scim_users_manager_display_name ON scim_users
    (organization_id, manager_display_name, user_id) WHERE manager_display_name IS NOT NULL;
CREATE INDEX scim_users_manager_ref
    ON scim_users (organization_id, manager_ref, user_id) WHERE manager_ref IS NOT NULL;
CREATE INDEX scim_users_middle_name
    ON scim_users (organization_id, middle_name, user_id) WHERE middle_name IS NOT NULL;
CREATE INDEX scim_users_modified ON scim_users (organization_id, modified_at, user_id);
CREATE INDEX scim_users_nick_name ON scim_users (organization_id, nick_name, user_id);
CREATE INDEX scim_users_organization ON scim_users (organization_id, organization, user_id);
CREATE INDEX scim_users_parts ON scim_users USING gin
    (organization_id, user_name_folded gin_trgm_ops, display_name gin_trgm_ops,
        family_name gin_trgm_ops, given_name gin_trgm_ops, title gin_trgm_ops, department gin_trgm_ops,
        formatted_name gin_trgm_ops, emails gin_trgm_ops, nick_name gin_trgm_ops,
        employee_number gin_trgm_ops, manager gin_trgm_ops);
CREATE INDEX scim_users_preferred_language ON scim_users (organization_id, preferred_language, user_id);
CREATE INDEX scim_users_profile_url
    ON scim_users (organization_id, profile_url, user_id) WHERE profile_url IS NOT NULL;
CREATE INDEX scim_users_timezone ON scim_users (organization_id, timezone, user_id);
CREATE INDEX scim_users_title ON scim_users (organization_id, title, user_id);
CREATE UNIQUE INDEX scim_users_user_name
    ON scim_users (organization_id, user_name_folded) INCLUDE (user_id, active);
CREATE INDEX scim_users_user_name_reversed ON scim_users (organization_id, user_name_reversed, user_id);
CREATE INDEX scim_users_user_type ON scim_users (organization_id, user_type, user_id);
CREATE INDEX scim_users_email_kinds ON scim_users (organization_id, email_kinds, user_id);
CREATE INDEX scim_users_phone_number_kinds ON scim_users (organization_id, phone_number_kinds, user_id);
CREATE INDEX scim_users_address_kinds ON scim_users (organization_id, address_kinds, user_id);
-- Whoever shares all of it stands in it together, in six bytes each.
CREATE INDEX scim_users_shared ON scim_users (organization_id, active, user_type, title, department,
        cost_center, organization, division, preferred_language, locale, timezone, has_enterprise,
        email_kinds, phone_number_kinds, address_kinds)
    WHERE is_short;
CREATE INDEX scim_users_long ON scim_users (organization_id) WHERE NOT is_short;
CREATE TRIGGER directory_changes AFTER INSERT OR DELETE OR UPDATE ON scim_users
    FOR EACH ROW EXECUTE FUNCTION directory_changes();
CREATE TRIGGER directory_truncated AFTER TRUNCATE ON scim_users
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changes();

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
        left(lower(company #>> '{manager,displayName}'), 300),
        scim_kinds(document -> 'emails'),
        scim_kinds(document -> 'phoneNumbers'),
        scim_kinds(document -> 'addresses')]
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
            profile_url = $1[21], manager_ref = $1[22], manager_display_name = $1[23],
            email_kinds = $1[24], phone_number_kinds = $1[25], address_kinds = $1[26]
        WHERE organization_id = $2 AND user_id = $3
            AND $1 IS DISTINCT FROM ARRAY[display_name, family_name, given_name, title,
                department, formatted_name, emails, user_type, nick_name, preferred_language, locale,
                timezone, employee_number, cost_center, organization, division, manager, middle_name,
                honorific_prefix, honorific_suffix, profile_url, manager_ref, manager_display_name,
                email_kinds, phone_number_kinds, address_kinds]'
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

-- Kinds were counted by these.
DROP INDEX scim_values_first;
DROP INDEX scim_values_of_kind;
-- What values of a kind are.
CREATE INDEX scim_values_email_of_kind ON scim_values (organization_id, kind, value)
    WHERE attribute = 'emails';
CREATE INDEX scim_values_phone_number_of_kind ON scim_values (organization_id, kind, value)
    WHERE attribute = 'phoneNumbers';
CREATE INDEX scim_values_locality_of_kind ON scim_values (organization_id, kind, locality)
    WHERE attribute = 'addresses';
ANALYZE scim_users, scim_values;
