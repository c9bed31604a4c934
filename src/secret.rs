//! Types for what must not leak. None of them can be displayed or serialised, nor a secret be
//! cloned, and `Debug` shows nothing: a template, a log line or an error that
//! tries to print one does not compile, or prints a placeholder.

use std::fmt;
use std::hash::{Hash, Hasher};

use rand::distr::{Alphanumeric, SampleString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

/// A secret in the clear: on its way in from a client, or out in the one
/// response that reveals it.
pub struct Plaintext(Zeroizing<String>);

impl Plaintext {
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// `length` random base62 characters (5.95 bits each) from the operating
    /// system's seeded generator.
    #[must_use]
    pub fn random(length: usize) -> Self {
        Self::new(Alphanumeric.sample_string(&mut rand::rng(), length))
    }

    /// The way out. Every call is a place to look at in a review.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.reveal())
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(…)")
    }
}

/// The SHA-256 of a secret: all that is stored of it. Our secrets have at
/// least 190 random bits, so a slow hash would only slow us down; those of
/// older systems come hashed in this way.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Of something that is no secret, one part after the other.
    #[must_use]
    pub fn of_bytes(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// An ID that nothing else has.
    #[must_use]
    pub fn as_id(&self) -> Uuid {
        let mut id = [0; 16];
        id.copy_from_slice(&self.0[..16]);
        Uuid::from_bytes(id)
    }

    /// `None` unless these are 64 digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// `None` unless these are 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// In constant time.
impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// A password as typed. What makes a good one and how it is hashed is
/// `identity`'s to say.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub struct Password(Zeroizing<String>);

impl Password {
    #[must_use]
    pub fn new(password: String) -> Self {
        Self(Zeroizing::new(password))
    }

    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        let shown = format!(
            "{:?} {:?} {:?}",
            Plaintext::new("hunter2".into()),
            Digest::of("hunter2"),
            Password::new("hunter2".into())
        );
        assert_eq!(shown, "Plaintext(…) Digest(…) Password(…)");
    }

    #[test]
    fn a_digest_is_sha_256() {
        // FIPS 180-4's example, "abc".
        assert_eq!(Digest::of("abc").as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_ne!(Digest::of("abc"), Digest::of("abd"));
    }
}
