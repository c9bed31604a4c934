ALTER TABLE scim_users DROP COLUMN user_name_reversed;
