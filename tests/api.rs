//! What programs call.

mod admin;
mod client;
mod document;
pub mod table;
mod token;
mod user;
