LOCK TABLE organizations IN EXCLUSIVE MODE;
LOCK TABLE users, memberships IN ACCESS EXCLUSIVE MODE;
ALTER TABLE users ADD COLUMN last_sign_in_at timestamptz;
UPDATE users SET last_sign_in_at = (
    SELECT max(memberships.last_sign_in_at) FROM memberships WHERE user_id = users.id);
ALTER TABLE memberships DROP COLUMN last_sign_in_at;
