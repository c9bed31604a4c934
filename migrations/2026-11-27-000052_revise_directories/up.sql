-- For as long as the revision of an organisation's users and groups is the same, as many of them are
-- found as before.

-- Whoever changes any of them holds an organisation first: they are waited for here, and wait before they
-- hold anything else.
LOCK TABLE organizations IN EXCLUSIVE MODE;
CREATE TABLE directories (
    organization_id uuid PRIMARY KEY REFERENCES organizations ON DELETE CASCADE,
    -- By chance, as transactions have the same numbers once more after those that a standby or a backup
    -- does not know.
    revision uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO directories (organization_id) SELECT id FROM organizations;

CREATE FUNCTION directory_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO directories (organization_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER directory_begins AFTER INSERT ON organizations
    FOR EACH ROW EXECUTE FUNCTION directory_begins();

-- Once in a transaction. Whoever changes anything here holds the organisation already.
CREATE FUNCTION directory_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        UPDATE directories SET revision = DEFAULT;
    ELSE
        UPDATE directories SET revision = DEFAULT
            WHERE organization_id = coalesce(NEW.organization_id, OLD.organization_id)
                AND xmin <> pg_current_xact_id()::xid;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER directory_changes AFTER INSERT OR UPDATE OR DELETE ON groups
    FOR EACH ROW EXECUTE FUNCTION directory_changes();
CREATE TRIGGER directory_changes AFTER INSERT OR UPDATE OR DELETE ON group_members
    FOR EACH ROW EXECUTE FUNCTION directory_changes();
CREATE TRIGGER directory_changes AFTER INSERT OR UPDATE OR DELETE ON scim_users
    FOR EACH ROW EXECUTE FUNCTION directory_changes();
CREATE TRIGGER directory_changes AFTER INSERT OR UPDATE OR DELETE ON scim_values
    FOR EACH ROW EXECUTE FUNCTION directory_changes();
CREATE TRIGGER directory_truncated AFTER TRUNCATE ON groups
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changes();
CREATE TRIGGER directory_truncated AFTER TRUNCATE ON group_members
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changes();
CREATE TRIGGER directory_truncated AFTER TRUNCATE ON scim_users
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changes();
CREATE TRIGGER directory_truncated AFTER TRUNCATE ON scim_values
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changes();
