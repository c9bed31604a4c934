//! Users and groups as identity providers see them, in the database.

mod condition;
mod directory;
pub mod everything;
pub mod groups;
mod order;
pub mod users;
