//! One test binary; its modules mirror the features.

mod support;

mod api;
mod browser;
mod database_url;
mod embedded;
mod identity;
mod tokens;
