-- What many tokens' calls come to, as an instance writes it down once a second: one row in the
-- place of several for each token. From here it is added to the tables that pages read, when some
-- has come together.
CREATE TABLE usage_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    logged_at timestamptz NOT NULL,
    -- Calls, as in `usage_hours`.
    tokens uuid[] NOT NULL,
    hours timestamptz[] NOT NULL,
    codes text[] NOT NULL,
    operations text[] NOT NULL,
    networks cidr[] NOT NULL,
    calls bigint[] NOT NULL,
    last_at timestamptz[] NOT NULL,
    -- Last uses, as in `token_usage`. A client that did not say its name has an empty one.
    used uuid[] NOT NULL,
    used_at timestamptz[] NOT NULL,
    used_from inet[] NOT NULL,
    user_agents text[] NOT NULL
);
-- It is read once and soon, and not worth the time to compress it.
ALTER TABLE usage_log ALTER COLUMN tokens SET STORAGE EXTERNAL,
    ALTER COLUMN hours SET STORAGE EXTERNAL, ALTER COLUMN codes SET STORAGE EXTERNAL,
    ALTER COLUMN operations SET STORAGE EXTERNAL, ALTER COLUMN networks SET STORAGE EXTERNAL,
    ALTER COLUMN calls SET STORAGE EXTERNAL, ALTER COLUMN last_at SET STORAGE EXTERNAL,
    ALTER COLUMN used SET STORAGE EXTERNAL, ALTER COLUMN used_at SET STORAGE EXTERNAL,
    ALTER COLUMN used_from SET STORAGE EXTERNAL, ALTER COLUMN user_agents SET STORAGE EXTERNAL;

-- What of it is being added, by whichever instance: a row, while there is something.
CREATE TABLE usage_batch (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    is_one boolean NOT NULL DEFAULT true UNIQUE CHECK (is_one),
    entries bigint[] NOT NULL,
    -- Of the tokens up to this one all has been added. Whoever goes on begins after it.
    added_to uuid,
    advanced_at timestamptz NOT NULL
);
