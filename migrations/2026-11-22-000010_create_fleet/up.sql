-- The instances that answer from memory, each until its lease ends.
CREATE TABLE instances (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    -- In this database's time, like all that is compared with it.
    lease_until timestamptz NOT NULL
);

-- Whatever a decision depends on is announced in the changing transaction on the channel
-- `tokendesk`, whoever changes it: `secret:<digest in hex>`, `organization:<ID>`, or `*`.
CREATE FUNCTION announce_secrets(digests bytea[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(digests) > 1000 THEN
        PERFORM pg_notify('tokendesk', '*');
    ELSE
        PERFORM pg_notify('tokendesk', 'secret:' || encode(digest, 'hex'))
            FROM unnest(digests) AS digest;
    END IF;
END $$;

CREATE FUNCTION secrets_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_secrets(ARRAY(SELECT digest FROM changed LIMIT 1001));
    RETURN NULL;
END $$;

CREATE FUNCTION tokens_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_secrets(ARRAY(
        SELECT digest FROM secrets WHERE token_id IN (SELECT id FROM changed) LIMIT 1001));
    RETURN NULL;
END $$;

CREATE FUNCTION organization_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tokendesk', 'organization:' || organization_id)
        FROM (SELECT DISTINCT organization_id FROM changed) AS organizations;
    RETURN NULL;
END $$;

CREATE FUNCTION operations_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tokendesk', 'organization:' || organization_id)
        FROM (SELECT DISTINCT organization_id FROM resources
            WHERE id IN (SELECT resource_id FROM changed)) AS organizations;
    RETURN NULL;
END $$;

CREATE FUNCTION organizations_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tokendesk', 'organization:' || id) FROM changed;
    RETURN NULL;
END $$;

CREATE FUNCTION users_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tokendesk', 'organization:' || organization_id)
        FROM (SELECT DISTINCT organization_id FROM memberships
            WHERE user_id IN (SELECT id FROM changed)) AS organizations;
    RETURN NULL;
END $$;

CREATE FUNCTION everything_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tokendesk', '*');
    RETURN NULL;
END $$;

-- A new secret too: that there is none was remembered, perhaps.
CREATE TRIGGER announce_insert AFTER INSERT ON secrets
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION secrets_changed();
CREATE TRIGGER announce_update AFTER UPDATE ON secrets
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION secrets_changed();
CREATE TRIGGER announce_delete AFTER DELETE ON secrets
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION secrets_changed();
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON secrets
    FOR EACH STATEMENT EXECUTE FUNCTION everything_changed();

-- A token that is deleted takes its secrets along.
CREATE TRIGGER announce_update AFTER UPDATE ON tokens
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tokens_changed();

CREATE TRIGGER announce_update AFTER UPDATE ON products
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();

-- An operation that is deleted with its resource is announced by that.
CREATE TRIGGER announce_insert AFTER INSERT ON resources
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_update AFTER UPDATE ON resources
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_delete AFTER DELETE ON resources
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_insert AFTER INSERT ON operations
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION operations_changed();
CREATE TRIGGER announce_update AFTER UPDATE ON operations
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION operations_changed();
CREATE TRIGGER announce_delete AFTER DELETE ON operations
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION operations_changed();

CREATE TRIGGER announce_insert AFTER INSERT ON memberships
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_update AFTER UPDATE ON memberships
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_delete AFTER DELETE ON memberships
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();

CREATE TRIGGER announce_update AFTER UPDATE ON users
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION users_changed();

CREATE TRIGGER announce_insert AFTER INSERT ON organizations
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organizations_changed();
CREATE TRIGGER announce_update AFTER UPDATE ON organizations
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organizations_changed();
CREATE TRIGGER announce_delete AFTER DELETE ON organizations
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organizations_changed();
