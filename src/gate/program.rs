//! Programs that manage the organisation. A middleware asks the gate, before anything else of the
//! request is looked at; extractors hand on whom it let in. What such a program may see or change
//! is in [`Program`].

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use uuid::Uuid;

use super::caller::{admit, is_welcome, presented};
use super::decision::{Code, Need};
use super::inquiry::Gate;
use super::limit::Limits;
use super::refusal::{expiry_warning, refused};
use super::view::View;
use crate::access::{Actor, Bearer, OrganizationId, Overseer, Program};
use crate::catalogue::{Scope, ScopeSet};
use crate::db::Database;
use crate::identity::Email;
use crate::secret::Digest;
use crate::tokens::Ranges;
use crate::web::error::{ProblemCode, Rejection};
use crate::web::{Error, body, headers, now, state};

const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// A scope as a type.
pub trait Needs: 'static {
    const SCOPE: Scope;
}

pub struct AdminRead;
pub struct AdminWrite;
pub struct AdminScim;

impl Needs for AdminRead {
    const SCOPE: Scope = Scope::AdminRead;
}

impl Needs for AdminWrite {
    const SCOPE: Scope = Scope::AdminWrite;
}

impl Needs for AdminScim {
    const SCOPE: Scope = Scope::AdminScim;
}

/// A program with an API token that has the scope, or with `AUTH_SECRET`.
pub struct Authorized<N>(Program, PhantomData<N>);

/// It may see the organisation's settings.
pub type Reader = Authorized<AdminRead>;
/// It may change them too.
pub type Writer = Authorized<AdminWrite>;
/// It may provision users and groups.
pub type Provisioner = Authorized<AdminScim>;

impl<N: Needs> Overseer for Authorized<N>
where
    Self: Sync,
{
    fn overseen(&self) -> OrganizationId {
        self.0.overseen()
    }
}

impl<N> Authorized<N> {
    /// The ID of its API token; `None` for `AUTH_SECRET`.
    #[must_use]
    pub fn token(&self) -> Option<Uuid> {
        self.0.token()
    }
}

impl Writer {
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.0.actor()
    }
}

impl Provisioner {
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.0.actor()
    }
}

impl<N: Needs> FromRequest for Authorized<N> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let extensions = request.extensions();
        let admitted = extensions.get::<Admitted>();
        let admitted = admitted.filter(|admitted| admitted.scopes.allows(N::SCOPE));
        let program = admitted.map(|admitted| Self(admitted.program.clone(), PhantomData));
        ready(program.ok_or_else(|| Error::internal("nobody asked for the scope")))
    }
}

/// Whom the middleware let in, and for what.
struct Admitted {
    program: Program,
    scopes: ScopeSet,
}

/// Middleware: lets in who has `admin:read`, and for what changes something `admin:write`.
///
/// # Errors
/// Those of the service, passed on.
pub async fn admit_admin<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let scope = if request.method().is_safe() {
        Scope::AdminRead
    } else {
        Scope::AdminWrite
    };
    admit_with(scope, request, next).await
}

/// Middleware: lets in who has `admin:scim`.
///
/// # Errors
/// Those of the service, passed on.
pub async fn admit_scim<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    admit_with(Scope::AdminScim, request, next).await
}

async fn admit_with<B: MessageBody>(
    scope: Scope,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let program = match program(&mut request, scope).await {
        Ok(program) => program,
        Err(error) => return Ok(request.error_response(error).map_into_right_body()),
    };
    let scopes = ScopeSet::of(&[scope]);
    request
        .extensions_mut()
        .insert(Admitted { program, scopes });
    Ok(next.call(request).await?.map_into_left_body())
}

/// Middleware: lets in who acts for one user: with an API token that has `connect:read` or
/// `connect:write` and names the user in `x-user-email`, or with the user's own MCP token that has
/// `widgets:read` or `widgets:write`.
///
/// # Errors
/// Those of the service, passed on.
pub async fn admit_user<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let user = match user(&mut request).await {
        Ok(user) => user,
        Err(error) => return Ok(request.error_response(error).map_into_right_body()),
    };
    request.extensions_mut().insert(user);
    Ok(next.call(request).await?.map_into_left_body())
}

/// A user, and the ranges to which the token is bound that acts for them.
#[derive(Clone)]
pub struct Behalf {
    token: Uuid,
    pub bearer: Bearer,
    pub ranges: Ranges,
}

impl Behalf {
    /// What keys of idempotency are told apart by: the token, and for whom it is used.
    #[must_use]
    pub fn credential(&self) -> Uuid {
        let user = self.bearer.user().uuid();
        Digest::of_bytes(&[self.token.as_bytes(), user.as_bytes()]).as_id()
    }
}

impl FromRequest for Behalf {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user = request.extensions().get::<Self>().cloned();
        ready(user.ok_or_else(|| Error::internal("nobody asked for the user")))
    }
}

async fn user(request: &mut ServiceRequest) -> Result<Behalf, Error> {
    let limits = &state::<Gate>(request.request()).limits;
    let (digest, view) = counted(request.request(), limits).await?;
    let is_own = view.is_some_and(|view| view.owner.is_some());
    let scope = match (is_own, request.method().is_safe()) {
        (true, true) => Scope::WidgetsRead,
        (true, false) => Scope::WidgetsWrite,
        (false, true) => Scope::ConnectRead,
        (false, false) => Scope::ConnectWrite,
    };
    take_in(request, digest, scope).await?;
    let request = request.request();
    let caller = admit(request, digest, &operation(request), Some(scope)).await?;
    let credential = caller.credential(known(digest)?);
    let connection = &mut *state::<Database>(request).get().await?;
    let bearer = match (&caller.owner, named(request)?) {
        (Some(owner), None) => {
            Bearer::load(connection, owner.user, caller.tenant.id, credential).await?
        }
        (Some(_), Some(_)) => {
            let why = "x-user-email goes with an API token; an MCP token is its owner’s";
            return Err(Error::Malformed(why.into()));
        }
        (None, Some(email)) => {
            let token = (credential, &*caller.name);
            let user = Bearer::on_behalf(connection, email.as_str(), caller.tenant.id, token).await;
            user.map_err(|error| match error {
                Error::NotFound => unknown_user(),
                error => error,
            })?
        }
        (None, None) => {
            let why = "the header x-user-email has to name the user";
            return Err(Error::Malformed(why.into()));
        }
    };
    Ok(Behalf {
        token: credential.token,
        bearer,
        ranges: caller.ranges.clone(),
    })
}

fn unknown_user() -> Error {
    Error::Rejected(Rejection {
        status: StatusCode::NOT_FOUND,
        code: ProblemCode::NotFound.as_str(),
        detail:
            "No active member of the organisation has the email that x-user-email names. It is \
                 the one they sign in with."
                .to_owned(),
    })
}

/// The credential that a request brought, and the token if it is known, whose requests are counted
/// also where they are denied.
async fn counted(
    request: &HttpRequest,
    limits: &Limits,
) -> Result<(Option<Digest>, Option<Arc<View>>), Error> {
    let gate = state::<Gate>(request);
    let digest = presented(request).await?;
    let view = match digest {
        Some(digest) => gate.views.get(&digest).await?,
        None => None,
    };
    if let Some(view) = &view {
        limits.count_call(request, view)?;
    }
    Ok((digest, view))
}

/// Of whom the gate has let in.
fn known(digest: Option<Digest>) -> Result<Digest, Error> {
    digest.ok_or_else(|| Error::internal("somebody was let in without a credential"))
}

/// Takes in the body of whoever has the scope.
async fn take_in(
    request: &mut ServiceRequest,
    digest: Option<Digest>,
    scope: Scope,
) -> Result<(), Error> {
    if is_welcome(request.request(), digest, Some(scope)).await? {
        let most = match scope {
            Scope::AdminWrite | Scope::AdminScim => body::MOST,
            _ => body::LARGEST,
        };
        body::take_in(request, most).await?;
    }
    Ok(())
}

/// Whom the request names.
fn named(request: &HttpRequest) -> Result<Option<Email>, Error> {
    let mut sent = request.headers().get_all("x-user-email");
    let email = match (sent.next(), sent.next()) {
        (None, _) => return Ok(None),
        (Some(email), None) => std::str::from_utf8(email.as_bytes()).ok(),
        (Some(_), Some(_)) => None,
    };
    let email = email.and_then(|email| Email::parse(email).ok());
    email
        .map(Some)
        .ok_or_else(|| Error::Malformed("x-user-email is no email address".into()))
}

async fn program(request: &mut ServiceRequest, scope: Scope) -> Result<Program, Error> {
    let gate = state::<Gate>(request.request());
    let limits = match scope {
        Scope::AdminScim => &gate.scim_limits,
        _ => &gate.limits,
    };
    if let Some(authority) = &gate.authority
        && authority.is_in(request.headers())
    {
        let organization = authority.organization(&gate.tenants).await?;
        limits.count(request.request(), Uuid::nil())?;
        return Ok(Program::with_auth_secret(organization));
    }
    let (digest, _) = counted(request.request(), limits).await?;
    take_in(request, digest, scope).await?;
    let request = request.request();
    let caller = admit(request, digest, &operation(request), Some(scope)).await?;
    if let Some((name, value)) = expiry_warning(&caller, now(request)) {
        headers::tell(request, name, value);
    }
    // An MCP token is a person's, and has none of these scopes.
    if caller.owner.is_some() {
        return Err(refused(Code::InsufficientScope, Need::Scope(scope)));
    }
    let credential = caller.credential(known(digest)?);
    Ok(Program::with_token(
        caller.tenant.id,
        credential,
        &caller.name,
    ))
}

/// By what calls are counted: `GET /api/v1/tokens/{id}`. There are as many as we have, whatever
/// methods a client makes up.
#[must_use]
pub fn operation(request: &HttpRequest) -> String {
    let pattern = request.match_pattern().unwrap_or_default();
    let method = Some(request.method()).filter(|method| METHODS.contains(method));
    format!("{} {pattern}", method.map_or("OTHER", Method::as_str))
}
