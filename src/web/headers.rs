//! The headers that every answer carries.

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{CONTENT_ENCODING, HeaderName, HeaderValue};
use actix_web::middleware::DefaultHeaders;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

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

/// An answer that holds a secret is not compressed, as the size of compressed text can tell of its
/// content.
#[must_use]
pub fn uncompressed(mut response: HttpResponse) -> HttpResponse {
    let identity = HeaderValue::from_static("identity");
    response.headers_mut().insert(CONTENT_ENCODING, identity);
    response
}

/// Headers that an extractor wants on the answer, be it an error.
#[derive(Default)]
struct Told(Vec<(HeaderName, HeaderValue)>);

/// Puts a header on the answer to this request, whatever it will be.
pub fn tell(request: &HttpRequest, name: HeaderName, value: HeaderValue) {
    let mut extensions = request.extensions_mut();
    if let Some(Told(told)) = extensions.get_mut() {
        told.push((name, value));
    } else {
        extensions.insert(Told(vec![(name, value)]));
    }
}

/// Puts those headers on the answer that [`tell`] was called with.
pub fn put_told<B>(response: &mut ServiceResponse<B>) {
    let told = response.request().extensions_mut().remove::<Told>();
    for (name, value) in told.unwrap_or_default().0 {
        response.headers_mut().insert(name, value);
    }
}
