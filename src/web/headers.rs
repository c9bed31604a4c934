//! The headers that every answer carries.

use actix_web::middleware::DefaultHeaders;

use crate::config::PublicUrl;

/// Nothing but our own files, and no inline style or script.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const PERMISSIONS_POLICY: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), \
     clipboard-read=(), clipboard-write=(self)";

/// They apply where the answer has no header of that name itself: assets, for
/// example, may be cached.
#[must_use]
pub fn defaults(public_url: &PublicUrl) -> DefaultHeaders {
    list(public_url)
        .into_iter()
        .fold(DefaultHeaders::new(), DefaultHeaders::add)
}

/// Name and value of each.
#[must_use]
pub fn list(public_url: &PublicUrl) -> Vec<(&'static str, &'static str)> {
    let mut headers = vec![
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("permissions-policy", PERMISSIONS_POLICY),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ];
    if public_url.is_https() {
        headers.push((
            "strict-transport-security",
            "max-age=63072000; includeSubDomains",
        ));
    }
    headers
}
