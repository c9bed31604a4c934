//! Finds the most specific of many patterns: part by part from the left, a literal goes before
//! a placeholder, and that before a tail. (Router crates refuse a placeholder beside a tail, as
//! in `/a/{id}/b` and `/a/**`, which a catalogue is full of.)

use std::collections::HashMap;

use super::pattern::{Pattern, Segment, Tail};

/// A tree of the patterns' parts.
#[derive(Debug, Default)]
pub struct Routes {
    literals: HashMap<String, Routes>,
    any: Option<Box<Routes>>,
    /// What has the path that ends here.
    here: Option<usize>,
    /// What has all that is below, and whether also the path that ends here.
    below: Option<(usize, bool)>,
}

/// What a path belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Route {
    pub value: usize,
    /// Whether the path goes on after the pattern's parts.
    pub is_below: bool,
}

impl Routes {
    /// `fold` says how literals are written, to be found by paths that are written so too.
    pub fn insert(&mut self, pattern: &Pattern, fold: impl Fn(&str) -> String, value: usize) {
        let mut node = self;
        for segment in pattern.segments() {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(fold(text)).or_default(),
                Segment::Any => node.any.get_or_insert_default(),
            };
        }
        match pattern.tail() {
            Tail::None => node.here = Some(value),
            Tail::Below => node.below = Some((value, false)),
            Tail::ItselfAndBelow => node.below = Some((value, true)),
        }
    }

    /// Of a path without a slash at its end; the root is the empty path.
    pub fn find(&self, path: &str) -> Option<Route> {
        let Some((segment, rest)) = path.strip_prefix('/').map(first) else {
            return self.end();
        };
        let literal = self.literals.get(segment).and_then(|node| node.find(rest));
        let any = || {
            let node = self.any.as_ref().filter(|_| !segment.is_empty())?;
            node.find(rest)
        };
        let below = || {
            let (value, _) = self.below?;
            Some(Route {
                value,
                is_below: true,
            })
        };
        literal.or_else(any).or_else(below)
    }

    fn end(&self) -> Option<Route> {
        let itself = self.below.filter(|(_, itself)| *itself);
        let value = self.here.or(itself.map(|(value, _)| value))?;
        Some(Route {
            value,
            is_below: false,
        })
    }
}

/// The first part, and the rest with the slash before it.
fn first(path: &str) -> (&str, &str) {
    path.split_at(path.find('/').unwrap_or(path.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn routes(patterns: &[Pattern]) -> Routes {
        let mut routes = Routes::default();
        for (value, pattern) in patterns.iter().enumerate() {
            routes.insert(pattern, str::to_owned, value);
        }
        routes
    }

    #[test]
    fn the_most_specific_pattern_wins() {
        let patterns = [
            "/api/**",
            "/api/a/{id}/x",
            "/api/a/t/**",
            "/api/a/t",
            "/api/a/{id}",
            "/b/{*rest}",
        ]
        .map(|text| Pattern::parse(text).unwrap());
        let routes = routes(&patterns);
        let found = |path| routes.find(path).map(|route| (route.value, route.is_below));
        for (path, expected) in [
            ("/api", Some((0, false))),
            ("/api/a", Some((0, true))),
            ("/api/a/1", Some((4, false))),
            ("/api/a/1/x", Some((1, false))),
            ("/api/a/1/y", Some((0, true))),
            ("/api/a/t", Some((3, false))),
            ("/api/a/t/x", Some((2, true))),
            ("/api/a/t/y/z", Some((2, true))),
            ("/api/a//x", Some((0, true))),
            ("/b", None),
            ("/b/c", Some((5, true))),
            ("/apiary", None),
            ("", None),
        ] {
            assert_eq!(found(path), expected, "{path}");
        }
    }

    /// The same by trying all patterns one by one.
    fn naive(patterns: &[Pattern], path: &str) -> Option<usize> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let fits = |pattern: &Pattern| {
            let own = pattern.segments();
            let enough = match pattern.tail() {
                Tail::None => parts.len() == own.len(),
                Tail::Below => parts.len() > own.len(),
                Tail::ItselfAndBelow => parts.len() >= own.len(),
            };
            enough
                && own.iter().zip(&parts).all(|(segment, part)| match segment {
                    Segment::Literal(text) => text == part,
                    Segment::Any => !part.is_empty(),
                })
        };
        // Compared part by part, the smaller is the more specific.
        let rank = |pattern: &Pattern| -> Vec<u8> {
            let own = pattern.segments().iter();
            let mut rank: Vec<u8> = own
                .map(|segment| u8::from(*segment == Segment::Any))
                .collect();
            if pattern.tail() != Tail::None {
                rank.push(2);
            }
            rank
        };
        let fitting = patterns
            .iter()
            .enumerate()
            .filter(|(_, pattern)| fits(pattern));
        fitting
            .min_by_key(|(_, pattern)| rank(pattern))
            .map(|(value, _)| value)
    }

    fn pattern() -> impl Strategy<Value = Pattern> {
        let part = prop::sample::select(vec!["a", "b", "{x}", "{y}"]);
        let tail = prop::sample::select(vec!["", "/**", "/{*rest}"]);
        (prop::collection::vec(part, 1..4), tail).prop_map(|(parts, tail)| {
            Pattern::parse(&format!("/{}{tail}", parts.join("/"))).unwrap()
        })
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_trying_all_finds(
            drawn in prop::collection::vec(pattern(), 0..12),
            parts in prop::collection::vec(prop::sample::select(vec!["a", "b", "c", ""]), 1..5),
        ) {
            let mut patterns: Vec<Pattern> = Vec::new();
            for pattern in drawn {
                if !patterns.iter().any(|known| known.conflicts_with(&pattern)) {
                    patterns.push(pattern);
                }
            }
            let path = format!("/{}", parts.join("/"));
            let path = path.trim_end_matches('/');
            let found = routes(&patterns).find(path).map(|route| route.value);
            prop_assert_eq!(found, naive(&patterns, path), "{} in {:?}", path, patterns);
        }
    }
}
