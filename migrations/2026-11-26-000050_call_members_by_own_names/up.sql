-- Until somebody joins, an organisation calls them what its own provider does: the account may be known
-- elsewhere by another name, which is nobody's business here. NULL: by the account's name.
ALTER TABLE memberships ADD COLUMN known_as text;

CREATE OR REPLACE FUNCTION membership_copies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.has_joined THEN
        NEW.known_as := NULL;
    END IF;
    NEW.search := coalesce((SELECT lower(coalesce(NEW.known_as, name)) || ' ' || email
        FROM users WHERE id = NEW.user_id), '');
    RETURN NEW;
END $$;
DROP TRIGGER membership_copies ON memberships;
CREATE TRIGGER membership_copies BEFORE INSERT OR UPDATE OF known_as, has_joined ON memberships
    FOR EACH ROW EXECUTE FUNCTION membership_copies();

CREATE OR REPLACE FUNCTION membership_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE memberships SET search = lower(coalesce(known_as, NEW.name)) || ' ' || NEW.email
        WHERE user_id = NEW.id;
    RETURN NULL;
END $$;

-- The first of the names that can be shown, as when they are provisioned.
UPDATE memberships SET known_as = left(coalesce(
        nullif(btrim(document ->> 'displayName'), ''),
        nullif(btrim(document #>> '{name,formatted}'), ''),
        nullif(btrim(concat_ws(' ', document #>> '{name,givenName}', document #>> '{name,familyName}')), ''),
        user_name), 100)
    FROM scim_users JOIN scim_documents USING (organization_id, user_id)
    WHERE scim_users.organization_id = memberships.organization_id
        AND scim_users.user_id = memberships.user_id
        AND scim_users.provisioned AND NOT memberships.has_joined;
