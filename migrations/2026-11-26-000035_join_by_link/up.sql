-- Whoever set an account's password may be somebody else than whom the email names: a link of the
-- organisation's own, or its operator, vouches for them. Until then provisioning makes a member of
-- whom others know, who does not see the organisation.
ALTER TABLE memberships ADD COLUMN has_joined boolean NOT NULL DEFAULT true;
UPDATE memberships SET has_joined = false
    FROM users WHERE users.id = memberships.user_id AND users.password_hash IS NULL;
