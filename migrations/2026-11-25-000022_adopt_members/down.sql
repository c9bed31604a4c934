UPDATE groups SET name = left(name, 63) || ' ' || id WHERE char_length(name) > 100;
ALTER TABLE groups DROP CONSTRAINT groups_name_check,
    ADD CONSTRAINT groups_name_check CHECK (char_length(name) BETWEEN 1 AND 100);
CREATE OR REPLACE FUNCTION scim_user_of(membership memberships) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    member users;
    name text;
BEGIN
    SELECT * INTO member FROM users WHERE id = membership.user_id;
    FOREACH name IN ARRAY ARRAY[member.email, membership.user_id::text] LOOP
        INSERT INTO scim_users (organization_id, user_id, user_name, active, document, created_at, modified_at)
        VALUES (membership.organization_id, membership.user_id, name, membership.deactivated_at IS NULL,
            jsonb_build_object('displayName', member.name, 'name', jsonb_build_object('formatted', member.name),
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
UPDATE scim_users SET document = jsonb_set(document, '{name}',
        jsonb_build_object('formatted', document->'name'->'formatted'))
    WHERE NOT provisioned;
DROP FUNCTION scim_name;
ALTER TABLE scim_users DROP COLUMN provisioned;
