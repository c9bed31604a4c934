DROP TRIGGER announce_insert ON memberships;
DROP TRIGGER announce_update ON memberships;
DROP TRIGGER announce_delete ON memberships;
DROP TRIGGER announce_update ON users;
DROP FUNCTION membership_changed, membership_edited, user_edited;

CREATE FUNCTION users_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tokendesk', 'organization:' || organization_id)
        FROM (SELECT DISTINCT organization_id FROM memberships
            WHERE user_id IN (SELECT id FROM changed)) AS organizations;
    RETURN NULL;
END $$;
CREATE TRIGGER announce_insert AFTER INSERT ON memberships
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_update AFTER UPDATE ON memberships
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_delete AFTER DELETE ON memberships
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_update AFTER UPDATE ON users
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION users_changed();

ALTER TABLE tokens RENAME CONSTRAINT tokens_responsible_id_fkey TO tokens_created_by_fkey;
ALTER INDEX tokens_responsible RENAME TO tokens_created_by;
ALTER TABLE tokens RENAME COLUMN responsible_id TO created_by;

DROP INDEX groups_by_name;
ALTER TABLE groups DROP COLUMN version, DROP COLUMN external_id, DROP COLUMN managed;

DROP TRIGGER membership_follows ON users;
DROP TRIGGER membership_copies ON memberships;
DROP FUNCTION membership_follows, membership_copies;
ALTER TABLE memberships DROP COLUMN search;
DROP INDEX IF EXISTS memberships_administrators;
ALTER TABLE users DROP COLUMN last_sign_in_at;
