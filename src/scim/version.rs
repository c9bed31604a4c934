//! Entity tags (RFC 7644, section 3.14; RFC 9110, section 8.8.3): weak, as they count changes
//! and not bytes.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};

use super::problem;
use crate::web::Error;

#[must_use]
pub fn etag(version: i32) -> String {
    format!("W/\"{version}\"")
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

    /// # Errors
    /// 412 if the resource has changed since.
    pub fn check(&self, version: i32) -> Result<(), Error> {
        match &self.wanted {
            Some(wanted) if !is_among(wanted, version) => Err(problem::outdated()),
            _ => Ok(()),
        }
    }
}

/// Whether the client has this version already.
#[must_use]
pub fn is_known(request: &HttpRequest, version: i32) -> bool {
    tags(request.headers(), &IF_NONE_MATCH).is_some_and(|known| is_among(&known, version))
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
fn is_among(tags: &[String], version: i32) -> bool {
    let opaque = format!("\"{version}\"");
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
            Condition::of(&request.to_http_request()).check(3).is_ok()
        };
        for good in ["W/\"3\"", "\"3\"", "*", "W/\"2\", W/\"3\""] {
            assert!(met(Some(good)), "{good}");
        }
        for bad in ["W/\"2\"", "3", "", "W/3", "\"33\""] {
            assert!(!met(Some(bad)), "{bad}");
        }
        assert!(met(None));
    }
}
