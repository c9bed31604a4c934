//! Set-up, signing in and out, invitations, sessions.

mod invitations;
mod sessions;
mod setup;
mod sign_in;
