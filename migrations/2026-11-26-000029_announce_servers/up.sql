-- Where an MCP server is, the tool that a request names says which scope it needs.
CREATE TRIGGER announce_insert AFTER INSERT ON mcp_servers
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_update AFTER UPDATE ON mcp_servers
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_delete AFTER DELETE ON mcp_servers
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON mcp_servers
    FOR EACH STATEMENT EXECUTE FUNCTION everything_changed();

-- A row that moves to another organisation or resource leaves one behind.
CREATE TRIGGER announce_replacement AFTER UPDATE ON mcp_servers
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_replacement AFTER UPDATE ON resources
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION organization_changed();
CREATE TRIGGER announce_replacement AFTER UPDATE ON operations
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION operations_changed();
