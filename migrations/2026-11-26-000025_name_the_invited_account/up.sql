-- The account that an invitation's email had when it was made. A client of SCIM may give the email
-- to another account later, which the link does not open.
ALTER TABLE invitations ADD COLUMN user_id uuid REFERENCES users ON DELETE SET NULL;
UPDATE invitations SET user_id = users.id FROM users
    WHERE users.email = invitations.email AND users.created_at <= invitations.created_at
        AND accepted_at IS NULL;
CREATE INDEX invitations_user_id ON invitations (user_id);
