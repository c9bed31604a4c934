//! Who may come in: those who came by the right way, with a token that the gate lets in.

use std::iter;
use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, ORIGIN, USER_AGENT};

use super::message::Message;
use super::refusal::{Failure, Refusal};
use super::tool::Tool;
use super::transport::PROTOCOL_VERSION;
use crate::access::Credential;
use crate::config::Config;
use crate::gate::{Code, Decided, Gate, Need, Request, View, decide};
use crate::profile::snippets::PLACEHOLDER;
use crate::secret::Digest;
use crate::tokens::secret;
use crate::web::client_address::ClientAddress;
use crate::web::{now, state};

/// As which messages are counted that call no tool.
const OPERATION: &str = "POST /mcp";

/// Pages of other sites may not call, nor may a token come in the address.
pub fn know_the_way(request: &HttpRequest) -> Result<(), Refusal> {
    let own = state::<Config>(request).public_url.origin();
    if let Some(origin) = header(request.headers(), &ORIGIN)
        && origin != own
    {
        return Err(Refusal::stranger(format!(
            "Pages of other sites may not call this server: the Origin is not {own}."
        )));
    }
    let mut query = url::form_urlencoded::parse(request.query_string().as_bytes());
    let is_token = |(name, value): (_, std::borrow::Cow<str>)| {
        name == "access_token" || secret::display_of(&value).is_some()
    };
    if query.any(is_token) {
        return Err(Refusal::in_query());
    }
    Ok(())
}

/// Somebody whose token is good as such.
pub struct Visit<'a> {
    request: &'a HttpRequest,
    digest: Digest,
}

/// Asks the gate about the token alone.
pub async fn knock(request: &HttpRequest) -> Result<Visit<'_>, Failure> {
    let Gate {
        views,
        metrics,
        limits,
        ..
    } = state::<Gate>(request);
    let count = |refusal: &Refusal| {
        if let Some(code) = refusal.decision() {
            metrics.refused(code);
        }
    };
    let token = token(request.headers()).inspect_err(count)?;
    let digest = match views.meant_by(token, ClientAddress::of(request)).await? {
        // It may be an older system's, which knows no such rule.
        Some(digest) if is_unexpanded(token) && views.get(&digest).await?.is_none() => None,
        digest => digest,
    };
    let refusal = || {
        if is_unexpanded(token) {
            Refusal::unexpanded()
        } else {
            Refusal::malformed()
        }
    };
    let digest = digest.ok_or_else(refusal).inspect_err(count)?;
    if let Some(view) = views.get(&digest).await? {
        limits.count_call(request, &view)?;
    }
    let visit = Visit { request, digest };
    visit.ask(&Message::NONE).await?;
    Ok(visit)
}

impl Visit<'_> {
    /// Asks the gate whether the token is enough for the message. It asks anew: the token may
    /// have been revoked while the message came.
    pub async fn admit(self, message: &Message) -> Result<(Arc<View>, Credential), Failure> {
        let started = Instant::now();
        let view = self.ask(message).await?;
        self.count(&view, Code::Valid, message);
        let metrics = &state::<Gate>(self.request).metrics;
        metrics.decided(Code::Valid, started.elapsed());
        let credential = view.credential(self.digest);
        Ok((view, credential))
    }

    /// Refusals are counted.
    async fn ask(&self, message: &Message) -> Result<Arc<View>, Failure> {
        let started = Instant::now();
        let Gate { views, metrics, .. } = state::<Gate>(self.request);
        let Some(view) = views.get(&self.digest).await? else {
            metrics.decided(Code::Unknown, started.elapsed());
            return Err(Refusal::decided(Code::Unknown, None).into());
        };
        let code = self.decide(&view, message);
        if code == Code::Valid {
            return Ok(view);
        }
        self.count(&view, code, message);
        metrics.decided(code, started.elapsed());
        Err(Failure::Refused(match (code, message.tool) {
            (Code::InsufficientScope, Some(tool)) => Refusal::insufficient_scope(tool, &view),
            (code, _) => Refusal::decided(code, Some(&view)),
        }))
    }

    /// The first reason to refuse, for each of the scopes that are needed.
    fn decide(&self, view: &View, message: &Message) -> Code {
        let (address, now) = (ClientAddress::of(self.request).0, now(self.request));
        let needs = message.tool.map_or(&[][..], Tool::needs);
        let code = iter::once(Need::Nothing)
            .chain(needs.iter().copied().map(Need::Scope))
            .map(|need| Request {
                address: Some(address),
                product: None,
                need,
            })
            .map(|asked| decide(Some(view), &asked, now))
            .find(|code| *code != Code::Valid);
        match code {
            None if view.owner.is_none() => Code::WrongProduct,
            code => code.unwrap_or(Code::Valid),
        }
    }

    fn count(&self, view: &Arc<View>, code: Code, message: &Message) {
        let decided = Decided {
            code,
            operation: message.tool.map_or(OPERATION, Tool::as_str),
            address: ClientAddress::of(self.request),
            user_agent: self.client(message),
            at: now(self.request),
        };
        state::<Gate>(self.request).usage.count(view, &decided);
    }

    /// A client that sends the protocol version has said its name before, or says it now.
    fn client<'a>(&'a self, message: &'a Message) -> Option<&'a str> {
        let headers = self.request.headers();
        match &message.client {
            Some(client) => Some(client),
            None if headers.contains_key(PROTOCOL_VERSION) => None,
            None => header(headers, &USER_AGENT),
        }
    }
}

/// Taken from `Authorization: Bearer` (RFC 6750), and from nowhere else.
fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut sent = headers.get_all(AUTHORIZATION);
    let value = match (sent.next(), sent.next()) {
        (None, _) => return Err(Refusal::missing()),
        (Some(_), Some(_)) => return Err(Refusal::several()),
        (Some(value), None) => value.to_str().unwrap_or_default().trim(),
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let token = token.trim();
    if is_unexpanded(scheme) {
        return Err(Refusal::unexpanded());
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::not_bearer());
    }
    if token.is_empty() {
        return Err(Refusal::missing());
    }
    Ok(token)
}

/// `${WB_TOKEN}`, `$WB_TOKEN`, `{env:WB_TOKEN}`, or what stands in our own snippets.
fn is_unexpanded(value: &str) -> bool {
    value.contains(['$', '{', '%']) || value.contains(PLACEHOLDER)
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers
        .get(name)
        .map(|value| value.to_str().unwrap_or_default())
}
