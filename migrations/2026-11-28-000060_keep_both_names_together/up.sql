-- Who is looked for by either name is found in one index: both are at most 300 characters, which it takes.
DROP INDEX scim_users_family_name;
CREATE INDEX scim_users_family_name ON scim_users (organization_id, family_name, user_id) INCLUDE (given_name);
