-- Whoever counts users reads an index alone: those of user names and external IDs hold the user's ID
-- too, and those of texts that many share whether they are active, which is asked for along with them.
-- Whoever asks since when users are known has an index.
-- At once, as a server that is running would wait for a stronger lock, and this for the server.
LOCK TABLE scim_users IN ACCESS EXCLUSIVE MODE;
DROP INDEX scim_users_user_name, scim_users_external_id,
    scim_users_title, scim_users_department, scim_users_preferred_language, scim_users_locale,
    scim_users_timezone, scim_users_cost_center, scim_users_organization, scim_users_division;
CREATE UNIQUE INDEX scim_users_user_name
    ON scim_users (organization_id, user_name_folded) INCLUDE (user_id, active);
CREATE UNIQUE INDEX scim_users_external_id
    ON scim_users (organization_id, external_id) INCLUDE (user_id) WHERE external_id IS NOT NULL;
CREATE INDEX scim_users_created ON scim_users (organization_id, created_at, user_id);
CREATE INDEX scim_users_title ON scim_users (organization_id, title, user_id) INCLUDE (active);
CREATE INDEX scim_users_department ON scim_users (organization_id, department, user_id) INCLUDE (active);
CREATE INDEX scim_users_preferred_language ON scim_users (organization_id, preferred_language, user_id)
    INCLUDE (active);
CREATE INDEX scim_users_locale ON scim_users (organization_id, locale, user_id) INCLUDE (active);
CREATE INDEX scim_users_timezone ON scim_users (organization_id, timezone, user_id) INCLUDE (active);
CREATE INDEX scim_users_cost_center ON scim_users (organization_id, cost_center, user_id)
    INCLUDE (active);
CREATE INDEX scim_users_organization ON scim_users (organization_id, organization, user_id)
    INCLUDE (active);
CREATE INDEX scim_users_division ON scim_users (organization_id, division, user_id) INCLUDE (active);
