//! What programs call.

mod admin;
mod client;
mod document;
mod token;
