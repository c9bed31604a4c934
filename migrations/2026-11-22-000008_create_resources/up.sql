-- An organisation's catalogue, from when it is first asked for: it is filled then.
CREATE TABLE catalogues (
    organization_id uuid PRIMARY KEY REFERENCES organizations ON DELETE CASCADE,
    -- Counts the changes of the whole. Whoever changes it holds this row.
    revision integer NOT NULL DEFAULT 1
);

CREATE TABLE resources (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES catalogues ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    -- A pattern; NULL: the operations are MCP tools.
    path text COLLATE "C" CHECK (path ~ '^/[!-~]*$' AND char_length(path) <= 200),
    -- Whether OPTIONS is let through without a credential.
    preflight boolean NOT NULL DEFAULT false CHECK (path IS NOT NULL OR NOT preflight),
    -- Counts the changes: an edit of an older version is a conflict.
    version integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX resources_name ON resources (organization_id, lower(name));
CREATE UNIQUE INDEX resources_path ON resources (organization_id, lower(path));

CREATE TABLE operations (
    resource_id uuid NOT NULL REFERENCES resources ON DELETE CASCADE,
    -- In the order in which they are shown.
    position integer NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    -- In upper case, or * alone for all; none for a tool.
    methods text[] NOT NULL CHECK (array_to_string(methods, ' ', '?') ~ '^(\*|[A-Z_-]+( [A-Z_-]+)*)?$'),
    -- Where in what the resource's pattern covers.
    place text NOT NULL CHECK (place IN ('anywhere', 'itself', 'below')),
    scope text NOT NULL CHECK (scope ~ '^[a-z]+(:[a-z]+)?$'),
    PRIMARY KEY (resource_id, position),
    UNIQUE (resource_id, name)
);

-- Products get pages of their own.
ALTER TABLE products ADD COLUMN version integer NOT NULL DEFAULT 1;
UPDATE products SET name = left(name, 80) || ' (' || key || ')' WHERE EXISTS (
    SELECT FROM products AS other WHERE other.organization_id = products.organization_id
        AND other.id < products.id AND lower(other.name) = lower(products.name));
CREATE UNIQUE INDEX products_name ON products (organization_id, lower(name));
CREATE INDEX products_by_name ON products (organization_id, name, id);
