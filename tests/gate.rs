//! The three ways to ask about a token, and what tells how the gate is.

mod forward;
mod health;
mod introspect;
mod verify;
