ALTER TABLE scim_users DROP COLUMN display_name, DROP COLUMN family_name, DROP COLUMN given_name,
    DROP COLUMN title, DROP COLUMN department;
