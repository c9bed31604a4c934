//! The profile, and personal MCP tokens.

mod account;
mod life;
mod limit;
mod others;
mod servers;
