//! Tokendesk: a console for API tokens, and the gate that decides what a token may do.
//!
//! The floors of the house, the lowest first. A module uses only what stands above it in this
//! list; a test holds it to that.

#![forbid(unsafe_code)]

/// Who is asking: sessions, viewers, actors.
pub mod access;
/// What programs call.
pub mod api;
/// All of it mounted: the house from above.
pub mod app;
/// Scopes, access levels, products.
pub mod catalogue;
/// What time it is.
pub mod clock;
/// The command line.
pub mod commands;
/// Flags and environment variables, and what they mean.
pub mod config;
/// PostgreSQL: connections, migrations, and a private server where there is none.
pub mod db;
/// What a token may do, and how often it did.
pub mod gate;
/// Organisations, people, signing in.
pub mod identity;
/// Who changed what.
pub mod journal;
/// Types for what must not leak.
pub mod secret;
/// Logs.
pub mod telemetry;
/// API tokens and their pages.
pub mod tokens;
/// The kit for pages and APIs: errors, forms, paging, headers.
pub mod web;
