//! The code that the server prints until somebody has set it up. It is made from the
//! installation's key: the same at each start and on each instance, and stored nowhere.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::Digest;

/// 20 characters of hexadecimal: 80 bits.
///
/// # Panics
/// Never: HMAC takes keys of any length.
#[must_use]
pub fn setup_code(site_key: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(site_key).expect("a key of any length");
    mac.update(b"setup code");
    let code = mac.finalize().into_bytes();
    code[..10].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares in constant time; spaces around a pasted code do not matter.
#[must_use]
pub fn is_setup_code(site_key: &[u8], given: &str) -> bool {
    Digest::of(given.trim()) == Digest::of(&setup_code(site_key))
}
