-- Who lives in a place is read in the order of users, too. Nothing has both a value and a locality, which
-- would be more than an index takes.
DROP INDEX scim_values_users;
CREATE INDEX scim_values_users ON scim_values (organization_id, attribute, user_id, number)
    INCLUDE (is_primary, kind, value, locality);
