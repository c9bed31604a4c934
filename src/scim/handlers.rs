pub mod discovery;
pub mod everything;
pub mod groups;
pub mod users;
