//! The three ways to ask about a token, how it is explained, and what tells how the gate is.

mod explanation;
mod forward;
mod health;
mod imported;
mod introspect;
mod outage;
mod verify;
