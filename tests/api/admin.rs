//! The Admin API.

mod appointment;
mod auth_secret;
mod groups;
mod invitations;
mod mcp_tokens;
mod members;
mod others;
mod revocations;
mod tokens;
mod versions;
