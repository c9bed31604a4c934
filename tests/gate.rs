//! The three ways to ask about a token.

mod forward;
mod introspect;
mod verify;
