//! What programs call.

mod admin;
mod client;
mod contract;
mod document;
pub mod table;
mod token;
mod user;
