//! The Admin API.

mod appointment;
mod arrays;
mod auth_secret;
mod catalogue;
mod explanations;
mod groups;
mod invitations;
mod mcp_tokens;
mod members;
mod others;
mod paging;
mod responsible;
mod revocations;
mod token_list;
mod tokens;
mod versions;
