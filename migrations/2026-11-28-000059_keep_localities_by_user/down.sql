DROP INDEX scim_values_users;
CREATE INDEX scim_values_users ON scim_values (organization_id, attribute, user_id, number)
    INCLUDE (is_primary, kind, value);
