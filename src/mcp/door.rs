//! Who may come in: those who came by the right way, with a token that the gate lets in.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, ORIGIN, USER_AGENT};
use chrono::{DateTime, Utc};

use super::message::Message;
use super::refusal::{Failure, Refusal};
use super::transport::PROTOCOL_VERSION;
use crate::config::Config;
use crate::gate::{Code, Decided, Request, Usage, View, Views, decide};
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
    view: Arc<View>,
    address: ClientAddress,
    now: DateTime<Utc>,
}

/// Asks the gate about the token alone.
pub async fn knock(request: &HttpRequest) -> Result<Visit<'_>, Failure> {
    let digest = token(request.headers())?;
    let view = state::<Views>(request).get(&digest).await?;
    let view = view.ok_or_else(|| Refusal::decided(Code::Unknown, None))?;
    let visit = Visit {
        request,
        view,
        address: ClientAddress::of(request),
        now: now(request),
    };
    match visit.decide(&Message::NONE) {
        Code::Valid => Ok(visit),
        code => {
            visit.count(code, &Message::NONE);
            Err(Refusal::decided(code, Some(&visit.view)).into())
        }
    }
}

impl Visit<'_> {
    /// Asks the gate whether the token is enough for the message, and counts its answer.
    pub fn admit(self, message: &Message) -> Result<Arc<View>, Refusal> {
        let code = self.decide(message);
        self.count(code, message);
        match (code, message.tool) {
            (Code::Valid, _) => Ok(self.view),
            (Code::InsufficientScope, Some(tool)) => {
                Err(Refusal::insufficient_scope(tool, &self.view))
            }
            (code, _) => Err(Refusal::decided(code, Some(&self.view))),
        }
    }

    /// The first reason to refuse, for each of the scopes that are needed.
    fn decide(&self, message: &Message) -> Code {
        let needs = message.tool.map_or(&[][..], |tool| tool.needs());
        let asked = std::iter::once(None).chain(needs.iter().copied().map(Some));
        let code = asked
            .map(|scope| Request {
                address: self.address.0,
                product: None,
                scope,
            })
            .map(|asked| decide(Some(&self.view), &asked, self.now))
            .find(|code| *code != Code::Valid);
        match code {
            None if self.view.owner.is_none() => Code::WrongProduct,
            code => code.unwrap_or(Code::Valid),
        }
    }

    fn count(&self, code: Code, message: &Message) {
        state::<Usage>(self.request).count(&Decided {
            token: self.view.token,
            code,
            operation: message.tool.map_or(OPERATION, |tool| tool.as_str()),
            address: self.address,
            user_agent: self.client(message),
            at: self.now,
        });
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
fn token(headers: &HeaderMap) -> Result<Digest, Refusal> {
    let mut sent = headers.get_all(AUTHORIZATION);
    let value = match (sent.next(), sent.next()) {
        (None, _) => return Err(Refusal::missing()),
        (Some(_), Some(_)) => return Err(Refusal::several()),
        (Some(value), None) => value.to_str().unwrap_or_default().trim(),
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let token = token.trim();
    if is_unexpanded(value) {
        return Err(Refusal::unexpanded());
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::not_bearer());
    }
    if token.is_empty() {
        return Err(Refusal::missing());
    }
    secret::digest_of(token).ok_or_else(Refusal::malformed)
}

/// `${WB_TOKEN}`, `$WB_TOKEN`, `{env:WB_TOKEN}`, or what stands in our own snippets.
fn is_unexpanded(value: &str) -> bool {
    value.contains(['$', '{', '%']) || value.contains(PLACEHOLDER)
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}
