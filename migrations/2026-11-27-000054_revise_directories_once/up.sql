-- Once in a transaction, whichever savepoints are in it: a row has the number of the savepoint that wrote
-- it, and so each member of a group had made another revision.
CREATE OR REPLACE FUNCTION directory_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        UPDATE directories SET revision = DEFAULT;
        RETURN NULL;
    END IF;
    changed := coalesce(NEW.organization_id, OLD.organization_id);
    IF current_setting('tokendesk.revised', true) IS DISTINCT FROM changed::text THEN
        UPDATE directories SET revision = DEFAULT WHERE organization_id = changed;
        -- Until the transaction ends, or goes back to before this.
        PERFORM set_config('tokendesk.revised', changed::text, true);
    END IF;
    RETURN NULL;
END $$;
