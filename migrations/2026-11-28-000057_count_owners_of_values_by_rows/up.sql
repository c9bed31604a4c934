-- Whoever has several values is counted by them, less those that are further ones: only these few users are
-- then brought together.
LOCK TABLE organizations IN EXCLUSIVE MODE;
LOCK TABLE directories, scim_values IN ACCESS EXCLUSIVE MODE;
CREATE INDEX scim_values_second ON scim_values (organization_id, attribute, user_id) WHERE number = 2;
CREATE INDEX scim_values_of_kind ON scim_values (organization_id, attribute, kind, country, is_primary);
DROP INDEX scim_values_first_of_kind;
