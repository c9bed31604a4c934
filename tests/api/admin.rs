//! The Admin API.

mod appointment;
mod auth_secret;
mod groups;
mod invitations;
mod members;
mod others;
mod revocations;
mod tokens;
mod versions;
