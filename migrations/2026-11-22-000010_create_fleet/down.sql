DROP TRIGGER announce_delete ON organizations;
DROP TRIGGER announce_update ON organizations;
DROP TRIGGER announce_insert ON organizations;
DROP TRIGGER announce_update ON users;
DROP TRIGGER announce_delete ON memberships;
DROP TRIGGER announce_update ON memberships;
DROP TRIGGER announce_insert ON memberships;
DROP TRIGGER announce_delete ON operations;
DROP TRIGGER announce_update ON operations;
DROP TRIGGER announce_insert ON operations;
DROP TRIGGER announce_delete ON resources;
DROP TRIGGER announce_update ON resources;
DROP TRIGGER announce_insert ON resources;
DROP TRIGGER announce_update ON products;
DROP TRIGGER announce_update ON tokens;
DROP TRIGGER announce_truncate ON secrets;
DROP TRIGGER announce_delete ON secrets;
DROP TRIGGER announce_update ON secrets;
DROP TRIGGER announce_insert ON secrets;
DROP FUNCTION everything_changed, users_changed, organizations_changed, operations_changed,
    organization_changed,
    tokens_changed, secrets_changed, announce_secrets;
DROP TABLE instances;
