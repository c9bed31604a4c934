-- In the order in which changes and searches take them.
LOCK TABLE organizations IN EXCLUSIVE MODE;
LOCK TABLE directories IN ACCESS EXCLUSIVE MODE;
DROP TRIGGER directory_truncated ON scim_values;
DROP TRIGGER directory_truncated ON scim_users;
DROP TRIGGER directory_truncated ON group_members;
DROP TRIGGER directory_truncated ON groups;
DROP TRIGGER directory_changes ON scim_values;
DROP TRIGGER directory_changes ON scim_users;
DROP TRIGGER directory_changes ON group_members;
DROP TRIGGER directory_changes ON groups;
DROP FUNCTION directory_changes;
DROP TRIGGER directory_begins ON organizations;
DROP FUNCTION directory_begins;
DROP TABLE directories;
