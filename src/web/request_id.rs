//! An ID for every request: in the log, in the answer's `X-Request-Id` and on error pages.

use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use uuid::Uuid;

#[derive(Clone, Copy, Debug)]
pub struct RequestId(Uuid);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// Route data: what is answered here many times a second is counted elsewhere, and logged at
/// level debug alone.
#[derive(Clone, Copy, Debug)]
pub struct Counted;

/// Middleware: gives the request its ID and logs a line when it is answered. The route's
/// pattern stands for the path, and no query is logged, as either may hold a code.
///
/// # Errors
/// Those of the service, passed on.
pub async fn assign<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let id = RequestId(Uuid::from_u128(rand::random()));
    request.extensions_mut().insert(id);
    let mut response = next.call(request).await?;
    let text = id.to_string();
    log(&text, &response, started.elapsed());
    if let Ok(value) = HeaderValue::try_from(text) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-request-id"), value);
    }
    Ok(response)
}

fn log<B>(id: &str, response: &ServiceResponse<B>, after: Duration) {
    let request = response.request();
    let is_counted = request.app_data::<Counted>().is_some();
    // To find the route's pattern, the path is matched once more.
    if is_counted && !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let method = request.method().as_str();
    let route = request.match_pattern().unwrap_or_default();
    let status = response.status().as_u16();
    let milliseconds = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
    if is_counted {
        tracing::debug!(id, method, route, status, milliseconds, "answered");
    } else {
        tracing::info!(id, method, route, status, milliseconds, "answered");
    }
}
