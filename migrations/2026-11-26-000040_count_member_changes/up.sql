-- Counts the changes of a member's own role and of whether they are active.
ALTER TABLE memberships ADD COLUMN version integer NOT NULL DEFAULT 1;
