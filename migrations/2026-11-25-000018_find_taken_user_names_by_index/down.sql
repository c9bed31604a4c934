CREATE OR REPLACE FUNCTION scim_user_of(membership memberships) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO scim_users (organization_id, user_id, user_name, active, document, created_at, modified_at)
    SELECT membership.organization_id, membership.user_id,
        -- Someone else may have the address for a user name.
        CASE WHEN EXISTS (SELECT FROM scim_users AS other
            WHERE other.organization_id = membership.organization_id
                AND other.user_name_folded = lower(users.email))
            THEN membership.user_id::text ELSE users.email END,
        membership.deactivated_at IS NULL,
        jsonb_build_object('displayName', name, 'name', jsonb_build_object('formatted', name),
            'emails', jsonb_build_array(
                jsonb_build_object('value', email, 'type', 'work', 'primary', true))),
        membership.created_at, coalesce(membership.deactivated_at, membership.created_at)
    FROM users WHERE users.id = membership.user_id;
END $$;
