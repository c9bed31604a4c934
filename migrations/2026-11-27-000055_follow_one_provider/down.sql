LOCK TABLE organizations IN EXCLUSIVE MODE;
LOCK TABLE users, memberships, scim_users IN ACCESS EXCLUSIVE MODE;
DROP TRIGGER membership_settles ON memberships;
DROP FUNCTION membership_settles();
ALTER TABLE scim_users ADD COLUMN made_account boolean NOT NULL DEFAULT false;
UPDATE scim_users SET made_account = true
    FROM users WHERE users.id = user_id AND provisioned_by = organization_id;
ALTER TABLE users DROP COLUMN provisioned_by;
