//! The Admin API.

mod tokens;
