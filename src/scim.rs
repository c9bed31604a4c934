//! SCIM 2.0 at `/scim/v2` (RFC 7643, RFC 7644).

mod criterion;
mod document;
mod filter;
mod patch;
mod path;
mod problem;
mod projection;
mod schema;
mod search;
mod version;
