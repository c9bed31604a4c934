//! Takes the token out of a request's headers: `Authorization: Bearer` (RFC 6750),
//! `Authorization: Basic` (RFC 7617; the user, the password, or the token as it is) or
//! `X-API-Token`. Never from the query string, which ends up in logs.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::secret::{Digest, Plaintext};
use crate::tokens::secret;

/// What a request brought.
#[derive(Debug)]
pub enum Credential {
    Missing,
    /// Something that cannot be a token of ours.
    Malformed,
    /// More than one: which is meant cannot be told.
    Several,
    Token(Digest),
}

impl Credential {
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let authorization = headers.get_all(AUTHORIZATION).map(authorization);
        let api_token = headers.get_all("x-api-token").map(text);
        let mut sent = authorization.chain(api_token);
        match (sent.next(), sent.next()) {
            (None, _) => Self::Missing,
            (Some(_), Some(_)) => Self::Several,
            (Some(token), None) => token
                .and_then(|token| secret::digest_of(token.reveal()))
                .map_or(Self::Malformed, Self::Token),
        }
    }
}

/// What follows `Bearer`, whatever it is, where no other credential was sent.
pub(super) fn bearer(headers: &HeaderMap) -> Option<Plaintext> {
    let mut sent = headers.get_all(AUTHORIZATION);
    let (Some(only), None) = (sent.next(), sent.next()) else {
        return None;
    };
    let (scheme, rest) = only.to_str().ok()?.trim().split_once(' ')?;
    let is_alone = scheme.eq_ignore_ascii_case("bearer") && !headers.contains_key("x-api-token");
    is_alone.then(|| Plaintext::new(rest.trim().to_owned()))
}

fn text(value: &HeaderValue) -> Option<Plaintext> {
    let text = value.to_str().ok()?;
    Some(Plaintext::new(text.trim().to_owned()))
}

/// The scheme's name is compared without case (RFC 9110, section 11.1).
fn authorization(value: &HeaderValue) -> Option<Plaintext> {
    let (scheme, rest) = value.to_str().ok()?.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        Some(Plaintext::new(rest.to_owned()))
    } else if scheme.eq_ignore_ascii_case("basic") {
        basic(rest)
    } else {
        None
    }
}

fn basic(rest: &str) -> Option<Plaintext> {
    if secret::digest_of(rest).is_some() {
        return Some(Plaintext::new(rest.to_owned()));
    }
    let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (user, password) = decoded.split_once(':').unwrap_or((&decoded, ""));
    [password, user]
        .into_iter()
        .find(|part| secret::digest_of(part).is_some())
        .map(|token| Plaintext::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderName;

    use super::*;
    use crate::tokens::Secret;

    fn taken(headers: &[(&str, &str)]) -> Credential {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        Credential::of(&map)
    }

    #[test]
    fn a_token_is_taken_from_each_of_its_places() {
        let secret = Secret::generate("wxt");
        let token = secret.reveal();
        let user = STANDARD.encode(format!("{token}:"));
        let password = STANDARD.encode(format!("ada:{token}"));
        let alone = STANDARD.encode(token);
        for (name, value) in [
            ("authorization", format!("Bearer {token}")),
            ("authorization", format!("bearer  {token} ")),
            ("authorization", format!("Basic {token}")),
            ("authorization", format!("Basic {user}")),
            ("authorization", format!("Basic {password}")),
            ("authorization", format!("Basic {alone}")),
            ("x-api-token", token.to_owned()),
        ] {
            let found = taken(&[(name, &value)]);
            assert!(
                matches!(&found, Credential::Token(digest) if *digest == secret.digest()),
                "{name}: {value}"
            );
        }
    }

    #[test]
    fn nothing_nonsense_and_too_much_are_told_apart() {
        let secret = Secret::generate("wxt");
        let bearer = format!("Bearer {}", secret.reveal());
        assert!(matches!(taken(&[]), Credential::Missing));
        for nonsense in [
            "Bearer",
            "Bearer x",
            "Digest abc",
            "Basic !!!",
            "Basic YTpi",
        ] {
            let found = taken(&[("authorization", nonsense)]);
            assert!(matches!(found, Credential::Malformed), "{nonsense}");
        }
        let twice = [
            ("authorization", &*bearer),
            ("x-api-token", secret.reveal()),
        ];
        assert!(matches!(taken(&twice), Credential::Several));
        let again = [("authorization", &*bearer), ("authorization", &*bearer)];
        assert!(matches!(taken(&again), Credential::Several));
    }
}
