//! Token names.

use super::secret;
use crate::web::text::{fold, parse_name};

/// 1 to 100 visible characters, without space at the ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Name(String);

pub const LONGEST: usize = 100;
/// In bytes, as compared: one character can stand for eighteen, and indexes have an end.
const LONGEST_FOLDED: usize = 1000;

impl Name {
    /// # Errors
    /// What to do about it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = parse_name(text, LONGEST)?;
        if secret::is_in(&name) {
            return Err(
                "This holds a token's secret, which would be kept for everyone to see. Name the \
                 token after what will use it, and rotate the token whose secret this is."
                    .to_owned(),
            );
        }
        if fold(&name).len() > LONGEST_FOLDED {
            return Err("Write the ligatures and squared words in single letters.".to_owned());
        }
        Ok(Self(name))
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
    fn what_looks_short_and_is_long_is_refused() {
        assert!(Name::parse(&"\u{fdfa}".repeat(100)).is_err());
        assert!(Name::parse(&"𠀀".repeat(100)).is_ok());
    }

    #[test]
    fn a_secret_is_no_name() {
        let secret = crate::tokens::Secret::generate("wxt");
        let pasted = format!("Bearer {}.", secret.reveal());
        assert!(Name::parse(&pasted).is_err());
        assert!(Name::parse(&pasted[..40]).is_ok());
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
