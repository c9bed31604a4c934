//! Who calls one of our own APIs: an extractor that asks the gate.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, web};

use super::credential::Credential;
use super::decision::{Code, Need};
use super::inquiry::{Asked, Gate, Question};
use super::refusal::{refused, several};
use super::view::View;
use crate::catalogue::Scope;
use crate::secret::Digest;
use crate::web::client_address::ClientAddress;
use crate::web::{Error, body, now, state};

/// A caller with a valid token. Only the gate makes one.
#[derive(Debug)]
pub struct Caller(Arc<View>);

impl std::ops::Deref for Caller {
    type Target = View;

    fn deref(&self) -> &View {
        &self.0
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let Endpoint { name, scope } = endpoint(&request)?;
            let digest = presented(&request).await?;
            admit(&request, digest, name, scope).await
        })
    }
}

/// A caller who was let in when the whole body was there, and the body.
#[derive(Debug)]
pub struct Inquiry(pub Caller, pub Bytes);

impl FromRequest for Inquiry {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let Endpoint { name, scope } = endpoint(&request)?;
            let digest = presented(&request).await?;
            let body = if is_welcome(&request, digest, scope).await? {
                body::read(&request, payload).await?
            } else {
                Bytes::new()
            };
            Ok(Self(admit(&request, digest, name, scope).await?, body))
        })
    }
}

fn endpoint(request: &HttpRequest) -> Result<Endpoint, Error> {
    let endpoint = request.app_data::<web::Data<Endpoint>>();
    let endpoint = endpoint.map(|endpoint| ***endpoint);
    endpoint.ok_or_else(|| Error::internal("nothing says what the endpoint needs"))
}

/// One of our own.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// By what calls are counted: `GET /api/v1/token`.
    pub name: &'static str,
    /// Which scope they need, if any.
    pub scope: Option<Scope>,
}

/// Asks the gate about whoever sent a request with a credential; `name` is by what the call is
/// counted.
pub(super) async fn admit(
    request: &HttpRequest,
    digest: Option<Digest>,
    name: &str,
    scope: Option<Scope>,
) -> Result<Caller, Error> {
    let question = question(request, digest, asked(scope), name);
    let decision = state::<Gate>(request).ask(&question, now(request)).await?;
    match (decision.code, decision.view) {
        (Code::Valid, Some(view)) => Ok(Caller(view)),
        (code, _) => Err(refused(code, decision.request.need)),
    }
}

/// Whether the gate would let the request in, if its body were there. From others no body is taken in;
/// from whom it is, the gate is asked once more when all of it is there, as they can hold it back for as
/// long as it takes to revoke the token. Nothing is counted.
pub(super) async fn is_welcome(
    request: &HttpRequest,
    digest: Option<Digest>,
    scope: Option<Scope>,
) -> Result<bool, Error> {
    let question = question(request, digest, asked(scope), "");
    let decision = state::<Gate>(request).consider(&question, now(request));
    Ok(decision.await?.code == Code::Valid)
}

fn asked(scope: Option<Scope>) -> Asked<'static> {
    scope.map_or(Asked::Nothing, Asked::Scope)
}

fn question<'a>(
    request: &'a HttpRequest,
    digest: Option<Digest>,
    asked: Asked<'a>,
    operation: &'a str,
) -> Question<'a> {
    let address = ClientAddress::of(request);
    Question {
        digest,
        organization: None,
        address: Some(address.0),
        product: None,
        asked,
        operation,
        source: address,
        user_agent: user_agent(request),
    }
}

/// The credential that a request brought; `None` for what cannot be a token.
///
/// # Errors
/// When there is none, or more than one.
pub async fn presented(request: &HttpRequest) -> Result<Option<Digest>, Error> {
    let gate = state::<Gate>(request);
    match Credential::of(request.headers()) {
        Credential::Missing => {
            gate.metrics.refused(Code::Missing);
            Err(refused(Code::Missing, Need::Nothing))
        }
        Credential::Several => Err(several()),
        credential => {
            let source = ClientAddress::of(request);
            gate.views.meant(credential, source).await
        }
    }
}

#[must_use]
pub fn user_agent(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(USER_AGENT)?;
    value.to_str().ok()
}
