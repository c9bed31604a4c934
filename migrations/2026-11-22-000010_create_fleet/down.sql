DROP TRIGGER announce_update ON organizations;
DROP TRIGGER announce_update ON users;
DROP TRIGGER announce_delete ON memberships;
DROP TRIGGER announce_update ON memberships;
DROP TRIGGER announce_insert ON memberships;
DROP TRIGGER announce_update ON products;
DROP TRIGGER announce_update ON tokens;
DROP TRIGGER announce_truncate ON secrets;
DROP TRIGGER announce_delete ON secrets;
DROP TRIGGER announce_update ON secrets;
DROP TRIGGER announce_insert ON secrets;
DROP FUNCTION everything_changed, users_changed, organizations_changed, organization_changed,
    tokens_changed, secrets_changed, announce_secrets;
DROP TABLE instances;
