-- An operator's link for a member who has no password, or lost it: it opens an account that is in
-- use, which an invitation never does.
ALTER TABLE invitations ADD COLUMN renews_password boolean NOT NULL DEFAULT false,
    ADD CHECK (NOT renews_password OR user_id IS NOT NULL);
