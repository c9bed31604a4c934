DROP INDEX scim_users_created, scim_users_user_name, scim_users_external_id,
    scim_users_title, scim_users_department, scim_users_preferred_language, scim_users_locale,
    scim_users_timezone, scim_users_cost_center, scim_users_organization, scim_users_division;
CREATE UNIQUE INDEX scim_users_user_name ON scim_users (organization_id, user_name_folded);
CREATE UNIQUE INDEX scim_users_external_id
    ON scim_users (organization_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX scim_users_title ON scim_users (organization_id, title, user_id);
CREATE INDEX scim_users_department ON scim_users (organization_id, department, user_id);
CREATE INDEX scim_users_preferred_language ON scim_users (organization_id, preferred_language, user_id);
CREATE INDEX scim_users_locale ON scim_users (organization_id, locale, user_id);
CREATE INDEX scim_users_timezone ON scim_users (organization_id, timezone, user_id);
CREATE INDEX scim_users_cost_center ON scim_users (organization_id, cost_center, user_id);
CREATE INDEX scim_users_organization ON scim_users (organization_id, organization, user_id);
CREATE INDEX scim_users_division ON scim_users (organization_id, division, user_id);
