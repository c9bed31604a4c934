-- A secret that is changed in place is over, too.
CREATE TRIGGER announce_replacement AFTER UPDATE ON secrets
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION secrets_changed();
