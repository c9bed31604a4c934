-- MCP servers of the organisation's own, for which the profile also shows how to connect.
CREATE TABLE mcp_servers (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    -- As clients' configurations name it.
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 500),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 200),
    created_at timestamptz NOT NULL,
    UNIQUE (organization_id, name)
);
