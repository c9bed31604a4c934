//! What administrators may learn about their organisation.

use rmcp::tool_router;

use crate::mcp::server::Server;

#[tool_router(router = organization_tools, vis = "pub(in crate::mcp)", allow_empty)]
impl Server {}
