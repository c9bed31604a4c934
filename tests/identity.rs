//! Set-up, signing in and out.
