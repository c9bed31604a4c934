-- Clients that import members want a given and a family name.
CREATE FUNCTION scim_name(name text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('formatted', name,
        'givenName', btrim(substring(name FROM '^(.+) [^ ]+$')),
        'familyName', substring(name FROM '[^ ]+$')))
$$;

-- Whether a client has said anything about the user. A member of whom none has is taken over by the
-- one that provisions a user with their email under a name of its own.
ALTER TABLE scim_users ADD COLUMN provisioned boolean NOT NULL DEFAULT true;
UPDATE scim_users SET provisioned = false, document = jsonb_set(document, '{name}', scim_name(document->>'displayName')),
        version = version + 1, modified_at = greatest(modified_at, now())
    FROM users
    WHERE users.id = user_id AND external_id IS NULL AND NOT made_account
        AND user_name_folded IN (lower(users.email), user_id::text)
        AND document->'name' = jsonb_build_object('formatted', document->'displayName')
        AND NOT EXISTS (SELECT FROM journal WHERE journal.organization_id = scim_users.organization_id
            AND subject_id = user_id AND action = 'member.provisioned');
ALTER TABLE scim_users ALTER COLUMN provisioned SET DEFAULT false;

CREATE OR REPLACE FUNCTION scim_user_of(membership memberships) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    member users;
    name text;
BEGIN
    SELECT * INTO member FROM users WHERE id = membership.user_id;
    FOREACH name IN ARRAY ARRAY[member.email, membership.user_id::text] LOOP
        INSERT INTO scim_users (organization_id, user_id, user_name, active, document, created_at, modified_at)
        VALUES (membership.organization_id, membership.user_id, name, membership.deactivated_at IS NULL,
            jsonb_build_object('displayName', member.name, 'name', scim_name(member.name),
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

-- As long as those of identity providers.
ALTER TABLE groups DROP CONSTRAINT groups_name_check,
    ADD CONSTRAINT groups_name_check CHECK (char_length(name) BETWEEN 1 AND 256);
