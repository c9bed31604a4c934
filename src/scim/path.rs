//! Attribute names as clients write them: `userName`, `name.givenName`,
//! `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department` (RFC 7644,
//! section 3.10). What there is at a path, the schema says.

use std::fmt;

/// Bytes of the longest path.
const LONGEST: usize = 300;

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path {
    /// The URI before the last colon.
    pub schema: Option<String>,
    pub attribute: String,
    pub sub: Option<String>,
}

impl Path {
    /// `None` for what can be no attribute's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (schema, name) = match text.rsplit_once(':') {
            Some((schema, name)) if is_urn(schema) => (Some(schema.to_owned()), name),
            Some(_) => return None,
            None => (None, text),
        };
        let (attribute, sub) = match name.split_once('.') {
            Some((attribute, sub)) => (attribute, Some(sub)),
            None => (name, None),
        };
        (is_name(attribute) && sub.is_none_or(is_name)).then(|| Self {
            schema,
            attribute: attribute.to_owned(),
            sub: sub.map(str::to_owned),
        })
    }

    /// Without the sub-attribute.
    #[must_use]
    pub fn whole(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}:{}", self.attribute),
            None => self.attribute.clone(),
        }
    }
}

/// What may stand in a path, and in no operator or literal next to it.
#[must_use]
pub fn is_path_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$' | '.' | ':')
}

fn is_urn(text: &str) -> bool {
    let is_long_enough = text.len() > 4 && text.is_char_boundary(4);
    is_long_enough && text[..4].eq_ignore_ascii_case("urn:") && text.chars().all(is_path_char)
}

/// `$ref` begins unlike all others.
fn is_name(text: &str) -> bool {
    let rest = text.strip_prefix('$').unwrap_or(text);
    rest.starts_with(|c: char| c.is_ascii_alphabetic())
        && rest
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole())?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart_at_the_last_colon_and_the_first_dot_behind_it() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let path = Path::parse(&format!("{urn}:manager.value")).unwrap();
        assert_eq!(path.schema.as_deref(), Some(urn));
        assert_eq!(
            (&*path.attribute, path.sub.as_deref()),
            ("manager", Some("value"))
        );
        assert_eq!(path.to_string(), format!("{urn}:manager.value"));
        assert_eq!(
            Path::parse("members.$ref").unwrap().sub.as_deref(),
            Some("$ref")
        );
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for bad in [
            "", ".", "a.", ".a", "a.b.c", "1a", "a b", "a:b", "urn:", "urn::", "$", "ä",
        ] {
            assert_eq!(Path::parse(bad), None, "{bad:?}");
        }
        assert_eq!(Path::parse(&"a".repeat(LONGEST + 1)), None);
    }
}
