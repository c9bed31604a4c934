CREATE TABLE products (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    -- The prefix of its tokens' secrets.
    key text NOT NULL DEFAULT 'prod' CHECK (key ~ '^[a-z0-9]{2,12}$' AND key NOT IN ('wb', 'wxt')),
    created_at timestamptz NOT NULL,
    UNIQUE (organization_id, id),
    UNIQUE (organization_id, key)
);
