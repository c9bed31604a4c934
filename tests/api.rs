//! What programs call.

mod admin;
mod client;
mod document;
mod table;
mod token;
mod user;
