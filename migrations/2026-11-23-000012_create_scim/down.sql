DROP TRIGGER scim_user_follows ON memberships;
DROP TRIGGER scim_user_begins ON memberships;
DROP FUNCTION scim_user_follows;
DROP FUNCTION scim_user_begins;
DROP FUNCTION scim_user_of;
DROP TABLE scim_users;
DROP FUNCTION scim_text;
DROP FUNCTION scim_meets;
DROP FUNCTION scim_contains;
