//! Tokendesk: a console for API tokens, and the gate that decides what a token may do.
//!
//! The floors of the house, the lowest first. A module uses only what stands above it in this
//! list; a test holds it to that. The blank lines keep rustfmt from sorting it.

#![forbid(unsafe_code)]

/// What time it is.
pub mod clock;

/// Types for what must not leak.
pub mod secret;

/// PostgreSQL: connections, migrations, and a private server where there is none.
pub mod db;

/// This instance among the others: the change feed, the lease, the receipts.
pub mod fleet;

/// Mail that is sent.
pub mod mail;

/// Flags and environment variables, and what they mean.
pub mod config;

/// Logs.
pub mod telemetry;

/// The kit for pages and APIs: errors, forms, paging, headers.
pub mod web;

/// Who is asking: sessions, viewers, actors.
pub mod access;

/// Who changed what.
pub mod journal;

/// Organisations, people, signing in.
pub mod identity;

/// Scopes, access levels, products, resources.
pub mod catalogue;

/// API tokens and their pages.
pub mod tokens;

/// What a token may do, and how often it did.
pub mod gate;

/// The profile, and personal MCP tokens.
pub mod profile;

/// Who is in an organisation: members, groups, invitations.
pub mod members;

/// What programs call.
pub mod api;

/// What identity providers call.
pub mod scim;

/// What AI assistants call.
pub mod mcp;

/// All of it mounted: the house from above.
pub mod app;

/// The command line.
pub mod commands;
