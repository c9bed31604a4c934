CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Who changed what. It outlives what it speaks of, so names stand in it as they were
-- and nothing but the organisation is a foreign key.
CREATE TABLE journal (
    -- UUIDv7: the order of the entries.
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    at timestamptz NOT NULL,
    -- NULL: the command line.
    author_id uuid,
    author_name text NOT NULL,
    action text NOT NULL,
    subject_id uuid NOT NULL,
    subject_name text NOT NULL,
    -- [{"field": …, "from": …, "to": …}]
    changes jsonb NOT NULL
);
CREATE INDEX journal_newest ON journal (organization_id, id);
CREATE INDEX journal_author ON journal (organization_id, author_id, id);
CREATE INDEX journal_action ON journal (organization_id, action, id);
CREATE INDEX journal_subject ON journal (organization_id, subject_id, id);
CREATE INDEX journal_subject_name ON journal USING gin (subject_name gin_trgm_ops);

CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
