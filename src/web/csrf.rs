//! Locks that a forged form does not open. The first: a random seed in a cookie that no other
//! site can read or set (`__Host-`), and in every form of ours a token made from it and the
//! session, masked anew each time so that compression cannot betray it. The second:
//! `Sec-Fetch-Site`.

use std::future::{Ready, ready};

use actix_web::body::MessageBody;
use actix_web::cookie::{Cookie, time::Duration};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Error, cookie, state};
use crate::config::Config;

const CSRF: &str = "csrf";
const LENGTH: usize = 32;
const LIFETIME: Duration = Duration::days(30);

#[derive(Clone, Copy)]
struct Seed([u8; LENGTH]);

/// What a form carries in its field `csrf`.
#[derive(Clone)]
pub struct Token(String);

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Base64 of the URL alphabet needs no escaping.
impl askama::filters::HtmlSafe for Token {}

impl Seed {
    fn random() -> Self {
        Self(rand::random())
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// A seed that is good for one session only: forms from before a sign-in or sign-out fail.
    fn within(self, session: &str) -> Self {
        let bound = Sha256::new().chain_update(self.0).chain_update(session);
        Self(bound.finalize().into())
    }

    fn token(self) -> Token {
        let mask: [u8; LENGTH] = rand::random();
        let masked = std::array::from_fn(|i| mask[i] ^ self.0[i]);
        Token(URL_SAFE_NO_PAD.encode([mask, masked].concat()))
    }

    fn made(self, token: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else {
            return false;
        };
        let Some((mask, masked)) = bytes.split_at_checked(LENGTH) else {
            return false;
        };
        let seed: Vec<u8> = mask.iter().zip(masked).map(|(a, b)| a ^ b).collect();
        masked.len() == LENGTH && self.0[..].ct_eq(&seed).into()
    }
}

/// For the page that shows a form.
impl FromRequest for Token {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let seed = request.extensions().get::<Seed>().copied();
        ready(
            seed.map(Seed::token)
                .ok_or_else(|| Error::internal("a page outside of the CSRF middleware")),
        )
    }
}

/// Whether a form with this token comes from a page that we gave to this browser.
pub fn check(request: &HttpRequest, token: &str) -> Result<(), Error> {
    let from_elsewhere = request
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none");
    let seed = request.extensions().get::<Seed>().copied();
    match seed {
        Some(seed) if !from_elsewhere && seed.made(token) => Ok(()),
        _ => Err(Error::Forged),
    }
}

/// Middleware: sees to it that the browser has a seed.
///
/// # Errors
/// Those of the service, passed on.
pub async fn cookie<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let public_url = &state::<Config>(request.request()).public_url;
    let name = cookie::name(CSRF, public_url);
    let session = request.cookie(&cookie::name(cookie::SESSION, public_url));
    let session = session.as_ref().map_or("", Cookie::value);
    let known = request
        .cookie(&name)
        .and_then(|cookie| Seed::parse(cookie.value()));
    let seed = known.unwrap_or_else(Seed::random);
    request.extensions_mut().insert(seed.within(session));
    let mut response = next.call(request).await?;
    if known.is_none() {
        let seed = URL_SAFE_NO_PAD.encode(seed.0);
        let public_url = &state::<Config>(response.request()).public_url;
        let cookie = cookie::build(name, &seed, LIFETIME, public_url);
        response.response_mut().add_cookie(&cookie)?;
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_its_own_seed_only_and_differs_each_time() {
        let (seed, other) = (Seed::random(), Seed::random());
        let (first, second) = (seed.token(), seed.token());
        assert!(seed.made(&first.0) && seed.made(&second.0));
        assert_ne!(first.0, second.0);
        assert!(!other.made(&first.0));
    }

    #[test]
    fn nonsense_is_no_token() {
        let seed = Seed([0; LENGTH]);
        for nonsense in ["", "AA", "not base64!", &"A".repeat(200)] {
            assert!(!seed.made(nonsense), "{nonsense:?}");
        }
    }
}
