//! The Admin API.

mod auth_secret;
mod others;
mod revocations;
mod tokens;
