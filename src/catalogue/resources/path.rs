//! From a request's target to the path that resources are found by.
//!
//! The gate decides about a path that somebody else acts on, as it was sent: nginx decodes it,
//! merges its slashes and follows its dots; Node and PHP see it raw; Go and Spring are between
//! the two. So a path is not just normalised. What servers are known to cut differently is
//! refused, and of the rest every reading is kept: [`Resources::find`] wants all of them to
//! need the same scope.
//!
//! [`Resources::find`]: super::Resources::find

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// In bytes; what is longer is no path of an API.
const LONGEST: usize = 4096;

/// Why a path, or a method with it, has no one meaning.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Ambiguity {
    #[error("the path does not begin with /")]
    Relative,
    #[error("the path is longer than 4,096 bytes")]
    TooLong,
    #[error("the path holds a character that belongs to no path")]
    ForeignCharacter,
    #[error("the path holds a semicolon, whose parameters some servers cut off")]
    Parameters,
    #[error("the path holds a percent sign without two hexadecimal digits after it")]
    BrokenEncoding,
    #[error("the path holds an encoded delimiter or control character")]
    EncodedDelimiter,
    #[error("the path is encoded twice")]
    DoubleEncoding,
    #[error("the path is not UTF-8 when it is decoded")]
    NotUtf8,
    #[error("the path holds a character that some servers take for a delimiter")]
    Lookalike,
    #[error("the path holds an encoded dot segment")]
    EncodedDots,
    #[error("the path leads above its root")]
    AboveRoot,
    #[error("a part of the path ends in a dot or space, which some servers drop")]
    TrailingDot,
    #[error(
        "the path means one thing or another, by the order in which dots and slashes are removed"
    )]
    Order,
    #[error("servers that read the path differently would need different scopes for it")]
    Readings,
    #[error("servers that put the method in upper case would need another scope for it")]
    MethodCase,
}

/// A path and its readings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path<'a> {
    normal: Cow<'a, str>,
    others: Vec<Cow<'a, str>>,
}

impl<'a> Path<'a> {
    /// From the target as a request line has it (RFC 9112, section 3.2.1): a path, and perhaps
    /// a query, which is cut off. A clean path is not copied.
    ///
    /// # Errors
    /// Why nobody can say what the path means.
    pub fn parse(target: &'a str) -> Result<Self, Ambiguity> {
        let raw = target.split('?').next().unwrap_or_default();
        check_raw(raw)?;
        let decoded = decode(raw)?;
        check_decoded(raw, &decoded)?;
        let (normal, unmerged) = tidy(&decoded)?;
        let mut others: Vec<_> = unmerged.map(Cow::Owned).into_iter().collect();
        if decoded != raw {
            let (tidied, unmerged) = tidy(raw)?;
            if tidied != raw {
                others.push(Cow::Owned(tidied.into_owned()));
            }
            others.extend(unmerged.map(Cow::Owned));
            others.push(Cow::Borrowed(raw));
        }
        if normal != decoded {
            others.push(Cow::Owned(decoded.clone().into_owned()));
        }
        let normal = match normal {
            Cow::Owned(tidied) => Cow::Owned(tidied),
            Cow::Borrowed(_) => decoded,
        };
        Ok(Self { normal, others })
    }

    /// Decoded, without dot segments and empty ones. Beginning with `/`, and ending in it only
    /// where the path that was sent does.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.normal
    }

    /// The path as it is, and all that a server could see in its place. With slashes at the end
    /// or without is the same.
    pub fn readings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.normal)
            .chain(&self.others)
            .map(|reading| reading.trim_end_matches('/'))
    }
}

/// Only what RFC 3986 has in paths (`pchar` and `/`), and no semicolon.
fn check_raw(raw: &str) -> Result<(), Ambiguity> {
    if !raw.starts_with('/') {
        return Err(Ambiguity::Relative);
    }
    if raw.len() > LONGEST {
        return Err(Ambiguity::TooLong);
    }
    let is_pchar = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@%/".contains(&b);
    match raw.bytes().find(|b| !is_pchar(*b)) {
        Some(b';') => Err(Ambiguity::Parameters),
        Some(_) => Err(Ambiguity::ForeignCharacter),
        None => Ok(()),
    }
}

fn decode(raw: &str) -> Result<Cow<'_, str>, Ambiguity> {
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, after @ ..] = rest else {
            return Err(Ambiguity::BrokenEncoding);
        };
        bytes.push(hexadecimal(*high)? << 4 | hexadecimal(*low)?);
        rest = after;
        match bytes.last() {
            Some(b'%') => return Err(Ambiguity::DoubleEncoding),
            Some(b'/' | b'\\' | b';' | b'?' | b'#' | ..=0x1f | 0x7f) => {
                return Err(Ambiguity::EncodedDelimiter);
            }
            _ => {}
        }
    }
    // Overlong forms and surrogates are not UTF-8 either.
    let text = String::from_utf8(bytes).map_err(|_| Ambiguity::NotUtf8)?;
    Ok(Cow::Owned(text))
}

fn hexadecimal(digit: u8) -> Result<u8, Ambiguity> {
    let digit = char::from(digit).to_digit(16);
    digit
        .and_then(|digit| u8::try_from(digit).ok())
        .ok_or(Ambiguity::BrokenEncoding)
}

fn check_decoded(raw: &str, decoded: &str) -> Result<(), Ambiguity> {
    if decoded.chars().any(|c| !c.is_ascii() && is_lookalike(c)) {
        return Err(Ambiguity::Lookalike);
    }
    for (sent, segment) in raw.split('/').zip(decoded.split('/')) {
        if matches!(segment, "." | "..") {
            if sent != segment {
                return Err(Ambiguity::EncodedDots);
            }
        } else if segment.ends_with(['.', ' ']) {
            return Err(Ambiguity::TrailingDot);
        }
    }
    Ok(())
}

/// A control character, or one that becomes a delimiter where text is made compatible (NFKC).
fn is_lookalike(c: char) -> bool {
    c.is_control()
        || std::iter::once(c)
            .nfkc()
            .any(|c| matches!(c, '/' | '\\' | '.' | '%' | ';' | '?' | '#'))
}

/// Without empty segments and dot segments (RFC 3986, section 5.2.4). A slash at the end stays. And
/// what is left by who removes the dot segments alone, where that is neither this nor the path.
fn tidy(path: &str) -> Result<(Cow<'_, str>, Option<String>), Ambiguity> {
    let odd = |segment: &str| matches!(segment, "" | "." | "..");
    let inner = path[1..].strip_suffix('/').unwrap_or(&path[1..]);
    if path == "/" || !inner.split('/').any(odd) {
        return Ok((Cow::Borrowed(path), None));
    }
    // nginx and Go merge the slashes first, RFC 3986 knows of no merging.
    let merged = without_dots(path[1..].split('/').filter(|segment| !segment.is_empty()))?;
    let mut unmerged = without_dots(path[1..].split('/'))?;
    let kept = format!("/{}", unmerged.join("/"));
    unmerged.retain(|segment| !segment.is_empty());
    if merged != unmerged {
        return Err(Ambiguity::Order);
    }
    let is_folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    let end = if is_folder && !merged.is_empty() {
        "/"
    } else {
        ""
    };
    let tidied = format!("/{}{end}", merged.join("/"));
    let kept = Some(kept).filter(|kept| *kept != tidied && kept != path);
    Ok((Cow::Owned(tidied), kept))
}

fn without_dots<'p>(segments: impl Iterator<Item = &'p str>) -> Result<Vec<&'p str>, Ambiguity> {
    let mut kept = Vec::new();
    for segment in segments {
        match segment {
            "." => {}
            ".." => drop(kept.pop().ok_or(Ambiguity::AboveRoot)?),
            segment => kept.push(segment),
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(target: &str) -> Result<String, Ambiguity> {
        Path::parse(target).map(|path| path.as_str().to_owned())
    }

    #[test]
    fn a_clean_path_stays_as_it_is_and_is_not_copied() {
        for path in [
            "/",
            "/api",
            "/api/",
            "/api/agent-base/42/executions",
            "/a/b:c@d,e=f~g_h",
        ] {
            let parsed = Path::parse(path).unwrap();
            assert_eq!(parsed.as_str(), path);
            assert!(matches!(parsed.normal, Cow::Borrowed(_)) && parsed.others.is_empty());
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_and_what_is_empty_or_a_dot_removed() {
        for (target, expected) in [
            ("/api?x=/../y", "/api"),
            ("/%61pi/%7Eme", "/api/~me"),
            ("/files/My%20File%2Bx.pdf", "/files/My File+x.pdf"),
            ("/caf%C3%A9/%F0%9F%9A%80", "/café/🚀"),
            ("//api///me//", "/api/me/"),
            ("/./api/./me/.", "/api/me/"),
            ("/api/x/../me", "/api/me"),
            ("/api/x/..", "/api/"),
            ("/api/..", "/"),
            ("/.well-known/x", "/.well-known/x"),
            ("/a/...b", "/a/...b"),
        ] {
            assert_eq!(normal(target), Ok(expected.to_owned()), "{target}");
        }
    }

    #[test]
    fn what_servers_cut_differently_is_refused() {
        use Ambiguity::*;
        for (target, why) in [
            ("", Relative),
            ("*", Relative),
            ("api", Relative),
            ("?x", Relative),
            ("http://host/api", Relative),
            ("/api/a\\b", ForeignCharacter),
            ("/api/..\\me", ForeignCharacter),
            ("/api#/../me", ForeignCharacter),
            ("/api me", ForeignCharacter),
            ("/api\r\nX: y", ForeignCharacter),
            ("/api\0", ForeignCharacter),
            ("/café", ForeignCharacter),
            ("/api/{id}", ForeignCharacter),
            ("/api;x=1/me", Parameters),
            ("/api/..;/me", Parameters),
            ("/api/me;.css", Parameters),
            ("/api%", BrokenEncoding),
            ("/api%4", BrokenEncoding),
            ("/api%zz", BrokenEncoding),
            ("/api/%u002e%u002e/me", BrokenEncoding),
            ("/api/%+1", BrokenEncoding),
            ("/api%2Fme", EncodedDelimiter),
            ("/api/..%2fme", EncodedDelimiter),
            ("/api%5cme", EncodedDelimiter),
            ("/api/me%3Bx", EncodedDelimiter),
            ("/api/me%3Fx", EncodedDelimiter),
            ("/api/me%23", EncodedDelimiter),
            ("/api/me%00.png", EncodedDelimiter),
            ("/api/me%0d%0aX:y", EncodedDelimiter),
            ("/api/me%7f", EncodedDelimiter),
            ("/api/%252e%252e/me", DoubleEncoding),
            ("/api%252fme", DoubleEncoding),
            ("/100%25", DoubleEncoding),
            ("/api/%c0%ae%c0%ae/me", NotUtf8),
            ("/api%c0%afme", NotUtf8),
            ("/api/%e0%80%af", NotUtf8),
            ("/api/%ed%a0%80", NotUtf8),
            ("/api/%f8%80%80%80%af", NotUtf8),
            ("/api/%ff", NotUtf8),
            ("/api/%c2%85", Lookalike),
            ("/api%ef%bc%8fme", Lookalike),
            ("/api%ef%bc%bcme", Lookalike),
            ("/api/%ef%bc%8e%ef%bc%8e/me", Lookalike),
            ("/api/%e2%80%a5/me", Lookalike),
            ("/api/%ef%bc%85/me", Lookalike),
            ("/api/%2e%2e/me", EncodedDots),
            ("/api/.%2e/me", EncodedDots),
            ("/api/%2e/me", EncodedDots),
            ("/..", AboveRoot),
            ("/api/../../me", AboveRoot),
            ("/api/me.", TrailingDot),
            ("/api/me.../x", TrailingDot),
            ("/api/me%20", TrailingDot),
            ("/api/me%20/x", TrailingDot),
            ("/api//../me", Order),
            ("/api/x//../../me", Order),
        ] {
            assert_eq!(normal(target), Err(why), "{target}");
        }
        assert_eq!(normal(&format!("/{}", "a".repeat(LONGEST))), Err(TooLong));
    }

    #[test]
    fn all_that_a_server_could_see_is_kept() {
        let path = Path::parse("/api//%6De/./x/").unwrap();
        let readings: Vec<&str> = path.readings().collect();
        assert_eq!(
            readings,
            [
                "/api/me/x",
                "/api//me/x",
                "/api/%6De/x",
                "/api//%6De/x",
                "/api//%6De/./x",
                "/api//me/./x"
            ]
        );
    }

    /// What an attacker tries, piece by piece.
    pub fn target() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => Just("/".to_owned()),
            2 => prop::sample::select(vec![
                ".", "..", "//", "%2e", "%2E.", "%2f", "%5c", "\\", ";", "%3b", "%25", "%2525", "%00",
                "%c0%ae", "%ef%bc%8f", "%20", "?", "#", "%", "API", "api", "me", "%6d", "storage",
            ]).prop_map(str::to_owned),
            1 => "[a-zA-Z0-9._~%/-]{0,4}",
            1 => "\\PC{0,2}",
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_normal(target in target()) {
            if let Ok(path) = Path::parse(&target) {
                let normal = path.as_str();
                prop_assert!(normal.starts_with('/'));
                prop_assert!(!normal.contains("//") && !normal.contains(['%', '\\', ';', '?', '#']));
                prop_assert!(normal.split('/').all(|segment| !matches!(segment, "." | "..")));
                prop_assert!(!normal.chars().any(char::is_control));
            }
        }

        #[test]
        fn normalising_twice_is_normalising_once(target in target()) {
            if let Ok(path) = Path::parse(&target) {
                // What was decoded is no target any more, unless it is of the same characters.
                if let Ok(again) = Path::parse(path.as_str()) {
                    prop_assert_eq!(again.as_str(), path.as_str());
                    prop_assert!(again.others.is_empty());
                } else {
                    prop_assert!(!path.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'/'));
                }
            }
        }

        #[test]
        fn nothing_panics(target in "\\PC*|[/.%2ef5c;]*") {
            let _ = Path::parse(&target);
        }
    }
}
