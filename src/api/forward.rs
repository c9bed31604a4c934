//! `/auth/forward`: what a reverse proxy asks about each request before it passes it on.
//!
//! What was asked of the proxy comes in headers that it sets, or in the path behind ours. In the
//! latter case the query is the client's own: options then come in the path, before the client's.

mod options;
pub mod original;

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use self::options::{Options, Organization};
use self::original::Original;
use crate::access::OrganizationId;
use crate::gate::{
    self, Asked, Code, Credential, Decision, Gate, Question, presented, refused, user_agent,
};
use crate::telemetry::Seldom;
use crate::web::client_address::{ClientAddress, is_from_proxy};
use crate::web::error::Refusal;
use crate::web::{Answer, Error, Now};

const PREFIX: &str = "/auth/forward";
const PREFIX_WITH: &str = "/auth/forward-with/";

/// For nginx, Caddy and Traefik.
pub async fn by_headers(request: HttpRequest, gate: Data<Gate>, now: Now) -> Answer {
    let options = Options::parse(request.query_string()).map_err(misconfigured)?;
    let original = if is_from_proxy(&request) {
        Original::of_headers(request.headers())
    } else {
        Original::untrusted(request.headers())
    };
    answer(&request, &gate, now, &options, original).await
}

/// For Envoy, which puts a prefix before the path.
pub async fn by_path(request: HttpRequest, gate: Data<Gate>, now: Now) -> Answer {
    let target = request.uri().path();
    let original = Original::of_path(&request, target.strip_prefix(PREFIX).unwrap_or_default());
    answer(&request, &gate, now, &Options::default(), original).await
}

/// The same with options, as in `/auth/forward-with/organization=northwind&product=app`.
pub async fn by_path_with(request: HttpRequest, gate: Data<Gate>, now: Now) -> Answer {
    let rest = request.uri().path().strip_prefix(PREFIX_WITH);
    let rest = rest.unwrap_or_default();
    let (options, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let options = Options::parse(options).map_err(misconfigured)?;
    let original = Original::of_path(&request, target);
    answer(&request, &gate, now, &options, original).await
}

async fn answer(
    request: &HttpRequest,
    gate: &Gate,
    now: Now,
    options: &Options<'_>,
    original: Original<'_>,
) -> Answer {
    let organization = organization(gate, options).await?;
    let asked = asked(options, original);
    if is_preflight(request, gate, organization, asked).await? {
        return Ok(admitted(None));
    }
    let source = ClientAddress::of(request);
    let question = Question {
        digest: presented(request).await.map_err(known_to_proxies)?,
        organization,
        address: Some(source.0),
        product: options.product.as_deref(),
        asked,
        operation: "forward",
        source,
        user_agent: user_agent(request),
    };
    let decision = gate.ask(&question, now.0).await?;
    match decision.code {
        Code::Valid => Ok(admitted(Some(&decision))),
        code => Err(refused(code, decision.request.need)),
    }
}

/// nginx makes a 500 of whatever refusal is neither 401 nor 403.
fn known_to_proxies(error: Error) -> Error {
    match error {
        Error::Refused(refusal) if refusal.status == StatusCode::BAD_REQUEST => {
            Error::Refused(Refusal {
                status: StatusCode::UNAUTHORIZED,
                ..refusal
            })
        }
        error => error,
    }
}

/// Whose tokens are let through; `None`: everybody's.
async fn organization(gate: &Gate, options: &Options<'_>) -> Result<Option<OrganizationId>, Error> {
    let found = match &options.organization {
        Organization::Any => return Ok(None),
        Organization::Named(slug) => gate.tenants.find(slug).await?,
        Organization::Only => gate.tenants.only().await?,
    };
    let why = match &options.organization {
        Organization::Named(_) => "organization= names none that there is",
        _ => "there are several organisations: say with organization= whose tokens are meant",
    };
    found.map(Some).ok_or_else(|| misconfigured(why))
}

fn asked<'a>(options: &Options<'_>, original: Original<'a>) -> Asked<'a> {
    match (options.scope, original) {
        (_, Original::Contradictory) => {
            warn("headers say more than once, or in part, what was asked");
            Asked::Unknown
        }
        (Some(scope), _) => Asked::Scope(scope),
        (
            None,
            Original::Request {
                method,
                target,
                tool,
            },
        ) => Asked::Request {
            method,
            target,
            tool,
            unmatched: options.lets_unmatched_through,
        },
        (None, Original::Untrusted) => {
            warn("it was not one of TRUSTED_PROXIES that said what was asked");
            Asked::Unknown
        }
        (None, Original::Nothing) => Asked::Unknown,
    }
}

/// Of whom it is asked must be known: there is no token that would say so.
async fn is_preflight(
    request: &HttpRequest,
    gate: &Gate,
    organization: Option<OrganizationId>,
    asked: Asked<'_>,
) -> Result<bool, Error> {
    match (organization, asked) {
        (Some(organization), Asked::Request { method, target, .. })
            if matches!(Credential::of(request.headers()), Credential::Missing) =>
        {
            gate.lets_through(organization, method, target).await
        }
        _ => Ok(false),
    }
}

/// Who the proxy lets through. What there is nothing to say of is said to be empty: some proxies
/// would pass on what the client says then.
fn admitted(decision: Option<&Decision<'_>>) -> HttpResponse {
    let view = decision.and_then(|decision| decision.view.as_deref());
    let mut response = HttpResponse::Ok();
    let mut tell = |name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""));
        response.insert_header((HeaderName::from_static(name), value));
    };
    let token = view.map(|view| view.token.to_string());
    let scopes = view.map(|view| view.effective_scopes().to_string());
    let product = view.and_then(|view| view.product.as_ref());
    let owner = view.and_then(|view| view.owner.as_ref());
    tell("x-tokendesk-token", &token.unwrap_or_default());
    tell(
        "x-tokendesk-organization",
        view.map_or("", |view| &view.tenant.slug),
    );
    tell("x-tokendesk-scopes", &scopes.unwrap_or_default());
    tell(
        "x-tokendesk-product",
        product.map_or("", |product| &product.key),
    );
    tell("x-tokendesk-user", owner.map_or("", |owner| &owner.email));
    if let Some(warning) = decision.and_then(Decision::expiry_warning) {
        response.insert_header(warning);
    }
    response.finish()
}

/// Tells the operator why a request is denied.
fn warn(why: &'static str) {
    static SAID: Seldom = Seldom::new();
    if SAID.is_due(why, Instant::now()) {
        tracing::warn!(why, "/auth/forward denies (said at most once a minute)");
    }
}

/// Denies, and tells the operator why.
fn misconfigured(why: &'static str) -> Error {
    warn(why);
    gate::misconfigured(
        "The proxy asks in a way that cannot be answered. Its operator finds the reason in \
         Tokendesk's log.",
    )
}
