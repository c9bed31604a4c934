DELETE FROM invitations WHERE renews_password;
ALTER TABLE invitations DROP COLUMN renews_password;
