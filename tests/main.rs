//! One test binary; its modules mirror the features.

mod support;

mod api;
mod browser;
mod catalogue;
mod coherence;
mod commands;
mod csrf;
mod database_url;
mod embedded;
mod feed;
mod floors;
mod gate;
mod headers;
mod held_back;
mod identity;
mod journal;
mod lease_model;
mod mcp;
mod members;
mod pool;
mod pooler;
mod profile;
mod proxies;
mod routes;
mod schema;
mod scim;
mod tenancy;
mod tokens;
mod under_way;
mod usage;
