ALTER TABLE invitations DROP COLUMN user_id;
