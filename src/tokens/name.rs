//! Token names.

use unicode_normalization::UnicodeNormalization;

/// 1 to 100 characters, without control characters or space at the ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Name(String);

pub const LONGEST: usize = 100;

impl Name {
    /// # Errors
    /// What to do about it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("Enter a name.".to_owned());
        }
        let length = text.chars().count();
        if length > LONGEST {
            return Err(format!(
                "Use at most {LONGEST} characters; these are {length}."
            ));
        }
        if text.chars().any(is_invisible) {
            return Err(
                "Remove the control or invisible characters, such as line breaks.".to_owned(),
            );
        }
        Ok(Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As names are compared.
    #[must_use]
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// Without case and without the difference between characters that look alike by
/// compatibility (NFKC).
#[must_use]
pub fn fold(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

/// Control characters, and those that change how text runs or take no room: with them two
/// names could look the same, or one like another.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(Name::parse("  Okta SCIM ").unwrap().as_str(), "Okta SCIM");
        assert!(Name::parse(&"é".repeat(100)).is_ok());
        for bad in ["", "   ", "a\nb", "a\u{0}b", "a\u{202e}b", &"é".repeat(101)] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_are_compared_without_case_and_composition() {
        assert_eq!(fold("OKTA"), fold("okta"));
        assert_eq!(fold("Caf\u{e9}"), fold("cafe\u{301}"));
        assert_eq!(fold("ＯＫ"), fold("ok"));
        assert_ne!(fold("okta"), fold("okta 2"));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_stays_the_same_when_parsed_again(text in "\\PC{0,120}") {
            if let Ok(name) = Name::parse(&text) {
                prop_assert_eq!(Name::parse(name.as_str()), Ok(name.clone()));
                prop_assert_eq!(fold(&name.folded()), name.folded());
            }
        }
    }
}
