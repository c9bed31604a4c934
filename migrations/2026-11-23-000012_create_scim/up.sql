-- Members as identity providers see them: a row for each membership, which is made with it and
-- says what is known of a member whom nobody has provisioned yet.
CREATE TABLE scim_users (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    user_name text NOT NULL CHECK (char_length(user_name) BETWEEN 1 AND 300),
    -- As it is compared, sorted and found.
    user_name_folded text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(user_name)) STORED,
    external_id text COLLATE "C" CHECK (char_length(external_id) BETWEEN 1 AND 300),
    -- Whether the membership is.
    active boolean NOT NULL,
    -- Whether provisioning made the account, whose name and email it then keeps.
    made_account boolean NOT NULL DEFAULT false,
    -- All other attributes, as the schema has them.
    document jsonb NOT NULL,
    -- The same in lower case, names too: no attribute in it is compared by case.
    folded jsonb NOT NULL GENERATED ALWAYS AS (lower(document::text)::jsonb) STORED,
    -- Counts the changes.
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, user_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships ON DELETE CASCADE
);
CREATE UNIQUE INDEX scim_users_user_name ON scim_users (organization_id, user_name_folded);
CREATE UNIQUE INDEX scim_users_external_id ON scim_users (organization_id, external_id)
    WHERE external_id IS NOT NULL;
CREATE INDEX scim_users_active ON scim_users (organization_id, active, user_id);
CREATE INDEX scim_users_modified ON scim_users (organization_id, modified_at, user_id);
-- Whatever attribute is equal to something.
CREATE INDEX scim_users_folded ON scim_users USING gin (organization_id, folded jsonb_path_ops);
-- Parts of the names and addresses that users are looked for by.
CREATE INDEX scim_users_parts ON scim_users
    USING gin (organization_id, user_name_folded gin_trgm_ops, ((folded -> 'emails')::text) gin_trgm_ops);

-- `part` is JSON that the document has to contain, `path` a condition in SQL/JSON path language.
-- Written so that PostgreSQL puts them in the place of their calls, and uses the indexes.
CREATE FUNCTION scim_contains(folded jsonb, part text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT folded @> lower(part)::jsonb $$;
CREATE FUNCTION scim_meets(folded jsonb, path text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT coalesce(folded @@ lower(path)::jsonpath, false) $$;
-- The text at the first path that leads to one.
CREATE FUNCTION scim_text(folded jsonb, path text, other text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_path_query_first(folded, lower(path)::jsonpath),
        jsonb_path_query_first(folded, lower(other)::jsonpath)) #>> '{}'
$$;

CREATE FUNCTION scim_user_of(membership memberships) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO scim_users (organization_id, user_id, user_name, active, document, created_at, modified_at)
    SELECT membership.organization_id, membership.user_id,
        -- Someone else may have the address for a user name.
        CASE WHEN EXISTS (SELECT FROM scim_users AS other
            WHERE other.organization_id = membership.organization_id
                AND other.user_name_folded = lower(users.email))
            THEN membership.user_id::text ELSE users.email END,
        membership.deactivated_at IS NULL,
        jsonb_build_object('displayName', name, 'name', jsonb_build_object('formatted', name),
            'emails', jsonb_build_array(
                jsonb_build_object('value', email, 'type', 'work', 'primary', true))),
        membership.created_at, coalesce(membership.deactivated_at, membership.created_at)
    FROM users WHERE users.id = membership.user_id;
END $$;
SELECT scim_user_of(memberships) FROM memberships;

CREATE FUNCTION scim_user_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM scim_user_of(NEW);
    RETURN NULL;
END $$;
CREATE TRIGGER scim_user_begins AFTER INSERT ON memberships
    FOR EACH ROW EXECUTE FUNCTION scim_user_begins();

-- Whoever deactivates or reactivates a member.
CREATE FUNCTION scim_user_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE scim_users SET active = NEW.deactivated_at IS NULL, version = version + 1,
            modified_at = greatest(modified_at, coalesce(NEW.deactivated_at, now()))
        WHERE organization_id = NEW.organization_id AND user_id = NEW.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER scim_user_follows AFTER UPDATE OF deactivated_at ON memberships
    FOR EACH ROW WHEN ((OLD.deactivated_at IS NULL) <> (NEW.deactivated_at IS NULL))
    EXECUTE FUNCTION scim_user_follows();

-- Groups need little that they do not have.
ALTER TABLE groups ADD COLUMN modified_at timestamptz;
UPDATE groups SET modified_at = created_at;
ALTER TABLE groups ALTER COLUMN modified_at SET NOT NULL,
    ADD CHECK (char_length(external_id) BETWEEN 1 AND 300);
CREATE UNIQUE INDEX groups_external_id ON groups (organization_id, external_id)
    WHERE external_id IS NOT NULL;

-- When a change is counted.
CREATE FUNCTION group_modified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.modified_at := NEW.created_at;
    ELSIF NEW.modified_at = OLD.modified_at THEN
        NEW.modified_at := greatest(OLD.modified_at, now());
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER group_begins BEFORE INSERT ON groups
    FOR EACH ROW EXECUTE FUNCTION group_modified();
CREATE TRIGGER group_modified BEFORE UPDATE ON groups
    FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION group_modified();
