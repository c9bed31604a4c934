DROP INDEX scim_users_family_name;
CREATE INDEX scim_users_family_name ON scim_users (organization_id, family_name, user_id);
