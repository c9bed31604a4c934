//! Request bodies: as they are, small, and soon.

use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpRequest, web};
use tokio::time::timeout;

use super::Error;

/// Bytes.
pub const LARGEST: usize = 256 * 1024;
const PATIENCE: Duration = Duration::from_secs(15);

/// Middleware: refuses compressed bodies. A few kilobytes of them can grow to gigabytes before
/// any limit is looked at.
///
/// # Errors
/// Those of the service, passed on.
pub async fn uncompressed<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    if request.headers().contains_key(CONTENT_ENCODING) {
        let error = Error::Malformed("send the body without Content-Encoding".into());
        return Ok(request.error_response(error).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// The whole body.
///
/// # Errors
/// [`Error::TooLarge`], or [`Error::Malformed`] when it does not come in time.
pub async fn read(request: &HttpRequest, mut payload: Payload) -> Result<web::Bytes, Error> {
    let body = web::Bytes::from_request(request, &mut payload);
    match timeout(PATIENCE, body).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(match error.as_response_error().status_code() {
            StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge,
            _ => Error::Malformed("the body is broken off".into()),
        }),
        Err(_) => Err(Error::Malformed("the body did not come in time".into())),
    }
}
