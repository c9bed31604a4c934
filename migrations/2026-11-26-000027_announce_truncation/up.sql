-- Whoever empties a table that decisions are made by. A table that refers to it is emptied with it,
-- and says so itself.
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON resources
    FOR EACH STATEMENT EXECUTE FUNCTION everything_changed();
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON operations
    FOR EACH STATEMENT EXECUTE FUNCTION everything_changed();
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON memberships
    FOR EACH STATEMENT EXECUTE FUNCTION everything_changed();
