//! What programs call.

mod admin;
mod client;
mod contract;
mod document;
mod table;
mod token;
mod user;
