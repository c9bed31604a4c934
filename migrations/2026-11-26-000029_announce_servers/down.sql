DROP TRIGGER announce_replacement ON operations;
DROP TRIGGER announce_replacement ON resources;
DROP TRIGGER announce_replacement ON mcp_servers;
DROP TRIGGER announce_truncate ON mcp_servers;
DROP TRIGGER announce_delete ON mcp_servers;
DROP TRIGGER announce_update ON mcp_servers;
DROP TRIGGER announce_insert ON mcp_servers;
