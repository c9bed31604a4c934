ALTER TABLE memberships DROP COLUMN has_joined;
