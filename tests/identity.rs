//! Set-up, signing in and out, invitations, sessions.

mod sessions;
mod setup;
mod sign_in;
