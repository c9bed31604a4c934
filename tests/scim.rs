//! SCIM at `/scim/v2`, as identity providers use it.

mod adoption;
mod discovery;
mod entra;
mod everything;
mod filters;
mod groups;
mod hostile;
mod joining;
mod leaving;
mod many;
mod okta;
mod provider;
mod recall;
mod recordings;
pub mod table;
mod twin;
mod users;
mod values;
