//! What identity providers call: extract, call, answer.

pub mod discovery;
pub mod everything;
pub mod groups;
pub mod users;
