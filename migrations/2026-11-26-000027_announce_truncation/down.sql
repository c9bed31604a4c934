DROP TRIGGER announce_truncate ON memberships;
DROP TRIGGER announce_truncate ON operations;
DROP TRIGGER announce_truncate ON resources;
