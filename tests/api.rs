//! What programs call.

mod admin;
pub mod client;
mod contract;
mod document;
mod patterns;
pub mod table;
mod token;
mod user;
