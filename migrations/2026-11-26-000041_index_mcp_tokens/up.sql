-- The list of everybody's MCP tokens, among however many API tokens.
CREATE INDEX tokens_of_members ON tokens (organization_id, id) INCLUDE (owner_id)
    WHERE owner_id IS NOT NULL;
