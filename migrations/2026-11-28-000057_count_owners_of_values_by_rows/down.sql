LOCK TABLE organizations IN EXCLUSIVE MODE;
LOCK TABLE directories, scim_values IN ACCESS EXCLUSIVE MODE;
CREATE INDEX scim_values_first_of_kind
    ON scim_values (organization_id, attribute, kind, country, is_primary) WHERE NOT repeats_kind;
DROP INDEX scim_values_of_kind;
DROP INDEX scim_values_second;
