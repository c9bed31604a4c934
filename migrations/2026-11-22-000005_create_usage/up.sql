-- Totals and last use, a row for each token from its creation on.
CREATE TABLE token_usage (
    token_id uuid PRIMARY KEY REFERENCES tokens ON DELETE CASCADE,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    allowed bigint NOT NULL DEFAULT 0,
    denied bigint NOT NULL DEFAULT 0,
    last_used_at timestamptz,
    last_used_from inet,
    last_user_agent text,
    last_used_sort timestamptz NOT NULL
        GENERATED ALWAYS AS (coalesce(last_used_at, timestamptz '1970-01-01 00:00:00+00')) STORED
);
CREATE INDEX token_usage_by_last_use ON token_usage (organization_id, last_used_sort, token_id);

-- For the charts.
CREATE TABLE usage_days (
    token_id uuid NOT NULL REFERENCES tokens ON DELETE CASCADE,
    day date NOT NULL,
    allowed bigint NOT NULL,
    denied bigint NOT NULL,
    PRIMARY KEY (token_id, day)
);

-- Every decision, by hour (UTC), code, operation and source network (/24 or /48).
CREATE TABLE usage_hours (
    token_id uuid NOT NULL REFERENCES tokens ON DELETE CASCADE,
    hour timestamptz NOT NULL,
    code text NOT NULL,
    operation text NOT NULL,
    network cidr NOT NULL,
    calls bigint NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (token_id, hour, code, operation, network)
);
CREATE INDEX usage_hours_hour ON usage_hours USING brin (hour);
