//! What was asked of the proxy.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use chrono::NaiveDate;

/// The headers by which proxies say it: Traefik and Caddy, nginx.
const HEADERS: [(&str, &str); 2] = [
    ("x-forwarded-method", "x-forwarded-uri"),
    ("x-original-method", "x-original-uri"),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Original<'a> {
    Request {
        method: &'a str,
        target: &'a str,
        /// The tool of an MCP server, if it says that it calls one.
        tool: Option<&'a str>,
    },
    Nothing,
    /// Headers say it of which the proxy can only have set some.
    Contradictory,
    /// Headers say it that anybody may have set.
    Untrusted,
}

impl<'a> Original<'a> {
    /// Both kinds of headers at once are one that the proxy set, and one that the client did.
    #[must_use]
    pub fn of_headers(headers: &'a HeaderMap) -> Self {
        let mut found = Self::Nothing;
        for (method, uri) in HEADERS {
            let one = match (one(headers, method), one(headers, uri)) {
                (Some(Ok(method)), Some(Ok(target))) => Self::request(headers, method, target),
                (None, None) => continue,
                _ => Self::Contradictory,
            };
            found = if found == Self::Nothing {
                one
            } else {
                Self::Contradictory
            };
        }
        found
    }

    /// Whoever sent them is nobody whose word counts.
    #[must_use]
    pub fn untrusted(headers: &HeaderMap) -> Self {
        let mut names = HEADERS.iter().flat_map(|(method, uri)| [method, uri]);
        if names.any(|name| headers.contains_key(*name)) {
            Self::Untrusted
        } else {
            Self::Nothing
        }
    }

    #[must_use]
    pub fn of_path(request: &'a HttpRequest, target: &'a str) -> Self {
        Self::request(request.headers(), request.method().as_str(), target)
    }

    fn request(headers: &'a HeaderMap, method: &'a str, target: &'a str) -> Self {
        match tool(headers) {
            Ok(tool) => Self::Request {
                method,
                target,
                tool,
            },
            Err(()) => Self::Contradictory,
        }
    }
}

/// The first version of MCP whose servers refuse what says one thing in headers and another in its
/// body, which the gate never sees. Versions are dates.
const COMPARING: &str = "2026-07-28";

/// What a client of an MCP server says that it calls. Other calls than those of tools have names
/// too.
fn tool(headers: &HeaderMap) -> Result<Option<&str>, ()> {
    let [version, method, name] = ["mcp-protocol-version", "mcp-method", "mcp-name"]
        .map(|name| one(headers, name).transpose());
    let is_compared = version?.is_some_and(|version| is_date(version) && version >= COMPARING);
    let is_call = method?.is_some_and(|method| method == "tools/call");
    Ok(name?.filter(|_| is_compared && is_call))
}

/// Else any word that stands behind a date would be a newer version.
fn is_date(text: &str) -> bool {
    text.len() == COMPARING.len() && text.parse::<NaiveDate>().is_ok()
}

/// The one value; an error if it is several or no text.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<Result<&'a str, ()>> {
    let mut values = headers.get_all(name);
    let value = values.next()?;
    if values.next().is_some() {
        return Some(Err(()));
    }
    Some(value.to_str().map_err(|_| ()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn found(sent: &[(&'static str, &'static str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        match Original::of_headers(&headers) {
            Original::Request {
                method,
                target,
                tool: None,
            } => format!("{method} {target}"),
            Original::Request { tool, .. } => format!("{tool:?}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn each_proxys_headers_are_understood_and_mixed_ones_are_not() {
        let traefik = [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/a?b")];
        let nginx = [("x-original-method", "PUT"), ("x-original-uri", "/c")];
        assert_eq!(found(&[]), "Nothing");
        assert_eq!(found(&traefik), "GET /a?b");
        assert_eq!(found(&nginx), "PUT /c");
        assert_eq!(found(&[traefik, nginx].concat()), "Contradictory");
        assert_eq!(found(&[traefik[0], nginx[1]]), "Contradictory");
        assert_eq!(found(&traefik[1..]), "Contradictory");
        assert_eq!(found(&nginx[1..]), "Contradictory");
        let twice = [nginx[0], nginx[1], ("x-original-uri", "/d")];
        assert_eq!(found(&twice), "Contradictory");
    }

    #[test]
    fn a_call_of_a_tool_says_so() {
        let to = [("x-original-method", "POST"), ("x-original-uri", "/mcp")];
        let found = |sent: &[(&'static str, &'static str)]| found(&[&to[..], sent].concat());
        let (name, call) = (("mcp-name", "get_widget"), ("mcp-method", "tools/call"));
        let version = |date| ("mcp-protocol-version", date);
        let now = version("2026-07-28");
        assert_eq!(found(&[now, call, name]), "Some(\"get_widget\")");
        assert_eq!(
            found(&[version("2027-01-01"), call, name]),
            "Some(\"get_widget\")"
        );
        for sent in [
            &[name][..],
            &[call, name],
            &[version("2025-11-25"), call, name],
            &[version("1"), call, name],
            &[version("9"), call, name],
            &[version("draft"), call, name],
            &[version("2026-8-01"), call, name],
            &[version("2027-13-01"), call, name],
            &[now, name],
            &[now, ("mcp-method", "prompts/get"), name],
            &[now, ("mcp-method", "tools/list")],
        ] {
            assert_eq!(found(sent), "POST /mcp", "{sent:?}");
        }
        for again in [("mcp-name", "delete_widget"), call, now] {
            assert_eq!(found(&[now, call, name, again]), "Contradictory");
        }
    }
}
