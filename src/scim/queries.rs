//! Users and groups as identity providers see them, in the database.

mod condition;
pub mod groups;
mod json_path;
mod order;
pub mod users;
