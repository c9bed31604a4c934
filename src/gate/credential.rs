//! Takes the token out of a request's headers: `Authorization: Bearer` (RFC 6750),
//! `Authorization: Basic` (RFC 7617; the user, the password, or the token as it is) or
//! `X-API-Token`. Never from the query string, which ends up in logs.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::secret::{Digest, Plaintext};
use crate::tokens::secret;

const API_TOKEN: HeaderName = HeaderName::from_static("x-api-token");

/// What a request brought.
#[derive(Debug)]
pub enum Credential {
    Missing,
    /// Something that cannot be a token.
    Malformed,
    /// More than one: which is meant cannot be told.
    Several,
    Token(Digest),
    /// Something that does not look like a token of ours, and may be one of an older system: all
    /// that can be meant.
    Foreign(Vec<Plaintext>),
}

impl Credential {
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut authorization = headers.get_all(AUTHORIZATION);
        let mut api_token = headers.get_all(API_TOKEN);
        let first = authorization.next().map(|it| (it, true));
        let first = first.or_else(|| api_token.next().map(|it| (it, false)));
        let is_more = authorization.next().or_else(|| api_token.next()).is_some();
        let Some((value, is_authorization)) = first else {
            return Self::Missing;
        };
        match text(value) {
            _ if is_more => Self::Several,
            None => Self::Malformed,
            Some(text) if is_authorization => Self::of_authorization(text),
            Some(text) => Self::of_token(text),
        }
    }

    /// The scheme's name is compared without case (RFC 9110, section 11.1).
    fn of_authorization(text: &str) -> Self {
        match text.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => Self::of_token(rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => Self::of_basic(rest),
            _ => Self::Malformed,
        }
    }

    fn of_basic(rest: &str) -> Self {
        let Some(decoded) = decoded(rest.trim()) else {
            return Self::of_token(rest);
        };
        let decoded = decoded.reveal();
        let (user, password) = decoded.split_once(':').unwrap_or((decoded, ""));
        match (secret::digest_of(user), secret::digest_of(password)) {
            (Some(one), Some(other)) if one != other => Self::Several,
            (Some(digest), _) | (None, Some(digest)) => Self::Token(digest),
            (None, None) => Self::of_foreign(&[password, user, rest.trim()]),
        }
    }

    fn of_token(text: &str) -> Self {
        let text = text.trim();
        secret::digest_of(text).map_or_else(|| Self::of_foreign(&[text]), Self::Token)
    }

    fn of_foreign(readings: &[&str]) -> Self {
        let possible = readings.iter().filter(|text| secret::may_be_foreign(text));
        let possible: Vec<Plaintext> = possible
            .map(|text| Plaintext::new((*text).to_owned()))
            .collect();
        if possible.is_empty() {
            Self::Malformed
        } else {
            Self::Foreign(possible)
        }
    }
}

/// What follows `Bearer`, whatever it is, where no other credential was sent.
pub(super) fn bearer(headers: &HeaderMap) -> Option<Plaintext> {
    let mut sent = headers.get_all(AUTHORIZATION);
    let (Some(only), None) = (sent.next(), sent.next()) else {
        return None;
    };
    let (scheme, rest) = text(only)?.split_once(' ')?;
    let is_alone = scheme.eq_ignore_ascii_case("bearer") && !headers.contains_key(API_TOKEN);
    is_alone.then(|| Plaintext::new(rest.trim().to_owned()))
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim)
}

/// No token of ours is base64 of anything: it has an underscore.
fn decoded(text: &str) -> Option<Plaintext> {
    let bytes = STANDARD.decode(text).ok()?;
    String::from_utf8(bytes).ok().map(Plaintext::new)
}

#[cfg(test)]
mod tests {
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
    fn what_may_be_an_older_systems_is_taken_from_the_same_places() {
        let token = "0123:456789abcdef";
        let long_user = STANDARD.encode("a-long-user-name:0123456789abcdef");
        let user = STANDARD.encode("0123456789abcdef:");
        for (name, value, readings) in [
            ("x-api-token", token.to_owned(), &[token][..]),
            ("authorization", format!("Bearer {token}"), &[token]),
            ("authorization", format!("Basic {token}"), &[token]),
            (
                "authorization",
                format!("Basic {user}"),
                &["0123456789abcdef", &user],
            ),
            (
                "authorization",
                format!("Basic {long_user}"),
                &["0123456789abcdef", "a-long-user-name", &long_user],
            ),
        ] {
            let Credential::Foreign(found) = taken(&[(name, &value)]) else {
                panic!("{name}: {value}");
            };
            let found: Vec<&str> = found.iter().map(Plaintext::reveal).collect();
            assert_eq!(found, readings, "{name}: {value}");
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

    #[test]
    fn user_and_password_may_be_one_token_and_not_two() {
        let (secret, other) = (Secret::generate("wxt"), Secret::generate("wxt"));
        let basic = |user: &str, password: &str| {
            let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            taken(&[("authorization", &value)])
        };
        let both = basic(secret.reveal(), secret.reveal());
        assert!(matches!(both, Credential::Token(digest) if digest == secret.digest()));
        let two = basic(secret.reveal(), other.reveal());
        assert!(matches!(two, Credential::Several));
    }
}
