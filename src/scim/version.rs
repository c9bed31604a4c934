//! Entity tags (RFC 7644, section 3.14; RFC 9110, section 8.8.3): weak, as they count changes
//! and not bytes.

use std::fmt;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};

use super::problem;
use crate::secret::Digest;
use crate::web::Error;

/// Which state a resource is in, as it is answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tag(String);

impl Tag {
    /// Of a resource whose changes are all counted.
    #[must_use]
    pub fn of(changes: i32) -> Self {
        Self(changes.to_string())
    }

    /// Of one with which something is answered that is not counted.
    #[must_use]
    pub fn beside(changes: i32, others: &str) -> Self {
        let digest = Digest::of(others);
        let beginning: [u8; 8] = std::array::from_fn(|at| digest.as_bytes()[at]);
        Self(format!("{changes}-{:016x}", u64::from_be_bytes(beginning)))
    }
}

/// As a header and `meta.version` have it.
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W/\"{}\"", self.0)
    }
}

/// What a change requires of the version that it changes.
#[derive(Clone, Debug)]
pub struct Condition {
    /// `None`: whatever version it is.
    wanted: Option<Vec<String>>,
}

impl Condition {
    pub const NONE: Self = Self { wanted: None };

    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        Self {
            wanted: tags(request.headers(), &IF_MATCH),
        }
    }

    /// Whether any version will do.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.wanted.is_none()
    }

    /// # Errors
    /// 412 if the resource has changed since.
    pub fn check(&self, tag: &Tag) -> Result<(), Error> {
        match &self.wanted {
            Some(wanted) if !is_among(wanted, tag) => Err(problem::outdated()),
            _ => Ok(()),
        }
    }
}

/// Whether the client has this version already.
#[must_use]
pub fn is_known(request: &HttpRequest, tag: &Tag) -> bool {
    tags(request.headers(), &IF_NONE_MATCH).is_some_and(|known| is_among(&known, tag))
}

/// `None` without such a header.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<String>> {
    let values = headers
        .get_all(name)
        .map(|it| it.to_str().unwrap_or_default());
    let values: Vec<&str> = values.collect();
    let tags = values.iter().flat_map(|value| value.split(','));
    (!values.is_empty()).then(|| tags.map(|tag| tag.trim().to_owned()).collect())
}

/// Clients that make a strong tag of ours mean the same.
fn is_among(tags: &[String], Tag(opaque): &Tag) -> bool {
    let opaque = format!("\"{opaque}\"");
    tags.iter()
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == opaque)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_change_is_made_to_the_version_that_was_read() {
        let met = |header: Option<&str>| {
            let request = TestRequest::default();
            let request = match header {
                Some(tags) => request.insert_header((IF_MATCH, tags)),
                None => request,
            };
            let condition = Condition::of(&request.to_http_request());
            condition.check(&Tag::of(3)).is_ok()
        };
        for good in ["W/\"3\"", "\"3\"", "*", "W/\"2\", W/\"3\""] {
            assert!(met(Some(good)), "{good}");
        }
        for bad in ["W/\"2\"", "3", "", "W/3", "\"33\""] {
            assert!(!met(Some(bad)), "{bad}");
        }
        assert!(met(None));
    }

    #[test]
    fn what_is_answered_beside_a_resource_makes_another_tag() {
        let [one, other] = ["a", "b"].map(|others| Tag::beside(3, others));
        assert_ne!(one, other);
        assert_eq!(one, Tag::beside(3, "a"));
        assert_ne!(one, Tag::beside(4, "a"));
    }
}
