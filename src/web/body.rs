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

/// Bytes, unless a route says otherwise,
pub const LARGEST: usize = 256 * 1024;
/// and the most that any says.
pub const MOST: usize = 5 * 1024 * 1024;
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

/// Middleware: takes in the whole body before anything is asked about whoever sends it. They could
/// hold it back until their session has ended.
///
/// # Errors
/// Those of the service, passed on.
pub async fn first<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    if let Err(error) = take_in(&mut request, LARGEST).await {
        return Ok(request.error_response(error).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Takes in the whole body, of so many bytes at most, for whoever reads it later.
///
/// # Errors
/// Those of [`read`].
pub async fn take_in(request: &mut ServiceRequest, most: usize) -> Result<(), Error> {
    let payload = request
        .extract::<web::Payload>()
        .await
        .map_err(|_| broken_off())?;
    let body = match timeout(PATIENCE, payload.to_bytes_limited(most)).await {
        Ok(Ok(Ok(body))) => body,
        Ok(Ok(Err(_))) => return Err(broken_off()),
        Ok(Err(_)) => return Err(Error::TooLarge),
        Err(_) => return Err(late()),
    };
    request.set_payload(Payload::from(body));
    Ok(())
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
            _ => broken_off(),
        }),
        Err(_) => Err(late()),
    }
}

fn broken_off() -> Error {
    Error::Malformed("the body is broken off".into())
}

fn late() -> Error {
    Error::Malformed("the body did not come in time".into())
}
