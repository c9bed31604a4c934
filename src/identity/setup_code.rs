//! The code that the server prints until somebody has set it up. It is made from the
//! installation's key: the same at each start and on each instance, and stored nowhere.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::Digest;

/// 16 characters of the URL's base64: 96 bits.
///
/// # Panics
/// Never: HMAC takes keys of any length.
#[must_use]
pub fn setup_code(site_key: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(site_key).expect("a key of any length");
    mac.update(b"setup code");
    URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..12])
}

/// Compares in constant time; spaces around a pasted code do not matter.
#[must_use]
pub fn is_setup_code(site_key: &[u8], given: &str) -> bool {
    Digest::of(given.trim()) == Digest::of(&setup_code(site_key))
}
