//! One test binary; its modules mirror the features.

mod support;

mod api;
mod commands;
mod database_url;
mod embedded;
mod identity;
mod schema;
mod tokens;
