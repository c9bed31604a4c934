//! What our cookies have in common.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::config::PublicUrl;

pub const SESSION: &str = "session";

/// With HTTPS a prefix sees to it that no other host can set the cookie.
#[must_use]
pub fn name(name: &str, public_url: &PublicUrl) -> String {
    let prefix = if public_url.is_https() { "__Host-" } else { "" };
    format!("{prefix}{name}")
}

/// For this server alone, and not for scripts.
#[must_use]
pub fn build(
    name: String,
    value: &str,
    lifetime: Duration,
    public_url: &PublicUrl,
) -> Cookie<'static> {
    Cookie::build(name, value.to_owned())
        .path("/")
        .http_only(true)
        .secure(public_url.is_https())
        .same_site(SameSite::Lax)
        .max_age(lifetime)
        .finish()
}
