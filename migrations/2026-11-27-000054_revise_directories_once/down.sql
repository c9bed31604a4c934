CREATE OR REPLACE FUNCTION directory_changes() RETURNS trigger LANGUAGE plpgsql AS $$
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
