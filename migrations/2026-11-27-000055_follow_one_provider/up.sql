-- An account that a provider made is called what the provider calls it, until its owner joins another
-- organisation: from then on for good, also when they leave that again.

-- Whoever changes who is in an organisation holds it first.
LOCK TABLE organizations IN EXCLUSIVE MODE;
LOCK TABLE users, memberships, scim_users IN ACCESS EXCLUSIVE MODE;
ALTER TABLE users ADD COLUMN provisioned_by uuid REFERENCES organizations ON DELETE SET NULL;
CREATE INDEX users_provisioned_by ON users (provisioned_by);
UPDATE users SET provisioned_by = made.organization_id
    FROM scim_users AS made
    WHERE made.user_id = users.id AND made.made_account
        AND NOT EXISTS (SELECT FROM memberships WHERE memberships.user_id = users.id
            AND memberships.organization_id <> made.organization_id AND has_joined);
ALTER TABLE scim_users DROP COLUMN made_account;

CREATE FUNCTION membership_settles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET provisioned_by = NULL
        WHERE id = NEW.user_id AND provisioned_by <> NEW.organization_id;
    RETURN NULL;
END $$;
CREATE TRIGGER membership_settles AFTER INSERT OR UPDATE OF has_joined ON memberships
    FOR EACH ROW WHEN (NEW.has_joined) EXECUTE FUNCTION membership_settles();
