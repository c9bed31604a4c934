//! The form of a secret: `<prefix>_`, 32 random characters of base62 (190 bits) and 6 of
//! base62 CRC-32 over all that comes before. Scanners find it with one regular expression,
//! and what was mistyped or cut off is refused without a lookup.

use std::ops::RangeInclusive;

use crate::secret::{Digest, Plaintext};

/// How long the secret of an older system is: one that is shorter is soon guessed, and a longer one
/// is none.
pub const FOREIGN: RangeInclusive<usize> = 8..=2048;
/// With fewer characters it may be guessed by whoever asks often enough.
pub const LONG: usize = 16;

const RANDOM: usize = 32;
const CHECKSUM: usize = 6;
const DISPLAY: usize = 8;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new secret, until it is revealed.
#[derive(Debug)]
pub struct Secret(Plaintext);

impl Secret {
    /// `prefix` is 2 to 12 of a-z and 0-9.
    #[must_use]
    pub fn generate(prefix: &str) -> Self {
        let random = Plaintext::random(RANDOM);
        let body = format!("{prefix}_{}", random.reveal());
        let checksum = checksum(&body).map(char::from);
        Self(Plaintext::new(body + &String::from_iter(checksum)))
    }

    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0.digest()
    }

    /// Its first 8 characters, by which people recognise it.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.0.reveal()[..DISPLAY]
    }

    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl From<Secret> for Plaintext {
    fn from(secret: Secret) -> Self {
        secret.0
    }
}

/// The digest of what a client sent, if it has the form of a secret and its checksum is right.
#[must_use]
pub fn digest_of(presented: &str) -> Option<Digest> {
    is_well_formed(presented).then(|| Digest::of(presented))
}

/// Whether it may be the secret of an older system: visible characters of ASCII, without spaces.
#[must_use]
pub fn may_be_foreign(presented: &str) -> bool {
    FOREIGN.contains(&presented.len()) && presented.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The digest of what may be a secret, ours or an older system's.
#[must_use]
pub fn any_digest_of(presented: &str) -> Option<Digest> {
    may_be_foreign(presented).then(|| Digest::of(presented))
}

/// Whether a whole secret stands somewhere in the text.
#[must_use]
pub fn is_in(text: &str) -> bool {
    words(text).any(is_well_formed)
}

/// The first 8 characters of what is, or is half of, a secret somewhere in the text: what may be
/// shown and searched for where one was pasted by mistake.
#[must_use]
pub fn display_of(text: &str) -> Option<&str> {
    words(text).find_map(|word| {
        let (prefix, rest) = word.split_once('_')?;
        let like_one = is_prefix(prefix)
            && rest.len() >= RANDOM / 2
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        like_one.then(|| &word[..DISPLAY])
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

fn is_well_formed(text: &str) -> bool {
    let Some((prefix, rest)) = text.split_once('_') else {
        return false;
    };
    is_prefix(prefix)
        && rest.len() == RANDOM + CHECKSUM
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.as_bytes()[text.len() - CHECKSUM..] == checksum(&text[..text.len() - CHECKSUM])
}

fn is_prefix(text: &str) -> bool {
    (2..=12).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// 62⁶ is more than 2³²: the CRC fits, with zeros in front.
fn checksum(body: &str) -> [u8; CHECKSUM] {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [0; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[rest % 62];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_generated_secret_has_the_documented_form() {
        let secret = Secret::generate("wxt");
        let text = secret.reveal();
        assert_eq!(text.len(), 3 + 1 + 32 + 6);
        assert!(text.starts_with("wxt_"));
        assert_eq!(secret.display(), &text[..8]);
        assert_eq!(digest_of(text), Some(secret.digest()));
        assert_ne!(Secret::generate("wxt").reveal(), text);
    }

    #[test]
    fn a_checksum_is_the_same_for_ever() {
        // CRC-32 of "123456789" is 0xCBF43926 (the check value of its catalogue entry).
        assert_eq!(checksum("123456789"), *b"3jZRME");
    }

    #[test]
    fn what_is_ours_and_what_may_be_foreign_is_told_by_its_form() {
        let ours = Secret::generate("wxt");
        assert!(any_digest_of(ours.reveal()) == Some(ours.digest()));
        for foreign in [
            "01234567",
            "sk-live/+=.~:16?",
            &ours.reveal()[..40],
            &"x".repeat(2048),
        ] {
            assert!(digest_of(foreign).is_none() && may_be_foreign(foreign));
        }
        for neither in [
            "",
            "0123456",
            "0123456789abcdef 0",
            "0123456789abcdefé",
            "0123456789abcdef\u{7f}",
            &"x".repeat(2049),
        ] {
            assert!(any_digest_of(neither).is_none(), "{neither:?}");
        }
    }

    #[test]
    fn a_pasted_secret_is_known_as_one() {
        let secret = Secret::generate("prod");
        assert_eq!(display_of(secret.reveal()), Some(secret.display()));
        assert_eq!(display_of("okta_scim"), None);
        assert_eq!(display_of("wxt_aBcD"), None);
    }

    proptest! {
        #[test]
        fn one_changed_character_is_noticed(at in 0..42_usize, to in "[0-9A-Za-z_é]") {
            let secret = Secret::generate("wxt");
            let mut changed: Vec<String> = secret.reveal().chars().map(String::from).collect();
            prop_assume!(changed[at] != to);
            changed[at] = to;
            prop_assert_eq!(digest_of(&changed.concat()), None);
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC*") {
            let _ = (digest_of(&text), display_of(&text));
        }
    }
}
