-- The installation itself: one row.
CREATE TABLE site (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    -- Signs session cookies and derives the setup code; 64 bytes.
    key bytea NOT NULL CHECK (octet_length(key) = 64)
);
-- gen_random_uuid() draws from the operating system; four of them hold 488 bits.
INSERT INTO site (key) VALUES (sha512(
    uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
));

CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    created_at timestamptz NOT NULL
);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    -- In lower case.
    email text NOT NULL UNIQUE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    -- A PHC string; NULL until a password is set.
    password_hash text,
    created_at timestamptz NOT NULL
);

CREATE TABLE memberships (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('admin', 'member')),
    created_at timestamptz NOT NULL,
    deactivated_at timestamptz,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX memberships_user_id ON memberships (user_id);

CREATE TABLE groups (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    role text CHECK (role IN ('admin')),
    created_at timestamptz NOT NULL,
    UNIQUE (organization_id, id)
);
CREATE UNIQUE INDEX groups_name ON groups (organization_id, lower(name));

CREATE TABLE group_members (
    organization_id uuid NOT NULL,
    group_id uuid NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (organization_id, group_id, user_id),
    FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships ON DELETE CASCADE
);
CREATE INDEX group_members_user ON group_members (organization_id, user_id);

CREATE TABLE sessions (
    -- SHA-256 of the key in the cookie.
    digest bytea PRIMARY KEY,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    state jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL
);
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_last_seen_at ON sessions (last_seen_at);

-- Browsers in which a user has signed in before: their guesses are counted apart,
-- so that an attacker who guesses cannot lock the owner out.
CREATE TABLE known_browsers (
    digest bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL
);
CREATE INDEX known_browsers_user_id ON known_browsers (user_id);

-- Wrong guesses, by account, address or known browser.
CREATE TABLE sign_in_throttle (
    -- SHA-256 of what is counted.
    digest bytea PRIMARY KEY,
    failures integer NOT NULL,
    last_attempt_at timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);
CREATE INDEX sign_in_throttle_last_attempt_at ON sign_in_throttle (last_attempt_at);

CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    email text NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    role text NOT NULL CHECK (role IN ('admin', 'member')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz
);
CREATE INDEX invitations_organization_id ON invitations (organization_id);
