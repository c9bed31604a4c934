//! HEAD: a GET of which the headers alone are sent (RFC 9110, section 9.3.2).

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;

/// Where proxies ask about a request, with its own method.
const FOR_PROXIES: &str = "/auth/";

/// Middleware: routes such a request as a GET. The connection, which knows better, leaves out the
/// body.
///
/// # Errors
/// Those of the service, passed on.
pub async fn as_get<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.method() == Method::HEAD && !request.path().starts_with(FOR_PROXIES) {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}
