//! The paths that a resource covers, as administrators write them.

use std::fmt;

const LONGEST: usize = 200;
const MOST_SEGMENTS: usize = 20;

/// `/api/agent-base/{id}/executions`, `/scim/v2/{*rest}` or `/api/agent-base/**`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern {
    text: String,
    segments: Vec<Segment>,
    tail: Tail,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Segment {
    Literal(String),
    /// `{id}`: any one.
    Any,
}

/// What a pattern covers beyond its segments.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tail {
    /// The path itself, and nothing below it.
    None,
    /// `/{*rest}`: everything below the path, but not the path itself.
    Below,
    /// `/**`: both.
    ItselfAndBelow,
}

impl Pattern {
    /// # Errors
    /// What to do about it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let length = text.chars().count();
        let text = text.trim();
        let Some(path) = text.strip_prefix('/') else {
            return Err("Begin with /, such as /api/agent-base/**.".to_owned());
        };
        if length > LONGEST {
            return Err(format!("Use at most {LONGEST} characters."));
        }
        if path.starts_with('/') {
            return Err("Write one / between two parts.".to_owned());
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        let (path, tail) = split_tail(path);
        let segments: Vec<Segment> = match path {
            "" => Vec::new(),
            path => path.split('/').map(segment).collect::<Result<_, _>>()?,
        };
        if segments.len() > MOST_SEGMENTS {
            return Err(format!("Use at most {MOST_SEGMENTS} parts."));
        }
        let text = match text {
            "/" => text,
            text => text.trim_end_matches('/'),
        };
        Ok(Self {
            text: text.to_owned(),
            segments,
            tail,
        })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    #[must_use]
    pub fn tail(&self) -> Tail {
        self.tail
    }

    /// Whether nothing tells which of the two a path belongs to: they are equally specific, and
    /// meet. Case counts for nothing, as it counts for nothing on some servers.
    #[must_use]
    pub fn conflicts_with(&self, other: &Self) -> bool {
        (self.tail == Tail::None) == (other.tail == Tail::None)
            && self.segments.len() == other.segments.len()
            && self
                .segments
                .iter()
                .zip(&other.segments)
                .all(|pair| match pair {
                    (Segment::Literal(one), Segment::Literal(other)) => {
                        one.eq_ignore_ascii_case(other)
                    }
                    (one, other) => one == other,
                })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn split_tail(path: &str) -> (&str, Tail) {
    let (parent, last) = path.rsplit_once('/').unwrap_or(("", path));
    let is_rest = last
        .strip_prefix("{*")
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(is_name);
    match last {
        "**" => (parent, Tail::ItselfAndBelow),
        _ if is_rest => (parent, Tail::Below),
        _ => (path, Tail::None),
    }
}

fn segment(text: &str) -> Result<Segment, String> {
    let name = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    if name.is_some_and(is_name) {
        return Ok(Segment::Any);
    }
    if text.is_empty() {
        return Err("Write one / between two parts.".to_owned());
    }
    if text == "**" || text.starts_with("{*") {
        return Err(format!("“{text}” can only stand at the end."));
    }
    if text.contains(['{', '}']) {
        return Err(format!(
            "“{text}”: a placeholder is a whole part, such as /{{id}}/, named with letters, digits, _ and -."
        ));
    }
    if text.contains('*') {
        return Err(
            "End with /** for the path and everything below it, or with /{*rest} for what is \
             below it only."
                .to_owned(),
        );
    }
    if text.ends_with('.') {
        return Err(format!(
            "“{text}” ends in a dot. Such paths are never let through."
        ));
    }
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()+,=:@".contains(&b);
    if !text.bytes().all(is_plain) {
        return Err(format!(
            "“{text}” holds a character that no path has as it is. Write letters, digits and -._~ only."
        ));
    }
    Ok(Segment::Literal(text.to_owned()))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn patterns_are_of_literals_placeholders_and_a_tail() {
        let parsed = pattern(" /api/agent-base/{id}/executions/ ");
        assert_eq!(parsed.as_str(), "/api/agent-base/{id}/executions");
        assert_eq!((parsed.segments().len(), parsed.tail()), (4, Tail::None));
        assert_eq!(parsed.segments()[2], Segment::Any);
        assert_eq!(pattern("/scim/v2/{*rest}").tail(), Tail::Below);
        assert_eq!(pattern("/**").tail(), Tail::ItselfAndBelow);
        assert_eq!(pattern("/").segments(), []);
    }

    #[test]
    fn what_never_matches_or_means_nothing_is_refused() {
        for bad in [
            "",
            "api",
            "/api//x",
            "/api/../x",
            "/api/.",
            "/api/x.",
            "/api/%61",
            "/api/a b",
            "/api/é",
            "/api/a;b",
            "/api/a?b",
            "/api/a#b",
            "/api\\b",
            "/api/*",
            "/api/*.pdf",
            "/api/**/x",
            "/api/{*rest}/x",
            "/api/{}",
            "/api/{a}{b}",
            "/api/x{id}",
            "/api/{a b}",
            "/api/{*}",
            "//",
            "//**",
            "//{*rest}",
        ] {
            assert!(Pattern::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Pattern::parse(&format!("/{}", "a".repeat(LONGEST))).is_err());
        assert!(Pattern::parse(&"/a".repeat(MOST_SEGMENTS + 1)).is_err());
    }

    #[test]
    fn equally_specific_patterns_that_meet_conflict() {
        for (one, other, conflict) in [
            ("/api/{id}", "/api/{name}", true),
            ("/api/{id}/x", "/api/{name}/x/", true),
            ("/API/x", "/api/X", true),
            ("/api/**", "/api/{*rest}", true),
            ("/api", "/api/**", false),
            ("/api/{id}", "/api/x", false),
            ("/api/{id}/x", "/api/x/{id}", false),
            ("/api/{id}/executions", "/api/triggers/**", false),
            ("/api/{id}", "/api/{*rest}", false),
            ("/api/**", "/api/x/**", false),
        ] {
            assert_eq!(
                pattern(one).conflicts_with(&pattern(other)),
                conflict,
                "{one} {other}"
            );
            assert_eq!(
                pattern(other).conflicts_with(&pattern(one)),
                conflict,
                "{other} {one}"
            );
        }
    }
}
