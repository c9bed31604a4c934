-- When a member last came in here. That they use their account elsewhere is nobody's business here.
LOCK TABLE organizations IN EXCLUSIVE MODE;
LOCK TABLE users, memberships IN ACCESS EXCLUSIVE MODE;
ALTER TABLE memberships ADD COLUMN last_sign_in_at timestamptz;
UPDATE memberships SET last_sign_in_at = users.last_sign_in_at
    FROM users WHERE users.id = user_id AND has_joined;
ALTER TABLE users DROP COLUMN last_sign_in_at;
