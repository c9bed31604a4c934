pub mod discovery;
pub mod groups;
pub mod users;
