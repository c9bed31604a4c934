-- Each value of a plural attribute has a row, and each text of which a user has one a column: no filter
-- and no order reads documents, whose copies in lower case and indexes go.
-- At once, as a server that is running would wait for a stronger lock, and this for the server.
LOCK TABLE scim_users, scim_documents IN ACCESS EXCLUSIVE MODE;
CREATE TABLE scim_values (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    -- By its name in the schema.
    attribute text COLLATE "C" NOT NULL,
    -- The first is 1.
    number bigint NOT NULL,
    is_primary boolean,
    -- In lower case. Of long texts the beginning, as an index takes no more.
    kind text COLLATE "C",
    value text COLLATE "C",
    display text COLLATE "C",
    -- Of postal addresses.
    formatted text COLLATE "C",
    street_address text COLLATE "C",
    locality text COLLATE "C",
    region text COLLATE "C",
    postal_code text COLLATE "C",
    country text COLLATE "C",
    PRIMARY KEY (organization_id, user_id, attribute, number),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships ON DELETE CASCADE
);
CREATE FUNCTION scim_values_of(known scim_documents) RETURNS SETOF scim_values LANGUAGE sql IMMUTABLE AS $$
    SELECT known.organization_id, known.user_id, attribute, number,
        CASE it -> 'primary' WHEN 'true' THEN true WHEN 'false' THEN false END,
        left(lower(it ->> 'type'), 300),
        left(lower(it ->> 'value'), 300),
        left(lower(it ->> 'display'), 300),
        left(lower(it ->> 'formatted'), 300),
        left(lower(it ->> 'streetAddress'), 300),
        left(lower(it ->> 'locality'), 300),
        left(lower(it ->> 'region'), 300),
        left(lower(it ->> 'postalCode'), 300),
        left(lower(it ->> 'country'), 300)
    FROM unnest(ARRAY['emails', 'phoneNumbers', 'ims', 'photos', 'addresses', 'entitlements', 'roles',
            'x509Certificates']) AS attribute,
        jsonb_path_query(known.document -> attribute, '$[*]') WITH ORDINALITY AS plural (it, number)
$$;

ALTER TABLE scim_users
    ADD COLUMN middle_name text COLLATE "C",
    ADD COLUMN honorific_prefix text COLLATE "C",
    ADD COLUMN honorific_suffix text COLLATE "C",
    ADD COLUMN profile_url text COLLATE "C",
    ADD COLUMN manager_ref text COLLATE "C",
    ADD COLUMN manager_display_name text COLLATE "C";
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

INSERT INTO scim_values SELECT it.* FROM scim_documents AS known, scim_values_of(known) AS it;
UPDATE scim_users SET middle_name = texts[18], honorific_prefix = texts[19], honorific_suffix = texts[20],
        profile_url = texts[21], manager_ref = texts[22], manager_display_name = texts[23]
    FROM (SELECT organization_id, user_id, scim_texts(document) AS texts FROM scim_documents
        WHERE document -> 'name' ?| ARRAY['middleName', 'honorificPrefix', 'honorificSuffix']
            OR document ? 'profileUrl'
            OR document #> '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,manager}'
                ?| ARRAY['$ref', 'displayName']) AS known
    WHERE known.organization_id = scim_users.organization_id AND known.user_id = scim_users.user_id;

DROP INDEX scim_documents_folded, scim_documents_parts;
ALTER TABLE scim_documents DROP COLUMN folded, DROP COLUMN parts;
-- Written anew, as by migration 43.
ALTER TABLE scim_documents ADD COLUMN rewritten timestamptz DEFAULT clock_timestamp();
ALTER TABLE scim_documents DROP COLUMN rewritten;
DROP FUNCTION scim_contains, scim_meets, scim_text;

CREATE INDEX scim_users_middle_name ON scim_users (organization_id, middle_name, user_id)
    WHERE middle_name IS NOT NULL;
CREATE INDEX scim_users_honorific_prefix ON scim_users (organization_id, honorific_prefix, user_id)
    WHERE honorific_prefix IS NOT NULL;
CREATE INDEX scim_users_honorific_suffix ON scim_users (organization_id, honorific_suffix, user_id)
    WHERE honorific_suffix IS NOT NULL;
CREATE INDEX scim_users_profile_url ON scim_users (organization_id, profile_url, user_id)
    WHERE profile_url IS NOT NULL;
CREATE INDEX scim_users_manager_ref ON scim_users (organization_id, manager_ref, user_id)
    WHERE manager_ref IS NOT NULL;
CREATE INDEX scim_users_manager_display_name ON scim_users (organization_id, manager_display_name, user_id)
    WHERE manager_display_name IS NOT NULL;
-- By user, for what many have: who has several is counted once.
CREATE INDEX scim_values_users ON scim_values (organization_id, attribute, user_id, number)
    INCLUDE (is_primary, kind, value);
CREATE INDEX scim_values_kind ON scim_values (organization_id, attribute, kind, user_id);
CREATE INDEX scim_values_value ON scim_values (organization_id, attribute, value, user_id);
CREATE INDEX scim_values_display ON scim_values (organization_id, attribute, display, user_id)
    WHERE display IS NOT NULL;
CREATE INDEX scim_values_formatted ON scim_values (organization_id, formatted, user_id)
    WHERE attribute = 'addresses';
CREATE INDEX scim_values_street_address ON scim_values (organization_id, street_address, user_id)
    WHERE attribute = 'addresses';
CREATE INDEX scim_values_locality ON scim_values (organization_id, locality, user_id)
    WHERE attribute = 'addresses';
CREATE INDEX scim_values_region ON scim_values (organization_id, region, user_id)
    WHERE attribute = 'addresses';
CREATE INDEX scim_values_postal_code ON scim_values (organization_id, postal_code, user_id)
    WHERE attribute = 'addresses';
CREATE INDEX scim_values_country ON scim_values (organization_id, country, user_id)
    WHERE attribute = 'addresses';
CREATE INDEX scim_values_parts ON scim_values USING gin (organization_id, attribute, value gin_trgm_ops,
    display gin_trgm_ops, formatted gin_trgm_ops, street_address gin_trgm_ops, locality gin_trgm_ops);
-- Which kinds there are depends on the attribute.
CREATE STATISTICS scim_values_kinds (mcv) ON attribute, is_primary, kind, country FROM scim_values;
ANALYZE scim_users, scim_documents, scim_values;
