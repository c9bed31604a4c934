-- When somebody last signed in, in whichever organisation.
ALTER TABLE users ADD COLUMN last_sign_in_at timestamptz;

-- What members are sorted and searched by: name and email in lower case. It stands with the
-- membership, so that an index holds an organisation's members in order.
ALTER TABLE memberships ADD COLUMN search text COLLATE "C" NOT NULL DEFAULT '';
UPDATE memberships SET search = lower(users.name) || ' ' || users.email
    FROM users WHERE users.id = user_id;

CREATE FUNCTION membership_copies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := coalesce(
        (SELECT lower(name) || ' ' || email FROM users WHERE id = NEW.user_id), '');
    RETURN NEW;
END $$;
CREATE TRIGGER membership_copies BEFORE INSERT ON memberships
    FOR EACH ROW EXECUTE FUNCTION membership_copies();

CREATE FUNCTION membership_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE memberships SET search = lower(NEW.name) || ' ' || NEW.email WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER membership_follows AFTER UPDATE OF name, email ON users
    FOR EACH ROW WHEN ((OLD.name, OLD.email) IS DISTINCT FROM (NEW.name, NEW.email))
    EXECUTE FUNCTION membership_follows();

CREATE INDEX memberships_by_name ON memberships (organization_id, search, user_id)
    INCLUDE (role, deactivated_at);
CREATE INDEX memberships_search ON memberships USING gin (organization_id, search gin_trgm_ops);
CREATE INDEX memberships_administrators ON memberships (organization_id, user_id)
    WHERE role = 'admin' AND deactivated_at IS NULL;
CREATE INDEX memberships_deactivated ON memberships (organization_id, search, user_id)
    WHERE deactivated_at IS NOT NULL;

ALTER TABLE groups
    -- By SCIM: its name and members come from there.
    ADD COLUMN managed boolean NOT NULL DEFAULT false,
    -- What the identity provider calls it.
    ADD COLUMN external_id text CHECK (managed OR external_id IS NULL),
    -- Counts the changes, also of its members: an edit of an older version is a conflict.
    ADD COLUMN version integer NOT NULL DEFAULT 1;
CREATE INDEX groups_by_name ON groups (organization_id, name, id);

-- Whoever answers for an API token: its creator, until it is handed over. NULL: the command line.
ALTER TABLE tokens RENAME COLUMN created_by TO responsible_id;
ALTER INDEX tokens_created_by RENAME TO tokens_responsible;
ALTER TABLE tokens RENAME CONSTRAINT tokens_created_by_fkey TO tokens_responsible_id_fkey;

-- A decision depends on whether a token's owner is an active member, and on their email. What
-- is changed beside that, such as a role or the last sign-in, is announced to nobody; roles are
-- asked of the database each time, and groups with them.
DROP TRIGGER announce_insert ON memberships;
DROP TRIGGER announce_update ON memberships;
DROP TRIGGER announce_delete ON memberships;
DROP TRIGGER announce_update ON users;
DROP FUNCTION users_changed;

CREATE FUNCTION membership_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_secrets(ARRAY(
        SELECT digest FROM changed
            JOIN tokens ON tokens.owner_id = changed.user_id
                AND tokens.organization_id = changed.organization_id
            JOIN secrets ON secrets.token_id = tokens.id
        LIMIT 1001));
    RETURN NULL;
END $$;

CREATE FUNCTION membership_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_secrets(ARRAY(
        SELECT digest FROM (
            SELECT organization_id, user_id, deactivated_at FROM former
            EXCEPT SELECT organization_id, user_id, deactivated_at FROM changed
            UNION (SELECT organization_id, user_id, deactivated_at FROM changed
            EXCEPT SELECT organization_id, user_id, deactivated_at FROM former)) AS differing
            JOIN tokens ON tokens.owner_id = differing.user_id
                AND tokens.organization_id = differing.organization_id
            JOIN secrets ON secrets.token_id = tokens.id
        LIMIT 1001));
    RETURN NULL;
END $$;

CREATE FUNCTION user_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_secrets(ARRAY(
        SELECT digest FROM (
            SELECT id, email FROM changed EXCEPT SELECT id, email FROM former) AS differing
            JOIN tokens ON tokens.owner_id = differing.id
            JOIN secrets ON secrets.token_id = tokens.id
        LIMIT 1001));
    RETURN NULL;
END $$;

CREATE TRIGGER announce_insert AFTER INSERT ON memberships
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION membership_changed();
CREATE TRIGGER announce_update AFTER UPDATE ON memberships
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION membership_edited();
CREATE TRIGGER announce_delete AFTER DELETE ON memberships
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION membership_changed();
CREATE TRIGGER announce_update AFTER UPDATE ON users
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION user_edited();
