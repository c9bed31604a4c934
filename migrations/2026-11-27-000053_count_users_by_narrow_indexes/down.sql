-- In the order in which changes and searches take them.
LOCK TABLE organizations IN EXCLUSIVE MODE;
LOCK TABLE directories, scim_users, scim_documents, scim_values IN ACCESS EXCLUSIVE MODE;
DROP INDEX scim_users_active_narrow,
    scim_users_title_narrow,
    scim_users_department_narrow,
    scim_users_user_type_narrow,
    scim_users_preferred_language_narrow,
    scim_users_locale_narrow,
    scim_users_timezone_narrow,
    scim_users_cost_center_narrow,
    scim_users_organization_narrow,
    scim_users_division_narrow;
DROP INDEX scim_users_parts;
CREATE INDEX scim_users_parts ON scim_users USING gin (organization_id, user_name_folded gin_trgm_ops,
    display_name gin_trgm_ops, family_name gin_trgm_ops, given_name gin_trgm_ops, title gin_trgm_ops,
    department gin_trgm_ops, formatted_name gin_trgm_ops, emails gin_trgm_ops, nick_name gin_trgm_ops,
    preferred_language gin_trgm_ops, locale gin_trgm_ops, timezone gin_trgm_ops,
    employee_number gin_trgm_ops, cost_center gin_trgm_ops, organization gin_trgm_ops,
    division gin_trgm_ops, manager gin_trgm_ops);
ALTER TABLE scim_values DROP COLUMN repeats_kind;
DROP INDEX scim_values_first;
CREATE OR REPLACE FUNCTION scim_values_of(known scim_documents) RETURNS SETOF scim_values
LANGUAGE sql IMMUTABLE AS $$
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
